/**
 * Smooth weighted turns: weights 5, 1, 1 give a a b a c a a, not a a a a a b c.
 *
 * The rule is nginx's. Every channel has a current number, at first 0. For a choice each candidate's current number
 * grows by its weight; the largest one is taken (the first of equals), and loses the sum of all weights. Begun at 0,
 * and while weights and candidates stay as they are, each channel is taken exactly `weight / d` times in `sum / d`
 * choices, `d` being the greatest common divisor of the weights, and then all current numbers are 0 again.
 *
 * @module
 */
import { type Candidates, NOTHING, totalWeight } from "./candidates.ts";

/**
 * Whether all candidates have the same weight.
 *
 * Then smooth weighted turns are plain turns, and a cursor is enough.
 */
export function equalWeights({ count, weights }: Candidates): boolean {
  let common = 0;
  for (let channel = 0; channel < count; channel++) {
    const weight = weights[channel] ?? 0;
    if (weight === 0 || weight === common) continue;
    if (common !== 0) return false;
    common = weight;
  }
  return true;
}

/**
 * Takes the next turn.
 *
 * Not safe from several threads at once: whoever shares `currents` holds the group's lock around it.
 *
 * @param currents The group's current numbers, at first 0, changed by each choice. A channel that is passed over keeps
 * its own. They stay within ± twice the sum of the weights, also when those change: 64 channels of the largest weight
 * need 28 bits.
 * @returns A channel, or {@link NOTHING} if every weight is 0; then `currents` stays as it is.
 */
export function takeSmoothTurn(candidates: Candidates, currents: Int32Array): number {
  const { count, weights } = candidates;
  let best = NOTHING;
  let largest = 0;
  for (let channel = 0; channel < count; channel++) {
    const weight = weights[channel] ?? 0;
    if (weight === 0) continue;
    const current = (currents[channel] ?? 0) + weight;
    currents[channel] = current;
    if (best !== NOTHING && current <= largest) continue;
    best = channel;
    largest = current;
  }
  if (best !== NOTHING) currents[best] = largest - totalWeight(candidates);
  return best;
}
