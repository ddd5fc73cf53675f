/**
 * What a method of choosing sees of a group: for each channel a weight and its connections, as plain numbers.
 *
 * The caller fills one such view for each choice and uses it again for the next, so that a choice allocates nothing. A
 * channel that may not be chosen (disabled, ill, full, tried by this client before) has weight 0.
 *
 * @module
 */

/** No channel to give; the number that the scheduler uses too. */
export const NOTHING: number = -1;

/** The channels of one group, as of one moment. */
export interface Candidates {
  /** How many channels the group has; entries from here on mean nothing. */
  count: number;
  /** Weight of each channel, 0 to 1 000 000 in any unit that all share; 0 is passed over. */
  readonly weights: Int32Array;
  /** Connections of each channel now. */
  readonly connections: Int32Array;
}

/** Makes an empty view, to be filled. */
export function createCandidates(capacity: number): Candidates {
  return {
    count: 0,
    weights: new Int32Array(capacity),
    connections: new Int32Array(capacity),
  };
}

/** Sum of all weights; 0 if there is nothing to choose. */
export function totalWeight({ count, weights }: Candidates): number {
  let total = 0;
  for (let channel = 0; channel < count; channel++) total += weights[channel] ?? 0;
  return total;
}

/**
 * Whether one more connection would load one channel less than another: `(c+1)/weight` is smaller.
 *
 * Multiplied out instead of divided, so it is exact: a product stays below 2^53 for any weight and any 32-bit count.
 *
 * @param a A channel whose weight is not 0.
 * @param b Another one.
 */
export function lessLoaded({ weights, connections }: Candidates, a: number, b: number): boolean {
  const loadA = ((connections[a] ?? 0) + 1) * (weights[b] ?? 0);
  const loadB = ((connections[b] ?? 0) + 1) * (weights[a] ?? 0);
  return loadA < loadB;
}
