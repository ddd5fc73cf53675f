/**
 * Looks after the control socket's name: a living instance must not lose it for good.
 *
 * @module
 */
import { type ControlServer, listenControl } from "./control.ts";
import type { LineWriter } from "./events.ts";
import { lstat, makeDir } from "./run_dir.ts";

/** Time between two looks, in ms. */
const LOOK_MS = 2000;

/** Where an instance is controlled from. */
export interface ControlPlace {
  /** The control socket. */
  readonly path: string;
  /** Its folder. */
  readonly dir: string;
  /** The user whose instance it is. */
  readonly uid: number;
}

/**
 * Makes the control socket again whenever its name has gone, as when the run dir was removed.
 *
 * @returns Stops looking when disposed.
 */
export function keepPlace(
  place: ControlPlace,
  server: ControlServer,
  log: LineWriter,
): Disposable {
  let complained = false;
  const make = (): Deno.UnixListener => {
    if (lstat(place.dir) === undefined) makeDir(place.dir, place.uid);
    const listener = listenControl(place.path);
    log.log("notice", "control socket made again");
    complained = false;
    return listener;
  };
  const look = (): void => {
    if (lstat(place.path) !== undefined) return;
    server.replace(make);
    if (!complained) log.log("warning", "control socket has gone");
    complained = true;
  };
  const timer = setInterval(look, LOOK_MS);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
