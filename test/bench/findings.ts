/**
 * Everything that one run has found out. Data only.
 *
 * @module
 */
import type { IdleCalls } from "./idle_tests.ts";
import type { BaseMemory, PairMemory, ServedMemory } from "./memory_tests.ts";
import type { Sample } from "./stats.ts";
import type { Times } from "./time_tests.ts";

/** Name of our program with one and with two workers, in {@link Findings.workers}. */
export const WORKERS = { one: "1 worker", two: "2 workers" } as const;

/** Everything that one run has found out; empty parts were not measured. */
export interface Findings {
  /** Load tests and latency. */
  readonly load: readonly Sample[];
  /** Load tests of our program with one and with two workers, by the names in {@link WORKERS}. */
  readonly workers: readonly Sample[];
  readonly pairs: readonly PairMemory[];
  readonly served: readonly ServedMemory[];
  readonly base: readonly BaseMemory[];
  readonly idle: readonly IdleCalls[];
  readonly startup: Times;
  readonly show: Times;
}
