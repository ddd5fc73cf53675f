/**
 * Views of groups for the tests of the methods of choosing.
 *
 * @module
 */
import { type Random } from "../../kit/random.ts";
import { type Candidates, createCandidates } from "../../../lib/core/schedule/candidates.ts";

/** A group with these weights, and these connections (0 where none are given). */
export function makeCandidates(
  weights: readonly number[],
  connections: readonly number[] = [],
): Candidates {
  const candidates = createCandidates(weights.length);
  candidates.count = weights.length;
  candidates.weights.set(weights);
  candidates.connections.set(connections);
  return candidates;
}

/** 1 to `most` random weights, some of them 0, but not all. */
export function randomWeights(random: Random, most: number, largest: number): number[] {
  const weights = Array.from(
    { length: random.between(1, most) },
    () => random.chance(0.2) ? 0 : random.between(1, largest),
  );
  if (!weights.some((weight) => weight > 0)) weights[0] = 1;
  return weights;
}

/**
 * How far counts are from what was expected, in standard deviations of the chi-square statistic.
 *
 * A right distribution gives more than 6 about once in a million tests.
 *
 * @param counts How often each case came.
 * @param shares Its part of the whole, in any unit; a case without a share must not come at all.
 */
export function deviation(counts: readonly number[], shares: readonly number[]): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  const whole = shares.reduce((sum, share) => sum + share, 0);
  let chiSquare = 0;
  let cases = 0;
  for (const [at, count] of counts.entries()) {
    const expected = total * (shares[at] ?? 0) / whole;
    if (expected === 0) {
      if (count > 0) return Infinity;
      continue;
    }
    chiSquare += (count - expected) ** 2 / expected;
    cases++;
  }
  const degrees = cases - 1;
  return degrees === 0 ? 0 : (chiSquare - degrees) / Math.sqrt(2 * degrees);
}
