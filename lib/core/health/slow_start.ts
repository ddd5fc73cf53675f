/**
 * The weight that counts when a client comes: none for a channel that may not have it, less than its own for one that
 * is just back.
 *
 * After down, ejected or disabled the weight grows with time from 10 % to 100 %, so that a server with cold caches is
 * not given the share of a warm one at once. At process start it does not: every channel is new then, all are equal.
 *
 * @module
 */
import { WEIGHT_UNIT } from "../weight.ts";
import type { Observed } from "./transition.ts";

/** The part of its weight with which a channel begins, in {@link WEIGHT_UNIT}ths. */
const FLOOR = WEIGHT_UNIT / 10;

/** What decides how much of its weight a channel has. */
export interface WeightCircumstances {
  /** Whether the operator wants it to have clients. */
  readonly enabled: boolean;
  /** Whether it finishes what runs and takes nothing new. */
  readonly draining: boolean;
  /** What is observed of it. */
  readonly observed: Observed;
  /**
   * Since when it has been usable, in milliseconds; undefined if it never was anything else since the process
   * started.
   */
  readonly sinceMs: number | undefined;
  /** Now, by the same clock. */
  readonly nowMs: number;
  /** How long the weight grows, in seconds; 0 is no slow start. */
  readonly slowStartSeconds: number;
}

/**
 * What a channel's weight amounts to now.
 *
 * @param weight The operator's weight, 0 to 1000.
 * @returns Thousandths of a unit of weight, an integer of 0 to 1 000 000; 0 gets nobody. A usable channel whose weight
 * is not 0 never has 0.
 */
export function effectiveWeight(weight: number, circumstances: WeightCircumstances): number {
  const { enabled, draining, observed } = circumstances;
  if (!enabled || draining || observed !== "up") return 0;
  return weight * growth(circumstances);
}

/** The part of the weight that has grown, {@link FLOOR} to {@link WEIGHT_UNIT}. */
function growth({ sinceMs, nowMs, slowStartSeconds }: WeightCircumstances): number {
  if (sinceMs === undefined || slowStartSeconds <= 0) return WEIGHT_UNIT;
  const elapsed = Math.max(0, nowMs - sinceMs) / (slowStartSeconds * 1000);
  if (elapsed >= 1) return WEIGHT_UNIT;
  return FLOOR + Math.floor((WEIGHT_UNIT - FLOOR) * elapsed);
}
