/**
 * Going to the background: a detached copy of this program reports its start on a pipe.
 *
 * @module
 */
import { EXIT, ExitError } from "../core/errors.ts";
import { readLines } from "../system/lines.ts";
import { granted, GRANTS } from "../system/permissions.ts";
import { V8_OPTION } from "../system/v8_flags.ts";

/** What a background start has to say to whoever started it. */
export interface StartReport {
  /** Exit code of the command. */
  readonly code: number;
  /** What it prints on stdout. */
  readonly stdout: string;
  /** What it prints on stderr. */
  readonly stderr: string;
}

/** Longest report, in bytes. */
const MAX_REPORT = 1024 * 1024;

/** The option of the copy that goes to the background: always its first word. */
const CHILD = "--background-child";

/** Whether a command line is that of the background half of a start. */
export function isBackgroundChild(args: readonly string[]): boolean {
  return args[0] === CHILD;
}

/**
 * Whether this process may start itself again with no more grants than it has, and the system knows sessions.
 *
 * The first process of a container takes all others with it when it ends.
 */
export function canDetach(): boolean {
  return Deno.build.os !== "windows" && Deno.pid !== 1 && granted({ name: "run" }) &&
    granted({ name: "net" }) &&
    granted({ name: "sys" }) && granted({ name: "read", path: "/" }) &&
    granted({ name: "write", path: "/" });
}

/**
 * Starts a detached copy of this program and waits until it listens, or has failed.
 *
 * @param args The command line, files in it read.
 * @param main The main module, for a run from source.
 * @throws {ExitError} 71 if the copy cannot be started, 70 if it dies without a word.
 */
export async function startInBackground(
  args: readonly string[],
  main: URL,
): Promise<StartReport> {
  const child = spawn([CHILD, ...args], main);
  for await (const line of readLines(reader(child.stdout), MAX_REPORT)) {
    const report: StartReport = JSON.parse(line);
    // After a failure the port is free when the command returns.
    if (report.code !== EXIT.ok) await child.status;
    else child.unref();
    return report;
  }
  const { code, signal } = await child.status;
  throw new ExitError(EXIT.software, `balance: the background process died (${signal ?? code})`);
}

/**
 * Raises the soft limit of open files to the hard one, since all connections are one process's.
 *
 * Where the hard one cannot be had (on macOS it may be `unlimited`, which no soft limit can be), the highest of some usual
 * numbers that the system takes; a limit that is higher already stays. For `sh`.
 */
export const RAISE_LIMIT: string = [
  "soft=$(ulimit -S -n)",
  'for limit in "$(ulimit -H -n)" 1048576 65536 49152 24576 10240; do ' +
  '[ "$soft" = unlimited ] && break; ' +
  '[ "$limit" = unlimited ] || [ "$limit" -gt "$soft" ] || break; ' +
  'ulimit -S -n "$limit" && break; done 2>/dev/null',
].join("; ");

/**
 * What a process does before it becomes the background instance: it takes as many descriptors as the user may have, and
 * lets go of those that the caller left open (a shell can name 3 to 9).
 */
const PREPARE = `${RAISE_LIMIT}; ` +
  'exec "$0" "$@" 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-';

function spawn(args: readonly string[], main: URL): Deno.ChildProcess {
  // One that needs no libraries has given that grant up, and its copy does not get it.
  const flags = GRANTS.map(({ flag }) => flag)
    .filter((flag) => flag !== "--allow-ffi" || granted({ name: "ffi" }));
  const source = ["run", "--quiet", "--no-prompt", V8_OPTION, ...flags, main.href];
  const own = Deno.build.standalone ? [] : source;
  try {
    return new Deno.Command("/bin/sh", {
      args: ["-c", PREPARE, Deno.execPath(), ...own, ...args],
      detached: true,
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).spawn();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ExitError(EXIT.os, `balance: cannot go to the background: ${why}`);
  }
}

function reader(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
): { read(buffer: Uint8Array): Promise<number | null> } {
  const source = stream.getReader();
  let rest = new Uint8Array(0);
  return {
    async read(buffer: Uint8Array): Promise<number | null> {
      if (rest.length === 0) {
        const { value } = await source.read();
        if (value === undefined) return null;
        rest = value;
      }
      const count = Math.min(rest.length, buffer.length);
      buffer.set(rest.subarray(0, count));
      rest = rest.subarray(count);
      return count;
    },
  };
}
