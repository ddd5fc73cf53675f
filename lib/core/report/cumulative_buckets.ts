/**
 * Histograms as metrics have them: few buckets, each with all values up to its bound.
 *
 * @module
 */
import type { HistogramView } from "./metrics.ts";

/** All values up to a bound. */
export interface CumulativeBucket {
  /** The bound; `Infinity` for the last bucket. */
  readonly bound: number;
  /** How many values are not above it. */
  readonly count: number;
}

/**
 * Merges a histogram's buckets into few.
 *
 * A bound can only be one that the histogram has: of each wanted one the nearest is taken, by ratio, so that the bounds
 * are the same as long as the histogram's are.
 *
 * @param wanted Bounds that suit a reader, ascending.
 * @returns Ascending, with the bucket of all values at the end.
 */
export function cumulativeBuckets(
  { bounds, counts }: HistogramView,
  wanted: readonly number[],
): CumulativeBucket[] {
  const chosen = new Set(wanted.map((bound) => nearest(bounds, bound)));
  const buckets: CumulativeBucket[] = [];
  let sum = 0;
  for (const [at, count] of counts.entries()) {
    sum += count;
    const bound = bounds[at] ?? Infinity;
    if (chosen.has(bound) || bound === Infinity) buckets.push({ bound, count: sum });
  }
  return buckets;
}

function nearest(bounds: readonly number[], wanted: number): number {
  const distance = (bound: number): number => Math.abs(Math.log(bound / wanted));
  return bounds.reduce(
    (best, bound) => distance(bound) < distance(best) ? bound : best,
    bounds[0] ?? Infinity,
  );
}
