/**
 * What the kernel's error numbers mean for a connect.
 *
 * @module
 */
import type { ConnectFailure } from "../../core/session/cause.ts";
import { ERRNO } from "./abi.ts";

/** Descriptors or memory have run out. */
const EXHAUSTED: ReadonlySet<number> = new Set([
  ERRNO.EMFILE,
  ERRNO.ENFILE,
  ERRNO.ENOBUFS,
  ERRNO.ENOMEM,
]);

/** There is no local port; of a Unix socket: its queue is full. */
const NO_PORT: ReadonlySet<number> = new Set([
  ERRNO.EADDRNOTAVAIL,
  ERRNO.EADDRINUSE,
  ERRNO.EAGAIN,
]);

/** Whether an error says that descriptors or memory have run out. */
export function isExhausted(errno: number): boolean {
  return EXHAUSTED.has(errno);
}

/** Why a connect failed. */
export function connectFailure(errno: number): ConnectFailure {
  if (isExhausted(errno)) return "exhausted";
  return NO_PORT.has(errno) ? "out of ports" : "refused";
}
