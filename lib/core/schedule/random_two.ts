/**
 * The better of two channels that chance names.
 *
 * Needs no state that workers share, yet keeps the load nearly as even as looking at all of them.
 *
 * @module
 */
import { type Candidates, lessLoaded, NOTHING, totalWeight } from "./candidates.ts";

/**
 * Draws two different candidates by weight and takes the one with the smaller `(c+1)/weight`.
 *
 * The second is drawn among the others, by their weights; of equals the first one is taken.
 *
 * @param first Chance for the first draw, from 0 to below 1.
 * @param second Chance for the second draw, likewise.
 * @returns A channel, the only candidate if there is one alone, or {@link NOTHING} if every weight is 0.
 */
export function chooseOfTwo(candidates: Candidates, first: number, second: number): number {
  const total = totalWeight(candidates);
  const one = draw(candidates, first * total, NOTHING);
  if (one === NOTHING) return NOTHING;
  const rest = total - (candidates.weights[one] ?? 0);
  const other = draw(candidates, second * rest, one);
  return other !== NOTHING && lessLoaded(candidates, other, one) ? other : one;
}

/**
 * The candidate at a point of the line on which each occupies a stretch as long as its weight.
 *
 * A point that rounding has put at the very end belongs to the last one.
 */
function draw({ count, weights }: Candidates, point: number, without: number): number {
  let last = NOTHING;
  let end = 0;
  for (let channel = 0; channel < count; channel++) {
    const weight = weights[channel] ?? 0;
    if (weight === 0 || channel === without) continue;
    last = channel;
    end += weight;
    if (point < end) break;
  }
  return last;
}
