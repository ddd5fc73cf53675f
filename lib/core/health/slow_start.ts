/**
 * The part of its weight that a channel has which is just back.
 *
 * After down, ejected or disabled the weight grows with time from 10 % to 100 %, so that a server with cold caches is
 * not given the share of a warm one at once. At process start it does not: every channel is new then, all are equal.
 *
 * @module
 */
import { WEIGHT_UNIT } from "../weight.ts";

/** The whole weight, in thousandths. */
export const GROWN: number = WEIGHT_UNIT;

/** The part of its weight with which a channel begins. */
const FLOOR = GROWN / 10;

/** What decides how much of its weight a channel has. */
export interface GrowthCircumstances {
  /** Since when it has been back, in milliseconds; undefined if it was never away since the process started. */
  readonly sinceMs: number | undefined;
  /** Now, by the same clock. */
  readonly nowMs: number;
  /** How long the weight grows, in seconds; 0 is no slow start. */
  readonly slowStartSeconds: number;
}

/**
 * The part of the weight that has grown.
 *
 * @returns Thousandths, an integer of 100 to {@link GROWN}.
 */
export function growth({ sinceMs, nowMs, slowStartSeconds }: GrowthCircumstances): number {
  if (sinceMs === undefined || slowStartSeconds <= 0) return GROWN;
  const elapsed = Math.max(0, nowMs - sinceMs) / (slowStartSeconds * 1000);
  if (elapsed >= 1) return GROWN;
  return FLOOR + Math.floor((GROWN - FLOOR) * elapsed);
}
