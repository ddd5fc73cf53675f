/**
 * What watching by HTTP costs traffic: CPU of the balancer for a small request, and answer times, while nobody, somebody
 * or a crowd of ill will is at `--http`.
 *
 * `deno task bench:http [ROUNDS]` after `deno task compile`. Situations are measured in turn, so that a machine that
 * changes meanwhile changes all of them.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { freePort } from "../kit/ports.ts";
import { sleep } from "../kit/wait.ts";
import { LoadGenerator } from "./loadgen.ts";
import { Processes, type Running, untilListening } from "./processes.ts";
import { cpuTime, descriptors } from "./procfs.ts";
import { runProgram } from "./run_program.ts";
import { median } from "./stats.ts";
import { print } from "./terminal.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const CROWD = `${ROOT}test/bench/watching_crowd.ts`;
const CONNECTIONS = 64;
const SECONDS = 3;
/** Requests a second while answer times are measured. */
const RATE = 1000;

/** Who is at `--http`; undefined is an instance without it. */
const SITUATIONS: readonly (readonly [name: string, kind: string | undefined])[] = [
  ["without --http", undefined],
  ["--http, nobody there", ""],
  ["a scrape each second", "scrape"],
  ["3 dashboards", "dashboards"],
  ["1000 idle connections, each back when it is closed", "idle"],
  ["232 clients that read no answer", "deaf"],
  ["32 clients that ask for metrics as fast as they can", "hasty"],
];

/** What was measured once. */
interface Figures {
  /** Microseconds of CPU for a request. */
  readonly cpu: number;
  /** Answer times in ms. */
  readonly p50: number;
  readonly p99: number;
  /** Descriptors of the balancer at the end. */
  readonly descriptors: number;
}

async function measure(
  processes: Processes,
  loadgen: LoadGenerator,
  kind: string | undefined,
): Promise<Figures> {
  const backend = await loadgen.startBackend();
  const [port, http] = [freePort(), freePort()];
  const options = kind === undefined ? [] : ["--http", `${http}`];
  const argv = [`${ROOT}dist/balance`, "-f", "-b", "127.0.0.1", ...options, `${port}`];
  const balance = processes.start([...argv, `127.0.0.1:${backend.port}`]);
  await untilListening(port, balance);
  const crowd = kind === undefined || kind === "" ? undefined : await gather(processes, kind, http);
  const target = `127.0.0.1:${port}`;
  const cpu = await costOf(balance, async () => {
    const result = await loadgen.run(["keep", target, CONNECTIONS, SECONDS, 100, 200]);
    return result.get("n") ?? 0;
  });
  const times = await loadgen.run(["rate", target, CONNECTIONS, RATE, SECONDS]);
  const open = descriptors(balance.pid);
  if (crowd !== undefined) await processes.stop(crowd);
  for (const running of [balance, backend.running]) await processes.stop(running);
  return {
    cpu,
    p50: (times.get("p50") ?? 0) / 1000,
    p99: (times.get("p99") ?? 0) / 1000,
    descriptors: open,
  };
}

async function gather(processes: Processes, kind: string, port: number): Promise<Running> {
  const words = [Deno.execPath(), "run", "--no-config", "--allow-net", CROWD, kind, `${port}`];
  const crowd = processes.start(words);
  await sleep(2000);
  return crowd;
}

/** Microseconds of CPU for one of what is counted. */
async function costOf(balance: Running, work: () => Promise<number>): Promise<number> {
  const before = cpuTime(balance.pid);
  const count = await work();
  const after = cpuTime(balance.pid);
  return (after.user + after.system - before.user - before.system) * 1e6 / count;
}

async function main(processes: Processes): Promise<void> {
  const loadgen = await LoadGenerator.build(ROOT, processes);
  const rounds = Number(Deno.args[0] ?? 5);
  const all = new Map<string, Figures[]>(SITUATIONS.map(([name]) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, kind] of SITUATIONS) {
      all.get(name)?.push(await measure(processes, loadgen, kind));
    }
  }
  print(
    `Small requests on ${CONNECTIONS} kept connections; answer times at ${RATE} a second. Medians of ` +
      `${rounds} rounds.\n\n` +
      "| at --http | CPU a request, µs | p50, ms | p99, ms | descriptors |\n" +
      "| --- | ---: | ---: | ---: | ---: |",
  );
  for (const [name, figures] of all) {
    const [cpu, p50, p99, open] = (["cpu", "p50", "p99", "descriptors"] as const).map((key) =>
      median(figures.map((each) => each[key]))
    );
    print(
      `| ${name} | ${cpu?.toFixed(1)} | ${p50?.toFixed(2)} | ${p99?.toFixed(2)} | ${open} |`,
    );
  }
}

if (import.meta.main) Deno.exit(await runProgram(main));
