/**
 * The targets and whether they are met. Pure.
 *
 * @module
 */
import { CLASSIC, OURS } from "./candidates.ts";
import { type Findings, WORKERS } from "./findings.ts";
import { LARGE_ANSWER, type PairMemory, perPair, SMALL_ANSWER } from "./memory_tests.ts";
import type { TestName } from "./options.ts";
import { cpuPerUnit, pairedRatios, type Sample, type Spread, spread } from "./stats.ts";

/** A target with what was measured. */
export interface Target {
  /** The test that measures it. */
  readonly test: TestName;
  readonly title: string;
  /** Largest value that meets it. */
  readonly limit: number;
  /** "x" for a ratio, else the unit. */
  readonly unit: string;
  /** Undefined when it was not measured. */
  readonly measured: Spread | undefined;
}

/** Largest ratio of CPU time per unit, by test, against each of two peers. */
const CPU_LIMITS: readonly { test: TestName; title: string; haproxy: number; classic: number }[] = [
  { test: "keep", title: "small requests", haproxy: 1.25, classic: 0.65 },
  { test: "keep-20k", title: "20 kB answers", haproxy: 0.85, classic: 0.55 },
  { test: "keep-100k", title: "100 kB answers", haproxy: 0.85, classic: 0.55 },
  { test: "connect-client", title: "new connections, client closes", haproxy: 1.45, classic: 0.35 },
  { test: "connect-server", title: "new connections, server closes", haproxy: 1.45, classic: 0.35 },
  { test: "bulk-down", title: "bulk download", haproxy: 0.45, classic: 0.30 },
  { test: "bulk-up", title: "bulk upload", haproxy: 0.45, classic: 0.30 },
];

/** Whether a target is met, as the report says it. Judged by the median. */
export function verdict({ limit, measured }: Target): "met" | "NOT met" | "not measured" {
  if (measured === undefined) return "not measured";
  return measured.median <= limit ? "met" : "NOT met";
}

/** All targets against what was measured. */
export function evaluate(findings: Findings): Target[] {
  return [
    ...cpuTargets(findings, "haproxy"),
    ...cpuTargets(findings, CLASSIC),
    ...latencyTargets(findings),
    ...workerTargets(findings),
    ...pairTargets(findings),
    ...twiceTargets(findings.served, {
      test: "served",
      title: "RSS after short connections",
      limit: 100,
      unit: "MiB",
      value: ({ rss }) => rss / 1024,
    }),
    ...twiceTargets(findings.idle, {
      test: "idle",
      title: "system calls in ten idle seconds",
      limit: 100,
      unit: "calls",
      value: ({ calls, seconds }) => calls * 10 / seconds,
    }),
    {
      test: "base",
      title: "base memory (RSS)",
      limit: 55,
      unit: "MiB",
      measured: spread(
        findings.base.filter((row) => row.candidate === OURS).map((row) => row.rss / 1024),
      ),
    },
    {
      test: "startup",
      title: "start-up to listening",
      limit: 40,
      unit: "ms",
      measured: spread(findings.startup.get(OURS) ?? []),
    },
    {
      test: "show",
      title: "-c show",
      limit: 45,
      unit: "ms",
      measured: spread(findings.show.get(OURS) ?? []),
    },
  ];
}

function cpuTargets({ load }: Findings, peer: "haproxy" | typeof CLASSIC): Target[] {
  return CPU_LIMITS.map((limits) => ({
    test: limits.test,
    title: `CPU, ${limits.title}, against ${peer}`,
    limit: limits[peer],
    unit: "x",
    measured: spread(pairedRatios(load, limits.test, { of: OURS, to: peer }, cpuPerUnit)),
  }));
}

function latencyTargets({ load }: Findings): Target[] {
  const target = (title: string, limit: number, value: (sample: Sample) => number): Target => ({
    test: "latency",
    title: `latency ${title} at 5000/s, against haproxy`,
    limit,
    unit: "x",
    measured: spread(pairedRatios(load, "latency", { of: OURS, to: "haproxy" }, value)),
  });
  return [
    target("p50", 1, (s) => s.p50),
    target("p99", 2, (s) => s.p99),
    target("p99.9", 1.5, (s) => s.p999),
  ];
}

function workerTargets({ workers }: Findings): Target[] {
  const pair = { of: WORKERS.two, to: WORKERS.one };
  const titles = new Map([
    ["keep", "small requests"],
    ["connect-client", "new connections"],
    ["bulk-down", "bulk download"],
  ]);
  return [...titles].map(([test, title]) => ({
    test: "workers",
    title: `CPU, ${title}, 2 workers against 1`,
    limit: 1.10,
    unit: "x",
    measured: spread(pairedRatios(workers, test, pair, cpuPerUnit)),
  }));
}

/** The same target for our program with one worker and with two. */
function twiceTargets<T extends { readonly candidate: string; readonly workers: number }>(
  rows: readonly T[],
  target: Omit<Target, "measured"> & { readonly value: (row: T) => number },
): Target[] {
  const { value, title, ...rest } = target;
  return [1, 2].map((workers) => ({
    ...rest,
    title: workers === 1 ? title : `${title}, ${workers} workers`,
    measured: spread(
      rows.filter((row) => row.candidate === OURS && row.workers === workers).map(value),
    ),
  }));
}

function pairTargets({ pairs }: Findings): Target[] {
  const target = (answer: number, count: number): Target => ({
    test: "memory",
    title: answer === SMALL_ANSWER
      ? `idle pair beyond the base, ${count} pairs`
      : `idle pair 10 s after a 200 kB answer, ${count} pairs`,
    limit: answer === SMALL_ANSWER ? 20 : 30,
    unit: "KiB",
    measured: spread(
      pairs.filter((row: PairMemory) =>
        row.candidate === OURS && row.answer === answer && row.pairs === count
      ).map(perPair),
    ),
  });
  return [SMALL_ANSWER, LARGE_ANSWER].flatMap((answer) =>
    [1000, 5000].map((count) => target(answer, count))
  );
}
