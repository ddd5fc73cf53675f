/**
 * What the channel table counts of connects and ends.
 *
 * Each worker writes its own row; a reader sums them.
 *
 * @module
 */
import { add } from "./access.ts";
import {
  CONNECT_SCALE,
  countValue,
  DURATION_SCALE,
  type Histogram,
  sumHistograms,
} from "./histogram.ts";
import {
  type Cause,
  causeIndex,
  CAUSES,
  connectsIndex,
  durationsIndex,
  type Table,
} from "./schema.ts";

/** Counts a connect that has succeeded. */
export function countConnect(table: Table, worker: number, slot: number, ms: number): void {
  countValue(table.floats, connectsIndex(table, worker, slot), CONNECT_SCALE, ms);
}

/**
 * Counts a connection that has ended.
 *
 * @param ms How long it lasted.
 */
export function countEnd(
  table: Table,
  worker: number,
  slot: number,
  cause: Cause,
  ms: number,
): void {
  add(table, causeIndex(table, worker, slot, cause), 1);
  countValue(table.floats, durationsIndex(table, worker), DURATION_SCALE, ms);
}

/** How many connections of a channel have ended in a way, since the start. */
export function endCount(table: Table, slot: number, cause: Cause): number {
  let sum = 0;
  for (let worker = 0; worker < table.workers; worker++) {
    sum += table.floats[causeIndex(table, worker, slot, cause)] ?? 0;
  }
  return sum;
}

/** How many connections of some channels have ended in each way, since the start. */
export function endCounts(table: Table, slots: readonly number[]): Record<Cause, number> {
  const entries = CAUSES.map((cause) =>
    [cause, slots.reduce((sum, slot) => sum + endCount(table, slot, cause), 0)] as const
  );
  return Object.fromEntries(entries) as Record<Cause, number>;
}

/** How long a channel's connects took, since the start; values in ms, of `CONNECT_SCALE`. */
export function connectHistogram(table: Table, slot: number): Histogram {
  const runs = workersOf(table).map((worker) => connectsIndex(table, worker, slot));
  return sumHistograms(table.floats, runs, CONNECT_SCALE);
}

/** How long connections lasted, since the start; values in ms, of `DURATION_SCALE`. */
export function durationHistogram(table: Table): Histogram {
  const runs = workersOf(table).map((worker) => durationsIndex(table, worker));
  return sumHistograms(table.floats, runs, DURATION_SCALE);
}

function workersOf({ workers }: Table): number[] {
  return Array.from({ length: workers }, (_, worker) => worker);
}
