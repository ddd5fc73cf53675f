/**
 * Measures the compiled program against its peers; `deno task bench --help` says how to call it.
 *
 * Method: backend and all candidates are started once, the proxies on one core, load generator and
 * backend on another. In every repetition of every test each candidate is measured once, in shuffled
 * order, and ratios are formed inside a repetition, so that slow drift of a shared machine cancels.
 * CPU is user plus system time of the candidate's processes per unit of work. Where "core used" is
 * below 0.9 the proxy was not what limited the rate: then only the CPU columns say something.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { type Candidate, DIRECT, OURS } from "./candidates.ts";
import { type Findings, WORKERS } from "./findings.ts";
import { startCandidate, type Started } from "./fleet.ts";
import { assemble, type Lineup } from "./lineup.ts";
import {
  LATENCY_TEST,
  type LoadTest,
  measureInterleaved,
  THROUGHPUT_TESTS,
  WORKER_TESTS,
} from "./load_tests.ts";
import { LoadGenerator } from "./loadgen.ts";
import { describeMachine, type Pinning, requireMachine } from "./machine.ts";
import { measureIdle } from "./idle_tests.ts";
import { measureBase, measurePairs, measureServed } from "./memory_tests.ts";
import {
  type BenchOptions,
  parseBenchOptions,
  type Plan,
  planFor,
  type TestName,
  USAGE,
} from "./options.ts";
import { Processes, type Running } from "./processes.ts";
import { formatReport } from "./report.ts";
import { writeSection } from "./results_file.ts";
import { runProgram } from "./run_program.ts";
import type { Sample } from "./stats.ts";
import { note, print } from "./terminal.ts";
import { measureShow, measureStartup } from "./time_tests.ts";

/** What all parts of a run share. */
interface Context {
  readonly options: BenchOptions;
  readonly plan: Plan;
  readonly pinning: Pinning;
  readonly processes: Processes;
  readonly loadgen: LoadGenerator;
  /** Directory for configuration files. */
  readonly folder: string;
  readonly candidates: readonly Candidate[];
}

/**
 * Measures interleaved on one core. The latency test comes last, with programs that all other load has gone through,
 * since what that leaves behind shows in the tail; it also measures without a proxy.
 */
async function measureLoad(context: Context): Promise<Sample[]> {
  const { options, pinning, processes, loadgen, folder, candidates, plan } = context;
  const wanted = ({ name }: LoadTest): boolean => options.only.includes(name);
  const tests = THROUGHPUT_TESTS.filter(wanted);
  if (tests.length === 0 && !wanted(LATENCY_TEST)) return [];
  const backend = await loadgen.startBackend(pinning.load);
  const request = { backend: backend.port, cores: pinning.proxy };
  const up: Started[] = [];
  for (const candidate of candidates) {
    up.push(await startCandidate(candidate, request, folder, processes));
  }
  const bench = { loadgen, processes, plan, loadCores: pinning.load };
  const samples = await measureInterleaved(bench, tests, up);
  if (wanted(LATENCY_TEST)) {
    const direct = { name: DIRECT, port: backend.port, running: undefined };
    samples.push(...await measureInterleaved(bench, [LATENCY_TEST], [...up, direct]));
  }
  await stopAll(processes, [...up.flatMap(({ running }) => running ?? []), backend.running]);
  return samples;
}

/** Measures our program with one worker against itself with two, both on two cores. */
async function measureWorkers(context: Context): Promise<Sample[]> {
  const { options, pinning, processes, loadgen, folder, candidates, plan } = context;
  const own = candidates.find(({ name }) => name === OURS);
  if (!options.only.includes("workers") || own === undefined) return [];
  if (!own.hasWorkers) {
    note("workers: left out, the stand-in's command has no {workers}");
    return [];
  }
  const backend = await loadgen.startBackend(pinning.loadPair);
  const request = { backend: backend.port, cores: pinning.proxyPair };
  const one = await startCandidate(own, { ...request, workers: 1 }, folder, processes);
  const two = await startCandidate(own, { ...request, workers: 2 }, folder, processes);
  const samples = await measureInterleaved(
    { loadgen, processes, plan, loadCores: pinning.loadPair },
    WORKER_TESTS,
    [{ ...one, name: WORKERS.one }, { ...two, name: WORKERS.two }],
  );
  await stopAll(processes, [one.running, two.running, backend.running]);
  return samples;
}

async function stopAll(processes: Processes, running: readonly Running[]): Promise<void> {
  await Promise.all(running.map((one) => processes.stop(one)));
}

async function measureAll(context: Context): Promise<Findings> {
  const { options, candidates, plan } = context;
  const wanted = (test: TestName): boolean => options.only.includes(test);
  const times = { ...context, reps: plan.startReps };
  return {
    workers: await measureWorkers(context),
    pairs: wanted("memory") ? await measurePairs(context, candidates, plan.pairs) : [],
    served: wanted("served") ? await measureServed(context, candidates, plan.served) : [],
    base: wanted("base") ? await measureBase(context, candidates) : [],
    idle: wanted("idle") ? await measureIdle(context, candidates, plan.idleSeconds) : [],
    startup: wanted("startup") ? await measureStartup(times, candidates) : new Map(),
    show: wanted("show") ? await measureShow(times, candidates) : new Map(),
    load: await measureLoad(context),
  };
}

function heading(context: Context, lineup: Lineup): string {
  const { options, plan, pinning } = context;
  const day = new Date().toISOString().slice(0, 10);
  const versions = lineup.candidates.map(({ name, version }) => `${name}: ${version}`);
  return [
    `## Benchmark of ${day}${options.quick ? " (QUICK: short and few repetitions, rough)" : ""}`,
    "",
    `- Machine: ${describeMachine(pinning)}; load average ${
      Deno.loadavg().map((load) => load.toFixed(1)).join(" ")
    } at the start.`,
    ...versions.map((version) => `- ${version}`),
    ...lineup.remarks.map((remark) => `- ${remark}`),
    `- Repetitions: ${plan.reps}, interleaved; median [min..max], ratios formed inside a repetition.`,
    `  CPU is user + system time per unit. Where "core used" is below 0.9 the proxy was not the`,
    "  bottleneck, and only CPU says something.",
  ].join("\n");
}

async function main(argv: readonly string[], processes: Processes): Promise<void> {
  const options = parseBenchOptions(argv);
  if (options.help) return print(USAGE);
  const pinning = requireMachine();
  const root = fileURLToPath(new URL("../../", import.meta.url));
  const loadgen = await LoadGenerator.build(root, processes);
  const lineup = await assemble(root, options, processes);
  const folder = await Deno.makeTempDir({ prefix: "balance-bench-" });
  try {
    const { candidates } = lineup;
    const plan = planFor(options);
    const context = { options, plan, pinning, processes, loadgen, folder, candidates };
    const head = heading(context, lineup);
    print(head);
    const report = formatReport(await measureAll(context), options.only);
    print(`\n${report}`);
    if (options.write) {
      await writeSection(`${root}test/bench/RESULTS.md`, "bench", `${head}\n\n${report}`);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) Deno.exit(await runProgram((processes) => main(Deno.args, processes)));
