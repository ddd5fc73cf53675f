/**
 * The folder of the control sockets, and who may be trusted there.
 *
 * | folder | for |
 * | --- | --- |
 * | `--run-dir DIR` | whoever says so; nothing else is looked at then |
 * | `/var/run/balance` | everybody, as the classic; made 01777 by root |
 * | `$XDG_RUNTIME_DIR/balance` | a user, where the first cannot be had |
 * | `$TMPDIR/balance-UID` | a user without a runtime folder |
 *
 * A socket's modification time, in whole seconds, is the pid of its instance: so a dead instance can be named without a
 * pid file, however it died. That number is only ever printed.
 *
 * @module
 */
import { EXIT, ExitError } from "../core/errors.ts";
import { printable } from "../core/text.ts";
import { whyNotTrusted, writableFor } from "../core/control/trust.ts";
import { variable } from "../system/permissions.ts";

/** The classic's folder. */
export const SYSTEM_RUN_DIR = "/var/run/balance";

/**
 * The folders that may hold an instance's socket, in the order of the search.
 *
 * A named one may be a symbolic link: it is followed here, once, and everything else is done at its real path.
 */
export function* runDirs(option: string | undefined, uid: number): Generator<string, void> {
  if (option !== undefined) return yield realPath(option) ?? option.replace(/(?<=.)\/+$/, "");
  yield SYSTEM_RUN_DIR;
  const runtime = variable("XDG_RUNTIME_DIR") ?? "";
  if (runtime !== "") yield `${runtime}/balance`;
  yield `${variable("TMPDIR") ?? "/tmp"}/balance-${uid}`;
}

function realPath(path: string): string | undefined {
  try {
    return Deno.realPathSync(path);
  } catch {
    return undefined;
  }
}

/**
 * The first folder that an instance can make its socket in; made if it is missing.
 *
 * @throws {ExitError} 69 if there is none, or the named one is not to be trusted.
 */
export function prepareRunDir(option: string | undefined, uid: number): string {
  const named = option !== undefined;
  for (const dir of runDirs(option, uid)) {
    const info = lstat(dir) ?? makeDir(dir, uid);
    if (info === undefined) continue;
    const why = whyNotTrusted(info, { uid, named }) ??
      (writableFor(info, uid) ? undefined : "it cannot be written to") ??
      (isReadOnly(dir) ? "its file system is read-only" : undefined);
    if (why === undefined) return dir;
    if (named && info.isDirectory) throw unusable(dir, why);
  }
  const dir = printable(option ?? `${SYSTEM_RUN_DIR}/`);
  throw new ExitError(
    EXIT.unavailable,
    "ERROR: rendezvous directory not available and/or creatable\n" +
      `       please create ${dir} with mode 01777 like this: \n` +
      `       # mkdir -m 01777 ${dir}`,
  );
}

/** Whether no folder can be had because all file systems that could have one are read-only, as in some containers. */
export function allReadOnly(uid: number): boolean {
  return [...runDirs(undefined, uid)].every((dir) => {
    const there = [dir, dir.replace(/\/[^/]*$/, "") || "/"].find((each) => exists(each));
    return there === undefined || isReadOnly(there);
  });
}

function exists(path: string): boolean {
  return lstat(path) !== undefined;
}

/** Whether a folder is on a file system that nothing can be written to; tried with a change that changes nothing. */
function isReadOnly(dir: string): boolean {
  try {
    const { mode } = Deno.statSync(dir);
    if (mode !== null) Deno.chmodSync(dir, mode & 0o7777);
    return false;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EROFS";
  }
}

function unusable(dir: string, why: string): ExitError {
  return new ExitError(
    EXIT.unavailable,
    `balance: run directory ${printable(dir)} is not used: ${why}`,
  );
}

/**
 * Makes a run dir: the classic's for everybody (only root can), any other one for the user alone.
 *
 * @returns What is there now; undefined if it could not be made.
 */
export function makeDir(dir: string, uid: number): Deno.FileInfo | undefined {
  const shared = dir === SYSTEM_RUN_DIR;
  if (shared && uid !== 0) return undefined;
  try {
    Deno.mkdirSync(dir, { mode: 0o700 });
    // The umask takes bits off the mode of mkdir.
    Deno.chmodSync(dir, shared ? 0o1777 : 0o700);
  } catch {
    // Made by another start just now, or not to be made: looking tells.
  }
  return lstat(dir);
}

/**
 * The path of an instance's control socket.
 *
 * @param port The number that names the instance.
 * @param bindText Text of `-b`, if given.
 * @throws {ExitError} 71 if the text cannot be part of a file name.
 */
export function socketPath(dir: string, port: number, bindText: string | undefined): string {
  const path = `${dir}/balance.${port}.${bindText ?? "0.0.0.0"}`;
  const length = new TextEncoder().encode(path).length;
  if (bindText?.includes("/") || path.includes("\0") || length > MAX_PATH) {
    throw new ExitError(EXIT.os, `cannot create rendezvous file ${printable(path)}`);
  }
  return path;
}

/** Longest path of a Unix socket, in bytes. */
const MAX_PATH = 107;

/** What is at a path, without following a link; undefined if nothing is. */
export function lstat(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(path);
  } catch {
    return undefined;
  }
}

/** The error for a place that somebody else holds. */
export function notTrusted(path: string, code: number, why = "Permission denied"): ExitError {
  return new ExitError(code, `open: ${why}\ncheck rendezvousfile permissions [${printable(path)}]`);
}

/** What a search for an instance found. */
export type Found =
  | { readonly kind: "connected"; readonly connection: Deno.UnixConn }
  | { readonly kind: "gone"; readonly pid: number | undefined };

/**
 * Connects to an instance's control socket, wherever it is.
 *
 * Only a socket of the user or of root is spoken to, in a folder where nobody else could have put it; root speaks to
 * anyone's.
 *
 * @param option Text of `--run-dir`, if given.
 * @throws {ExitError} 71 if what is there is not to be trusted or does not let us in.
 */
export async function findInstance(
  option: string | undefined,
  port: number,
  bindText: string | undefined,
  uid: number,
): Promise<Found> {
  let pid: number | undefined;
  for (const dir of runDirs(option, uid)) {
    const path = socketPath(dir, port, bindText);
    const folder = lstat(dir);
    const info = lstat(path);
    if (folder === undefined || info === undefined) continue;
    const mine = info.uid === uid || uid === 0;
    const distrust = whyNotTrusted(folder, { uid, named: option !== undefined });
    if (distrust !== undefined || !(mine || info.uid === 0)) throw notTrusted(path, EXIT.os);
    if (info.isFile && mine) continue;
    if (!info.isSocket) throw notTrusted(path, EXIT.os, mine ? "Not a control socket" : undefined);
    try {
      const connection = await Deno.connect({ transport: "unix", path });
      return { kind: "connected", connection };
    } catch (error) {
      if (error instanceof Deno.errors.PermissionDenied) throw notTrusted(path, EXIT.os);
      pid ??= ownerPid(info);
    }
  }
  return { kind: "gone", pid };
}

/** A time of day is no pid: pids end at 2^22. */
const MAX_PID = 2 ** 22;

/** The process id that a socket tells; undefined if it tells none. */
export function ownerPid(info: Deno.FileInfo): number | undefined {
  const pid = Math.floor((info.mtime?.getTime() ?? 0) / 1000);
  return pid > 0 && pid <= MAX_PID ? pid : undefined;
}
