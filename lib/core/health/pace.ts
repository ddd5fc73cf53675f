/**
 * How long checks of a channel usually take, and so when one is late.
 *
 * As TCP reckons its timeouts: from the mean and the mean deviation, each new one counting an eighth and a quarter.
 *
 * @module
 */

/** How long good checks of a channel take, in milliseconds. */
export interface Pace {
  /** Their mean. */
  readonly mean: number;
  /** The mean of how far they are from it. */
  readonly deviation: number;
}

/** Least time after which a check is late, in ms, if it is no more than a tenth of the interval. */
const LEAST_MS = 100;

/** The part of the interval that is the least time where that is shorter. */
const LEAST_PART = 0.1;

/** Takes in how long a good check took. */
export function keepPace(pace: Pace | undefined, tookMs: number): Pace {
  if (pace === undefined) return { mean: tookMs, deviation: tookMs / 2 };
  const { mean, deviation } = pace;
  return {
    mean: mean + (tookMs - mean) / 8,
    deviation: deviation + (Math.abs(tookMs - mean) - deviation) / 4,
  };
}

/** The time after which a check is late, in ms; never while no good check of the channel is known. */
export function patienceMs(
  pace: Pace | undefined,
  { intervalSeconds, timeoutSeconds }: {
    readonly intervalSeconds: number;
    readonly timeoutSeconds: number;
  },
): number | undefined {
  if (pace === undefined) return undefined;
  const least = Math.min(LEAST_MS, intervalSeconds * 1000 * LEAST_PART);
  return Math.min(timeoutSeconds * 1000, Math.max(least, pace.mean + 4 * pace.deviation));
}
