/**
 * A listening socket from the service manager: the protocol of sd_listen_fds(3).
 *
 * @module
 */
import { EXIT, ExitError } from "../core/errors.ts";
import type { EngineName } from "../core/report/documents.ts";
import { printable } from "../core/text.ts";
import { variable } from "../system/permissions.ts";

/** The first descriptor that is passed. */
const FIRST = 3;
/** What the socket for clients is called, if there are several. */
const NAME = "balance";

/**
 * The descriptor of the socket for clients, if the service manager has passed one to this process.
 *
 * @throws {ExitError} 71 if it has passed several, and it is not clear which one is meant.
 */
export function passedSocket(): number | undefined {
  if (variable("LISTEN_PID") !== String(Deno.pid)) return undefined;
  const text = variable("LISTEN_FDS") ?? "";
  const count = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (count < 2) return count === 0 ? undefined : FIRST;
  const names = (variable("LISTEN_FDNAMES") ?? "").split(":").slice(0, count);
  const at = names.indexOf(NAME);
  if (at >= 0 && at === names.lastIndexOf(NAME)) return FIRST + at;
  throw activationError(`of ${count} sockets exactly one must be called ${NAME}`);
}

/**
 * A socket that was passed must be served.
 *
 * @throws {ExitError} 71 if one was, and the engine cannot.
 */
export function checkActivation(engine: EngineName): void {
  if (engine !== "native" && passedSocket() !== undefined) {
    throw activationError("it needs --engine native");
  }
}

/** The error for a socket that cannot be used. */
export function activationError(why: string): ExitError {
  return new ExitError(EXIT.os, `balance: the service manager's socket: ${printable(why)}`);
}
