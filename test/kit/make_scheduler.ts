/**
 * Schedulers for tests: one worker, chance that can be repeated.
 *
 * @module
 */
import { Random } from "./random.ts";
import { Scheduler, type SchedulerRules } from "../../lib/core/schedule/schedule.ts";
import type { Table } from "../../lib/core/table/schema.ts";

/** A scheduler of a table's first worker, with rules of its own where some are given. */
export function makeScheduler(table: Table, rules: Partial<SchedulerRules> = {}): Scheduler {
  const random = new Random(1);
  return new Scheduler({
    table,
    worker: 0,
    chance: () => random.next(),
    loadBound: undefined,
    ...rules,
  });
}
