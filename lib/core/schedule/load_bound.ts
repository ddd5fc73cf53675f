/**
 * The bound on a channel's load (`--load-bound PERCENT`): whoever has its share times this is passed over.
 *
 * A channel's limit is `ceil((all connections + 1) * percent/100 * weight / all weights)`, where "all" means the
 * candidates. As the limits together are more than the connections, at 100 percent and above at least one candidate is
 * always below its own.
 *
 * @module
 */
import { type Candidates, totalWeight } from "./candidates.ts";

/** What the candidates of a group have together. */
export interface GroupLoad {
  /** Their connections. */
  connections: number;
  /** Their weights. */
  weight: number;
}

/** Sums the candidates up, into a record that the caller uses again. */
export function measureLoad(candidates: Candidates, load: GroupLoad): void {
  const { count, weights, connections } = candidates;
  load.connections = 0;
  load.weight = totalWeight(candidates);
  for (let channel = 0; channel < count; channel++) {
    if ((weights[channel] ?? 0) !== 0) load.connections += connections[channel] ?? 0;
  }
}

/**
 * The number of connections at which a channel is passed over, at least 1.
 *
 * Exact as long as connections × percent × weight stays below 2^53: a million connections at 1000 percent do.
 *
 * @param weight The channel's weight, not 0.
 * @param load What all candidates have, this one included.
 * @param percent 100 or more.
 */
export function loadLimit(weight: number, load: GroupLoad, percent: number): number {
  const share = (load.connections + 1) * percent * weight;
  const whole = 100 * load.weight;
  const rest = share % whole;
  return (share - rest) / whole + (rest > 0 ? 1 : 0);
}

/**
 * Takes out of the candidates whoever has reached its limit, by setting its weight to 0.
 *
 * @param load A record for the sums, used again from choice to choice.
 * @param percent 100 or more: then at least one candidate stays.
 */
export function excludeLoaded(candidates: Candidates, load: GroupLoad, percent: number): void {
  const { count, weights, connections } = candidates;
  measureLoad(candidates, load);
  for (let channel = 0; channel < count; channel++) {
    const weight = weights[channel] ?? 0;
    if (weight === 0) continue;
    if ((connections[channel] ?? 0) >= loadLimit(weight, load, percent)) weights[channel] = 0;
  }
}
