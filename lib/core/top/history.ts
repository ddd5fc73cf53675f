/**
 * The values of the last minute, one a second.
 *
 * @module
 */

/** How many seconds are remembered. */
const SECONDS = 60;

/** One value a second, the newest last; what is not known is `null`. */
export interface History {
  /** The values. */
  readonly values: readonly (number | null)[];
  /** The number of the first one's second, counted from the beginning. */
  readonly begun: number;
}

/** Nothing is known yet. */
export const NO_HISTORY: History = {
  values: Array.from({ length: SECONDS }, () => null),
  begun: 0,
};

/** Adds the value of the last second, and that nothing is known of the seconds before it that were missed. */
export function remember(history: History, value: number | null, missed = 0): History {
  const gap = Array.from({ length: Math.min(missed, SECONDS) }, () => null);
  return {
    values: [...history.values, ...gap, value].slice(-SECONDS),
    begun: history.begun + missed + 1,
  };
}

/** The largest value that is known, 0 without one. */
export function highest(histories: Iterable<History>): number {
  let top = 0;
  for (const { values } of histories) {
    for (const value of values) if (value !== null && value > top) top = value;
  }
  return top;
}
