/**
 * What a build or an option costs, to less than a percent: the CPU of a unit of work of several command lines, measured in
 * pairs, over so many short rounds that the machine's noise cancels.
 *
 * `deno task bench:paired ROUNDS WORK NAME=COMMAND NAME=COMMAND...`, where `WORK` is `requests` (small ones, 64 kept
 * connections) or `connections` (one request each, the client closes). In a command `{port}`, `{backend}` (a port of
 * 127.0.0.1) and `{http}` are replaced; whoever has `{http}` is asked for its metrics once a second while it is measured.
 * Everything is compared with the first one.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { freePort } from "../kit/ports.ts";
import { sleep } from "../kit/wait.ts";
import { LoadGenerator } from "./loadgen.ts";
import { type Pinning, requireMachine } from "./machine.ts";
import { UsageError } from "./options.ts";
import { Processes, untilListening } from "./processes.ts";
import { threadSeconds } from "./procfs.ts";
import { runProgram } from "./run_program.ts";
import { medianInterval, shuffled } from "./stats.ts";
import { note, print } from "./terminal.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const SECONDS = 2;
const SCRAPE_MS = 1000;
const WORK: ReadonlyMap<string, (target: string) => (string | number)[]> = new Map([
  ["requests", (target) => ["keep", target, 64, SECONDS, 100, 200]],
  ["connections", (target) => ["connect", target, 32, SECONDS, "client"]],
]);

/** A program that is up. */
interface Subject {
  readonly name: string;
  readonly pid: number;
  readonly port: number;
  /** Where its metrics are; undefined if nobody wants them. */
  readonly metrics: string | undefined;
}

interface Wanted {
  readonly rounds: number;
  readonly work: (target: string) => (string | number)[];
  readonly commands: readonly (readonly [name: string, command: string])[];
}

function parse([rounds = "", work = "", ...commands]: readonly string[]): Wanted {
  const load = WORK.get(work);
  const named = commands.map((text) => {
    const [, name = "", command = ""] = /^(\w[^=]*)=(.+)$/.exec(text) ?? [];
    return [name, command] as const;
  });
  const valid = /^[1-9]\d*$/.test(rounds) && named.length > 1 && named.every(([name]) => name);
  if (load === undefined || !valid) {
    throw new UsageError(
      "bench:paired ROUNDS requests|connections NAME=COMMAND NAME=COMMAND...",
    );
  }
  return { rounds: Number(rounds), work: load, commands: named };
}

async function start(
  processes: Processes,
  [name, command]: readonly [string, string],
  backend: number,
  pinning: Pinning,
): Promise<Subject> {
  const [port, http] = [freePort(), freePort()];
  const argv = command.split(" ").map((word) =>
    word.replaceAll("{port}", `${port}`).replaceAll("{backend}", `${backend}`)
      .replaceAll("{http}", `${http}`)
  );
  const running = processes.start(argv, { cores: pinning.proxy });
  await untilListening(port, running);
  const metrics = command.includes("{http}") ? `http://127.0.0.1:${http}/metrics` : undefined;
  return { name, pid: running.pid, port, metrics };
}

/** Asks once a second until it is told to stop. */
async function scrape(url: string, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    const answer = await fetch(url);
    await answer.body?.cancel();
    if (!answer.ok) throw new Error(`${url} answers ${answer.status}`);
    await sleep(SCRAPE_MS);
  }
}

/** Microseconds of CPU for a unit. */
async function measure(
  loadgen: LoadGenerator,
  { pid, port, metrics }: Subject,
  work: Wanted["work"],
  pinning: Pinning,
): Promise<number> {
  const stop = new AbortController();
  const scraping = metrics === undefined ? undefined : scrape(metrics, stop.signal);
  const before = threadSeconds(pid);
  const result = await loadgen.run(work(`127.0.0.1:${port}`), pinning.load);
  const used = threadSeconds(pid) - before;
  stop.abort();
  await scraping;
  return used * 1e6 / (result.get("n") ?? NaN);
}

async function main(processes: Processes): Promise<void> {
  const { rounds, work, commands } = parse(Deno.args);
  const pinning = requireMachine();
  const loadgen = await LoadGenerator.build(ROOT, processes);
  const backend = await loadgen.startBackend(pinning.load);
  const subjects: Subject[] = [];
  for (const command of commands) {
    subjects.push(await start(processes, command, backend.port, pinning));
  }
  // The first time is not counted: code is compiled then.
  for (const subject of subjects) await measure(loadgen, subject, work, pinning);
  const figures = new Map(subjects.map((subject) => [subject, [] as number[]]));
  for (let round = 1; round <= rounds; round++) {
    for (const subject of shuffled(subjects, Math.random)) {
      figures.get(subject)?.push(await measure(loadgen, subject, work, pinning));
    }
    note(`round ${round} of ${rounds}`);
  }
  const [first] = [...figures.values()];
  print(
    "| command | CPU a unit, us | of the first | 95 % of medians |\n| --- | ---: | ---: | ---: |",
  );
  for (const [{ name }, values] of figures) {
    const ratios = values.map((value, round) => value / (first?.[round] ?? NaN));
    const { median, low, high } = medianInterval(ratios, Math.random);
    const own = medianInterval(values, Math.random).median;
    const cells = [
      name,
      own.toFixed(2),
      median.toFixed(4),
      `${low.toFixed(4)}..${high.toFixed(4)}`,
    ];
    print(`| ${cells.join(" | ")} |`);
  }
}

if (import.meta.main) Deno.exit(await runProgram(main));
