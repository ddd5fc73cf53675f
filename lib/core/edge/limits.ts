/**
 * Limits for each client: `--max-conns-per-client N` and `--rate-per-client N/SEC`.
 *
 * The rate is a token bucket: a client may open N connections at once, and one more each SEC/N seconds. Its whole state is
 * one number, the time at which the bucket will be full again (the virtual scheduling form of the generic cell rate
 * algorithm, ITU-T I.371). Refused attempts take no token, so a client that hammers gets its rate all the same.
 *
 * @module
 */
import { intervalMs, type Rate } from "./rate.ts";

/** Limits of one client. */
export interface ClientLimits {
  /** Most connections at a time; 0 is no limit. */
  readonly connections: number;
  /** Most new connections in a time; `undefined` is no limit. */
  readonly rate: Rate | undefined;
}

/** What the limits say of a new connection; anything but `admitted` is a reason to count a refused client by. */
export type Admission = "admitted" | "connections" | "rate";

/** Sums of fractions of a millisecond are inexact; this is far below what a clock tells apart. */
const ROUNDING_MS = 1e-3;

/**
 * Judges a new connection.
 *
 * @param connections That the client has.
 * @param fullAt When its bucket is full again, in ms; any time before now if it is.
 * @param nowMs Time in ms of the same clock.
 */
export function judge(
  limits: ClientLimits,
  connections: number,
  fullAt: number,
  nowMs: number,
): Admission {
  if (limits.connections > 0 && connections >= limits.connections) return "connections";
  const { rate } = limits;
  if (rate === undefined) return "admitted";
  // The bucket has a token as long as it would be full within the time that all but one take.
  const slack = intervalMs(rate) * (rate.count - 1);
  return fullAt - nowMs > slack + ROUNDING_MS ? "rate" : "admitted";
}

/** When the bucket is full again once a connection has taken its token, in ms. */
export function takeToken(limits: ClientLimits, fullAt: number, nowMs: number): number {
  return limits.rate === undefined ? fullAt : Math.max(fullAt, nowMs) + intervalMs(limits.rate);
}
