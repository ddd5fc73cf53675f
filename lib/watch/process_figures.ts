/**
 * What this process uses, as far as the runtime tells without a grant.
 *
 * It does not tell the number of open files and its limit, of threads, nor the virtual memory: those lie in `/proc`, which
 * the runtime gives to nobody who has less than all grants.
 *
 * @module
 */
import process from "node:process";
import type { ProcessFigures } from "../core/report/metric_families.ts";

/** Looks at the process. */
export function processFigures(): ProcessFigures {
  const { user, system } = process.cpuUsage();
  const { rss, heapTotal } = Deno.memoryUsage();
  return {
    cpuSeconds: (user + system) / 1e6,
    residentBytes: rss,
    heapBytes: heapTotal,
    startedSeconds: performance.timeOrigin / 1000,
  };
}
