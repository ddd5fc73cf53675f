/**
 * The load tests: closed loops, bulk streams and the open loop, measured interleaved.
 *
 * @module
 */
import { attempt } from "./attempt.ts";
import type { Started } from "./fleet.ts";
import type { LoadGenerator, LoadResult } from "./loadgen.ts";
import type { Plan, TestName } from "./options.ts";
import { type Processes } from "./processes.ts";
import { cpuTime } from "./procfs.ts";
import { type Sample, shuffled } from "./stats.ts";
import { progress } from "./terminal.ts";
import { sleep } from "../kit/wait.ts";

/** A load test. */
export interface LoadTest {
  readonly name: TestName;
  /** Heading in the report. */
  readonly title: string;
  /** What is counted: "req", "conn" or "MB". */
  readonly unit: string;
  /** Arguments of the load generator. */
  args(port: number, plan: Plan): (string | number)[];
  /** Arguments of a run before each measurement, which is not recorded; without: none. */
  before?(port: number, plan: Plan): (string | number)[];
}

/** Requests per second of the open loop. */
export const LATENCY_RATE = 5000;

const keep = (name: TestName, title: string, answer: number): LoadTest => ({
  name,
  title,
  unit: "req",
  args: (port, { seconds }) => ["keep", address(port), 64, seconds, 100, answer],
});

const connect = (who: "client" | "server"): LoadTest => ({
  name: `connect-${who}`,
  title: `New connections, one request each, ${who} closes`,
  unit: "conn",
  args: (port, { seconds }) => ["connect", address(port), 32, seconds, who],
});

const bulk = (direction: "down" | "up"): LoadTest => ({
  name: `bulk-${direction}`,
  title: `Bulk ${direction === "down" ? "download" : "upload"}, 4 streams`,
  unit: "MB",
  args: (port, { megabytes }) => ["bulk", address(port), 4, megabytes, direction],
});

/** The closed loops and bulk streams: judged by CPU time per unit. */
export const THROUGHPUT_TESTS: readonly LoadTest[] = [
  keep("keep", "Small requests: 100 B / 200 B, 64 kept connections", 200),
  keep("keep-20k", "20 kB answers, 64 kept connections", 20_000),
  keep("keep-100k", "100 kB answers, 64 kept connections", 100_000),
  connect("client"),
  connect("server"),
  bulk("down"),
  bulk("up"),
];

/** The open loop: judged by latency. */
export const LATENCY_TEST: LoadTest = {
  name: "latency",
  title: `Latency at ${LATENCY_RATE} requests/s after new connections, open loop, 32 connections`,
  unit: "req",
  before: (port, { spell }) => ["connect", address(port), 32, 60, "client", spell],
  args: (port, { latencySeconds }) => ["rate", address(port), 32, LATENCY_RATE, latencySeconds],
};

/** The tests that compare two workers with one. */
export const WORKER_TESTS: readonly LoadTest[] = THROUGHPUT_TESTS.filter(({ name }) =>
  name === "keep" || name === "connect-client" || name === "bulk-down"
);

function address(port: number): string {
  return `127.0.0.1:${port}`;
}

/** What {@link measureInterleaved} works with. */
export interface Bench {
  readonly loadgen: LoadGenerator;
  readonly processes: Processes;
  /** Cores of the load generator, as `taskset -c` takes them. */
  readonly loadCores: string;
  readonly plan: Plan;
}

/**
 * Measures each candidate once in every repetition of every test, in an order shuffled for each
 * repetition, after a short run of everything that is not recorded. A measurement that fails is
 * noted and left out.
 */
export async function measureInterleaved(
  bench: Bench,
  tests: readonly LoadTest[],
  started: readonly Started[],
): Promise<Sample[]> {
  const { plan } = bench;
  const short = {
    ...plan,
    seconds: plan.warmUpSeconds,
    latencySeconds: plan.warmUpSeconds,
    megabytes: plan.megabytes / 4,
  };
  const samples: Sample[] = [];
  for (const test of tests) {
    for (const target of started) {
      progress(`warming up: ${test.name}, ${target.name}`);
      await measure({ ...bench, plan: short }, test, target, 0);
    }
  }
  for (let rep = 1; rep <= plan.reps; rep++) {
    for (const test of tests) {
      for (const target of shuffled(started, Math.random)) {
        progress(`repetition ${rep} of ${plan.reps}: ${test.name}, ${target.name}`);
        const sample = await measure(bench, test, target, rep);
        if (sample !== undefined) samples.push(sample);
      }
    }
  }
  return samples;
}

async function measure(
  { loadgen, processes, loadCores, plan }: Bench,
  test: LoadTest,
  target: Started,
  rep: number,
): Promise<Sample | undefined> {
  const pid = target.running?.pid;
  const run = (args: (string | number)[]): Promise<LoadResult | undefined> =>
    attempt(`${target.name}, ${test.name}`, processes, () => loadgen.run(args, loadCores));
  if (test.before !== undefined) await run(test.before(target.port, plan));
  const before = usage(pid);
  const begun = performance.now();
  const result = await run(test.args(target.port, plan));
  if (result === undefined) return undefined;
  const seconds = (performance.now() - begun) / 1000;
  // Closing is part of the work of a connection: let the last ones end.
  if (test.unit === "conn") await sleep(150);
  const after = usage(pid);
  return {
    test: test.name,
    candidate: target.name,
    rep,
    seconds,
    units: result.get("n") ?? 0,
    rate: result.get("rate") ?? 0,
    errors: result.get("err") ?? 0,
    p50: result.get("p50") ?? 0,
    p99: result.get("p99") ?? 0,
    p999: result.get("p99.9") ?? 0,
    max: result.get("max") ?? 0,
    cpu: { user: after.user - before.user, system: after.system - before.system },
  };
}

function usage(pid: number | undefined): Sample["cpu"] {
  return pid === undefined ? { user: 0, system: 0 } : cpuTime(pid);
}
