/**
 * The file of `--log-file`: it rotates itself by size, and is opened again when something else has renamed it.
 *
 * @module
 */
import { EXIT, ExitError } from "../core/errors.ts";
import { printable } from "../core/text.ts";
import { granted } from "../system/permissions.ts";

/** Size at which a log file is rotated, in bytes. */
const MAX_SIZE = 10 * 1024 * 1024;
/** How many older files are kept: `FILE.1`, the newest, to `FILE.5`. */
const OLD_FILES = 5;

/** A log file, open for as long as the process lives. */
export class LogFile {
  /** Every path that it reads or writes, links followed: the file and its older ones. */
  readonly paths: readonly string[];
  readonly #path: string;
  readonly #maxSize: number;
  readonly #encoder = new TextEncoder();
  #file: Deno.FsFile;
  /** Bytes in the file, as far as this process knows; something else may have truncated it. */
  #size: number;

  /**
   * Opens the file, at its end.
   *
   * @param path Where it is.
   * @param maxSize Size at which it is rotated, in bytes.
   * @throws What opening it fails with.
   */
  constructor(path: string, maxSize: number = MAX_SIZE) {
    this.#path = path;
    this.#maxSize = maxSize;
    this.#file = open(path);
    this.#size = this.#file.statSync().size;
    this.paths = pathsOf(path);
  }

  /** Writes one line, at once. A line that cannot be written, as on a full disk, is lost. */
  write(line: string): void {
    let bytes = this.#encoder.encode(`${line}\n`);
    try {
      if (this.#size + bytes.length > this.#maxSize) this.#makeRoom(bytes.length);
      this.#size += bytes.length;
      while (bytes.length > 0) bytes = bytes.subarray(this.#file.writeSync(bytes));
    } catch {
      // The next line may fit.
    }
  }

  /**
   * Goes on in a file of the same name: the new one, when the old one was renamed.
   *
   * @throws What opening it fails with; the old file is then written on.
   */
  reopen(): void {
    // A link may lead elsewhere now, and the runtime asks for a missing grant on a terminal.
    for (const target of realPath(this.#path)) requireGrants(this.#path, target);
    const file = open(this.#path);
    this.#file.close();
    this.#file = file;
    this.#size = file.statSync().size;
  }

  /** Closes the file; lines are lost after that. */
  close(): void {
    this.#file.close();
  }

  #makeRoom(bytes: number): void {
    this.#size = this.#file.statSync().size;
    if (this.#size === 0 || this.#size + bytes <= this.#maxSize) return;
    // Where the folder cannot be written the file grows on; after as many bytes again this is tried anew.
    this.#size = 0;
    if (!this.#shift()) return;
    try {
      this.reopen();
    } catch {
      // Without a descriptor the renamed file is written on.
    }
  }

  /** Renames the file and its older ones; whether the file's name is free then. */
  #shift(): boolean {
    for (let age = OLD_FILES - 1; age >= 0; age--) {
      const from = age === 0 ? this.#path : older(this.#path, age);
      try {
        Deno.renameSync(from, older(this.#path, age + 1));
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) return false;
      }
    }
    return true;
  }
}

/**
 * Opens the log file that an operator has named.
 *
 * @throws {ExitError} 71 when it cannot be opened, or when a grant is missing; nobody is asked for one.
 */
export function openLogFile(path: string): LogFile {
  const folder = folderOf(path);
  // What a link leads to needs grants of its own, and cannot be looked up without those of the link.
  requireGrants(path, folder);
  for (const real of [...realPath(folder), ...realPath(path)]) requireGrants(path, real);
  try {
    return new LogFile(path);
  } catch (error) {
    const why = error instanceof Error ? error.message.replace(/ \(os error.*$/s, "") : "";
    throw new ExitError(EXIT.os, `balance: cannot write log file ${printable(path)}: ${why}`);
  }
}

/** Fails unless a folder, which rotation renames files in, or a file may be read and written. */
function requireGrants(logFile: string, path: string): void {
  const missing = (["read", "write"] as const).filter((name) => !granted({ name, path }));
  if (missing.length === 0) return;
  const flags = missing.map((name) => `--allow-${name}=${printable(path)}`).join(" ");
  throw new ExitError(
    EXIT.os,
    `balance: no permission to write log file ${printable(logFile)}, needs ${flags}`,
  );
}

function open(path: string): Deno.FsFile {
  return Deno.openSync(path, { append: true, create: true });
}

function older(path: string, age: number): string {
  return `${path}.${age}`;
}

/** The file and its older ones, also with the links to their folder followed, and what a link as the file leads to. */
function pathsOf(path: string): string[] {
  const ages = Array.from({ length: OLD_FILES }, (_, age) => age + 1);
  const names = [
    path,
    ...realPath(folderOf(path)).map((folder) => `${folder === "/" ? "" : folder}/${nameOf(path)}`),
  ];
  const all = names.flatMap((name) => [name, ...ages.map((age) => older(name, age))]);
  return [...new Set([...all, ...realPath(path)])];
}

function folderOf(path: string): string {
  const folder = path.slice(0, path.length - nameOf(path).length);
  return folder.replace(/(?<=.)[/\\]$/, "") || ".";
}

function nameOf(path: string): string {
  return path.slice(path.search(/[^/\\]*$/));
}

/** Where the links of a path lead; nothing where there is nothing, or where it may not be looked. */
function realPath(path: string): string[] {
  if (!granted({ name: "read", path })) return [];
  try {
    return [Deno.realPathSync(path)];
  } catch {
    return [];
  }
}
