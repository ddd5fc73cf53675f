/**
 * Histograms of times: how many values fell into each bucket, as a run of floats with one writer.
 *
 * Bounds are in a geometric row, so that one rule serves microseconds and hours, and a quantile is right within half the
 * ratio of two bounds. A run has one float for each bucket, and the sum of all values behind them.
 *
 * @module
 */

/** Which buckets a histogram has. Values are in milliseconds. */
export interface Scale {
  /** Upper bounds, ascending; what is above the last one has a bucket of its own. */
  readonly bounds: readonly number[];
  /** How many bounds there are to a doubling. */
  readonly perOctave: number;
  /** Floats of a run: a bucket for each bound, one above, and the sum. */
  readonly size: number;
}

function makeScale(lowest: number, octaves: number, perOctave: number): Scale {
  const bounds = Array.from(
    { length: octaves * perOctave + 1 },
    (_, at) => lowest * 2 ** (at / perOctave),
  );
  return { bounds, perOctave, size: bounds.length + 2 };
}

/** How long connects take: 50 microseconds to 52 seconds. */
export const CONNECT_SCALE: Scale = makeScale(0.05, 20, 4);

/** How long connections last: a millisecond to 37 hours. */
export const DURATION_SCALE: Scale = makeScale(1, 27, 2);

/** Values by bucket: one count for each bound, and one for what is above. */
export interface Histogram {
  /** How many values are in each bucket. */
  readonly counts: readonly number[];
  /** Sum of all values. */
  readonly sum: number;
}

/**
 * Counts a value.
 *
 * @param floats Where the run is.
 * @param at Index of its first bucket.
 * @param ms The value; below 0 counts as 0.
 */
export function countValue(floats: Float64Array, at: number, scale: Scale, ms: number): void {
  const bucket = at + bucketOf(scale, ms);
  floats[bucket] = (floats[bucket] ?? 0) + 1;
  const sum = at + scale.size - 1;
  floats[sum] = (floats[sum] ?? 0) + Math.max(0, ms);
}

/** Which bucket a value belongs to: the first whose bound is not below it. */
function bucketOf({ bounds, perOctave, size }: Scale, ms: number): number {
  const [lowest = 1] = bounds;
  if (ms <= lowest) return 0;
  const bucket = Math.min(Math.ceil(Math.log2(ms / lowest) * perOctave), size - 2);
  // The logarithm is rounded; the bounds decide.
  if (ms <= (bounds[bucket - 1] ?? 0)) return bucket - 1;
  return ms > (bounds[bucket] ?? Infinity) ? bucket + 1 : bucket;
}

/** Sums runs of one scale. */
export function sumHistograms(
  floats: Float64Array,
  runs: readonly number[],
  scale: Scale,
): Histogram {
  const buckets = scale.size - 1;
  const counts = new Array<number>(buckets).fill(0);
  let sum = 0;
  for (const at of runs) {
    for (let bucket = 0; bucket < buckets; bucket++) {
      counts[bucket] = (counts[bucket] ?? 0) + (floats[at + bucket] ?? 0);
    }
    sum += floats[at + buckets] ?? 0;
  }
  return { counts, sum };
}

/** What was counted between two looks at one histogram. */
export function sinceHistogram(now: Histogram, before: Histogram): Histogram {
  const counts = now.counts.map((count, bucket) => count - (before.counts[bucket] ?? 0));
  return { counts, sum: now.sum - before.sum };
}

/** Puts histograms of one scale together. */
export function mergeHistograms(histograms: readonly Histogram[], scale: Scale): Histogram {
  const counts = new Array<number>(scale.size - 1).fill(0);
  let sum = 0;
  for (const each of histograms) {
    each.counts.forEach((count, bucket) => counts[bucket] = (counts[bucket] ?? 0) + count);
    sum += each.sum;
  }
  return { counts, sum };
}

/**
 * The value that a part of all values is below, taking those of one bucket as spread evenly over it.
 *
 * @param part Above 0, at most 1.
 * @returns Milliseconds; `null` of no values. What is above the last bound counts as the bound.
 */
export function quantile({ counts }: Histogram, { bounds }: Scale, part: number): number | null {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  let left = part * total;
  for (const [bucket, count] of counts.entries()) {
    if (left > count || count === 0) {
      left -= count;
      continue;
    }
    const high = bounds[bucket];
    if (high === undefined) break;
    const low = bounds[bucket - 1] ?? 0;
    return low + (high - low) * (left / count);
  }
  return bounds.at(-1) ?? null;
}
