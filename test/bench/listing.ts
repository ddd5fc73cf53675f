/**
 * What the commands of operators cost an instance with thousands of connections: how long they take, and how much they
 * delay the requests of others meanwhile. What an answer takes of CPU is the most that it can delay anybody by, which does
 * not depend on what else the machine does.
 *
 * `deno task bench:conns [CONNECTIONS] [ROUNDS]` after `deno task compile`. Rounds with and without somebody who asks take
 * turns, so that a machine that changes meanwhile changes both.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { socketPath } from "../../lib/control/run_dir.ts";
import { Control } from "../kit/control.ts";
import { freePort } from "../kit/ports.ts";
import { TempDir } from "../kit/temp_dir.ts";
import { sleep } from "../kit/wait.ts";
import { LoadGenerator } from "./loadgen.ts";
import { Processes, untilListening } from "./processes.ts";
import { descriptorLimit, threadSeconds } from "./procfs.ts";
import { runProgram } from "./run_program.ts";
import { median } from "./stats.ts";
import { print } from "./terminal.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const BIND = "127.0.0.1";
/** Descriptors of an instance that are no client's or server's, and those of its requests. */
const SPARE = 200;
/** Kept connections of the others, and their requests a second. */
const [KEPT, RATE, SECONDS] = [32, 1000, 4];
/** Answers whose CPU is measured. */
const ANSWERS = 50;
/** Pause between two commands, in ms. */
const PAUSE_MS = 100;

const COMMANDS = ["conns", "conns json", "causes", "show json", "snapshot", "explain 127.0.0.1"];
const ENGINES = ["deno", "native"];

/** Answer times of requests in ms. */
interface Times {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** How many connections there may be: two descriptors each. */
function possible(wanted: number): number {
  return Math.min(wanted, Math.floor((descriptorLimit() - SPARE) / 2));
}

async function requests(loadgen: LoadGenerator, port: number): Promise<Times> {
  const times = await loadgen.run(["rate", `${BIND}:${port}`, KEPT, RATE, SECONDS]);
  const ms = (name: string): number => (times.get(name) ?? NaN) / 1000;
  return { p50: ms("p50"), p99: ms("p99"), max: ms("max") };
}

/** Asks over and over until it is told to stop; how long each answer took, in ms. */
async function ask(socket: string, command: string, stop: AbortSignal): Promise<number[]> {
  using control = await Control.open(socket);
  const took: number[] = [];
  while (!stop.aborted) {
    const began = performance.now();
    await control.answer(command);
    took.push(performance.now() - began);
    await sleep(PAUSE_MS);
  }
  return took;
}

/** CPU of an answer in ms, while there is nothing else to do. */
async function cost(socket: string, command: string, pid: number): Promise<number> {
  using control = await Control.open(socket);
  await control.answer(command);
  const before = threadSeconds(pid);
  for (let left = ANSWERS; left > 0; left--) await control.answer(command);
  return (threadSeconds(pid) - before) * 1000 / ANSWERS;
}

async function measure(
  processes: Processes,
  loadgen: LoadGenerator,
  engine: string,
  connections: number,
  rounds: number,
): Promise<void> {
  using dir = new TempDir();
  const backend = await loadgen.startBackend();
  const port = freePort();
  const options = ["-f", "-b", BIND, "--run-dir", dir.path, "--engine", engine];
  const balance = processes.start([
    `${ROOT}dist/balance`,
    ...options,
    `${port}`,
    `${BIND}:${backend.port}`,
  ]);
  await untilListening(port, balance);
  const clients = await loadgen.openIdle(port, connections, 200);
  const socket = socketPath(dir.path, port, BIND);
  const quiet: Times[] = [];
  const loud = new Map<string, Times[]>(COMMANDS.map((command) => [command, []]));
  const answers = new Map<string, number[]>(COMMANDS.map((command) => [command, []]));
  for (let round = 0; round < rounds; round++) {
    quiet.push(await requests(loadgen, port));
    for (const command of COMMANDS) {
      const stop = new AbortController();
      const asking = ask(socket, command, stop.signal);
      loud.get(command)?.push(await requests(loadgen, port));
      stop.abort();
      answers.get(command)?.push(...await asking);
    }
  }
  const costs = new Map<string, number>();
  for (const command of COMMANDS) costs.set(command, await cost(socket, command, balance.pid));
  for (const each of [clients, balance, backend.running]) await processes.stop(each);
  const row = (name: string, took: readonly number[], times: readonly Times[]): void => {
    const cpu = costs.get(name);
    const own = cpu === undefined
      ? ["-", "-", "-"]
      : [median(took), Math.max(...took), cpu].map((each) => each.toFixed(1));
    const theirs = (["p50", "p99", "max"] as const).map((key) =>
      median(times.map((each) => each[key])).toFixed(2)
    );
    print(`| ${[engine, name, ...own, ...theirs].join(" | ")} |`);
  };
  row("nobody asks", [], quiet);
  for (const command of COMMANDS) row(command, answers.get(command) ?? [], loud.get(command) ?? []);
}

async function main(processes: Processes): Promise<void> {
  const [wanted = 10_000, rounds = 5] = Deno.args.map(Number);
  const connections = possible(wanted);
  const loadgen = await LoadGenerator.build(ROOT, processes);
  print(
    `${connections} live connections` +
      (connections < wanted
        ? ` (${wanted} were wanted; this machine has no more descriptors)`
        : "") +
      `, ${RATE} requests a second on ${KEPT} others, a command each ${PAUSE_MS} ms; ${rounds} rounds of ` +
      `${SECONDS} seconds: medians, and the slowest answer of all.\n\n` +
      "| engine | command | answer, ms | slowest | its CPU, ms | request p50, ms | p99 | max |\n" +
      "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |",
  );
  for (const engine of ENGINES) await measure(processes, loadgen, engine, connections, rounds);
}

if (import.meta.main) Deno.exit(await runProgram(main));
