/**
 * The control socket as a name in the file system: its place cleared, made, and still its own.
 *
 * The runtime removes the name of a closed Unix listener, whoever has that name by then. So a listener is closed only
 * while the name is still its own, told by device and inode; one that has lost its name stays open, unused, until the
 * process ends.
 *
 * @module
 */
import { EXIT, ExitError } from "../core/errors.ts";
import { printable } from "../core/text.ts";
import { close } from "../system/close.ts";
import { granted } from "../system/permissions.ts";
import { lstat, notTrusted, ownerPid } from "./run_dir.ts";
import { within } from "../system/time_limit.ts";

/** A listening control socket. */
export class ControlSocket implements Disposable {
  /** Accepts control connections. */
  readonly listener: Deno.UnixListener;
  readonly #path: string;
  readonly #made: Deno.FileInfo | undefined;
  readonly #renamed: boolean;

  /**
   * Takes over a listener that was bound just now.
   *
   * @param path Its name.
   * @param renamed Whether it was bound by another name, so that the runtime does not remove this one.
   */
  constructor(listener: Deno.UnixListener, path: string, renamed = false) {
    this.listener = listener;
    this.#path = path;
    this.#made = lstat(path);
    this.#renamed = renamed;
  }

  /** What has its name now: it itself, nothing, or something else. */
  get name(): "own" | "gone" | "replaced" {
    const there = lstat(this.#path);
    if (there === undefined) return "gone";
    return sameFile(there, this.#made) ? "own" : "replaced";
  }

  /** Closes the listener and removes its name, if that is still its own; else leaves both alone. */
  [Symbol.dispose](): void {
    if (this.name !== "own") return;
    if (this.#renamed) Deno.removeSync(this.#path);
    close(this.listener);
  }
}

/** Whether two looks saw one file; sure while it is open. */
function sameFile(one: Deno.FileInfo, other: Deno.FileInfo | undefined): boolean {
  return one.dev === other?.dev && one.ino === other.ino;
}

/** Where an instance is controlled from. */
export interface ControlPath {
  /** The control socket. */
  readonly path: string;
  /** Its folder. */
  readonly dir: string;
  /** The user whose instance it is. */
  readonly uid: number;
}

/** Time to wait for other starts in the same run dir, in ms; then it goes on without the lock. */
const LOCK_MS = 1000;

/**
 * Makes the control socket, for its owner alone from the first moment.
 *
 * One start at a time does so in a run dir: two that find the same dead socket would each remove it, and the later one
 * the socket that the other has just made.
 *
 * @throws {ExitError} 66 if somebody else holds the place, 71 if an instance answers there or it cannot be made.
 */
export async function makeControlSocket({ path, dir, uid }: ControlPath): Promise<ControlSocket> {
  using _lock = await lockDir(dir);
  await clearPath(path, uid);
  return listenControl(path);
}

/**
 * Makes the control socket in place of that of the instance with this process id: at no moment is nobody there.
 *
 * The old instance loses the name, and may have it again when this one does not answer any more. Where something else is, it
 * is as in {@link makeControlSocket}.
 *
 * @throws {ExitError} As {@link makeControlSocket}.
 */
export async function takeControlSocket(
  place: ControlPath,
  pid: number,
): Promise<ControlSocket> {
  const { path, dir, uid } = place;
  using _lock = await lockDir(dir);
  const info = lstat(path);
  const taken = info?.isSocket === true && ownerPid(info) === pid &&
    (info.uid === uid || uid === 0);
  if (!taken) await clearPath(path, uid);
  const first = beside(path);
  // Left by one that was killed just there.
  if (lstat(first)?.isSocket === true) await Deno.remove(first);
  return listenControl(path, first);
}

/** The name of a socket that is to get a path: as long as that, and no instance's. */
function beside(path: string): string {
  const at = path.lastIndexOf("/") + 1;
  return `${path.slice(0, at)}.${path.slice(at + 1)}`;
}

/** Locks a folder, unless somebody does not give the lock back or the file system has none. */
async function lockDir(dir: string): Promise<Disposable | undefined> {
  try {
    const file = await Deno.open(dir);
    await within(file.lock(true), LOCK_MS);
    return file;
  } catch {
    return undefined;
  }
}

/**
 * Listens at a path that is free.
 *
 * Only what starts up may set the mask (it takes the `sys` grant), so the group and others stay unable to write to
 * anything that is made later: a socket that is made again is then the owner's alone before its mode is set, too.
 *
 * @param first The name that it has first, if it is to take the place of another socket.
 */
function listenControl(path: string, first = path): ControlSocket {
  const umask = granted({ name: "sys" }) ? Deno.umask(0o177) : undefined;
  let listener: Deno.UnixListener | undefined;
  try {
    listener = Deno.listen({ transport: "unix", path: first });
    Deno.chmodSync(first, 0o600);
    markOwner(first, Deno.pid);
    if (first !== path) Deno.renameSync(first, path);
    return new ControlSocket(listener, path, first !== path);
  } catch {
    listener?.close();
    throw new ExitError(EXIT.os, `cannot create rendezvous file ${printable(path)}`);
  } finally {
    if (umask !== undefined) Deno.umask(umask | 0o022);
  }
}

/** Makes a socket tell its instance's pid. */
function markOwner(path: string, pid: number): void {
  Deno.utimeSync(path, pid, pid);
}

/**
 * Makes the place of a control socket free: what a dead instance left is removed, anything else stays.
 *
 * Removed are dead sockets and empty files of the user, for root those of anybody, so that they cannot keep it from
 * starting.
 *
 * @throws {ExitError} As {@link checkPlace}.
 */
export async function clearPath(path: string, uid: number): Promise<void> {
  const info = await checkPlace(path, uid);
  if (info !== undefined) remove(path, info);
}

/**
 * Looks whether the place of a control socket is free or may be made free.
 *
 * @returns What may be removed; undefined if nothing is there.
 * @throws {ExitError} 66 if somebody else holds the place, 71 if an instance answers there.
 */
export async function checkPlace(path: string, uid: number): Promise<Deno.FileInfo | undefined> {
  const info = lstat(path);
  if (info === undefined) return undefined;
  const own = info.uid === uid;
  if (info.isSocket && (own || uid === 0)) {
    if (await answers(path)) throw answered(path);
  } else if (!info.isFile || info.size > 0 || !(own || uid === 0)) {
    throw notTrusted(path, EXIT.noInput, own ? "Not a control socket" : undefined);
  }
  return info;
}

/** Removes what was looked at, unless something else has its name by now. */
function remove(path: string, info: Deno.FileInfo): void {
  const now = lstat(path);
  if (now === undefined) return;
  if (!sameFile(now, info) || changed(now, info)) throw answered(path);
  Deno.removeSync(path);
}

/** Whether a file's number has been given to another one: a file that is gone leaves its number to the next. */
function changed(now: Deno.FileInfo, before: Deno.FileInfo): boolean {
  return now.mtime?.getTime() !== before.mtime?.getTime() ||
    now.ctime?.getTime() !== before.ctime?.getTime();
}

function answered(path: string): ExitError {
  return new ExitError(
    EXIT.os,
    `cannot create rendezvous file ${printable(path)}: an instance answers there`,
  );
}

async function answers(path: string): Promise<boolean> {
  try {
    (await Deno.connect({ transport: "unix", path })).close();
    return true;
  } catch (error) {
    return !(error instanceof Deno.errors.ConnectionRefused ||
      error instanceof Deno.errors.NotFound);
  }
}
