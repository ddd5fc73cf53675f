/**
 * Looks after the control socket's name: a living instance must not lose it for good.
 *
 * @module
 */
import type { ControlServer } from "./server.ts";
import { type ControlPath, type ControlSocket, makeControlSocket } from "./control_socket.ts";
import type { LineWriter } from "../core/events.ts";
import { lstat, makeDir } from "./run_dir.ts";

/** Time between two looks, in ms. */
const LOOK_MS = 2000;

/** Looking after the name. */
export interface SocketWatch extends Disposable {
  /** Lets somebody else have the name. */
  pause(): void;
  /** Wants the name again. */
  resume(): void;
}

/**
 * Makes the control socket again whenever it has lost its name: the name has gone, as when the run dir was removed, or
 * something else has it.
 *
 * What has it is treated as at a start ({@link makeControlSocket}): a dead socket and an empty file of the user's make way,
 * whatever else it is stays, and it is looked again until the place is free.
 *
 * @param socket What the server listens at.
 * @returns Stops looking when disposed.
 */
export function watchControlSocket(
  place: ControlPath,
  { server, socket }: { readonly server: ControlServer; readonly socket: ControlSocket },
  log: LineWriter,
): SocketWatch {
  let current = socket;
  let complained = false;
  let looking = false;
  let disposed = false;
  let paused = false;
  const look = async (): Promise<void> => {
    const { name } = current;
    if (name === "own" || looking || paused) return;
    looking = true;
    if (!complained) log.log("warning", COMPLAINTS[name]);
    complained = true;
    try {
      if (lstat(place.dir) === undefined) makeDir(place.dir, place.uid);
      current = await makeControlSocket(place);
      if (disposed) return current[Symbol.dispose]();
      server.replace(current);
      log.log("notice", "control socket made again");
      complained = false;
    } catch {
      // The place is not to be had now: the next look tries again.
    } finally {
      looking = false;
    }
  };
  const timer = setInterval(look, LOOK_MS);
  return {
    pause: () => {
      paused = true;
    },
    resume: () => {
      paused = false;
      void look();
    },
    [Symbol.dispose]: () => {
      disposed = true;
      clearInterval(timer);
    },
  };
}

const COMPLAINTS = {
  gone: "control socket has gone",
  replaced: "control socket was replaced",
} as const;
