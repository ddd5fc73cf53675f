/**
 * The channel with the fewest connections for its weight.
 *
 * @module
 */
import { type Candidates, lessLoaded, NOTHING } from "./candidates.ts";

/**
 * Finds the candidate with the smallest `(c+1)/weight`.
 *
 * @param from Where the search begins, 0 to the number of channels: of equals the first from there on in cyclic order
 * is taken. Whoever passes the channel behind the last choice gives equals their turns.
 * @returns A channel, or {@link NOTHING} if every weight is 0.
 */
export function chooseLeast(candidates: Candidates, from: number): number {
  const { count, weights } = candidates;
  let best = NOTHING;
  for (let step = 0; step < count; step++) {
    const channel = (from + step) % count;
    if ((weights[channel] ?? 0) === 0) continue;
    if (best === NOTHING || lessLoaded(candidates, channel, best)) best = channel;
  }
  return best;
}
