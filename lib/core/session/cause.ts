/**
 * Why attempts fail: the words that decisions, logs and counters share.
 *
 * @module
 */

/** What this process or machine lacks; not the server's fault, and it passes. */
export type Shortage =
  /** Descriptors or memory. */
  | "exhausted"
  /** Local ports. */
  | "out of ports";

/** Why a connect failed. */
export type ConnectFailure =
  /** Refused, unreachable or otherwise impossible. */
  | "refused"
  /** No answer in time. */
  | "timeout"
  | Shortage;

/** Whether a connect failed for what this machine lacks. */
export function isShortage(failure: ConnectFailure): failure is Shortage {
  return failure === "exhausted" || failure === "out of ports";
}
