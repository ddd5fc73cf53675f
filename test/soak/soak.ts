// deno-lint-ignore-file no-console -- it talks to a terminal
/**
 * Everything at once, for minutes: `deno task soak [MINUTES] [--balance CMD] [--workers N] [--seed N]`.
 *
 * Clients whose bytes are checked, clients that reset, stall and idle, a backend that comes and goes, one that refuses
 * and one that never answers, an operator who changes things, and the instance itself stopped and continued. At the end
 * everything must be back where it was. Exit code 1 if anything was wrong.
 *
 * @module
 */
import { cpuMs, descriptors, isAlive, peakBytes, residentBytes } from "../kit/processes.ts";
import { binary } from "../kit/needs.ts";
import { Random } from "../kit/random.ts";
import { comeAndGo, FLAKY_ADDRESS, pause, soakBackend, STEADY } from "./backends.ts";
import { crowd, misbehave, operate, type Stage, talk, Tally } from "./clients.ts";
import { type Command, COMPILED, defaultCommand, SOURCE } from "../kit/programs.ts";
import { returningPort } from "../kit/ports.ts";
import type { Instance } from "../kit/instance.ts";
import { startInstance } from "../kit/start.ts";
import { BlackHole } from "../kit/black_hole.ts";
import { REFUSED } from "../kit/backends.ts";
import { sleep } from "../kit/wait.ts";

interface Settings {
  readonly command: Command;
  readonly minutes: number;
  readonly workers: string;
  readonly seed: number;
}

/** Memory that may be gained between the warm-up and the end, in bytes. */
const MEMORY_SLACK = 64e6;
const USAGE = "usage: deno task soak [MINUTES] [--balance CMD] [--workers N] [--seed N]";

function settings(args: readonly string[]): Settings | undefined {
  let minutes = 1;
  let workers = "2";
  let seed = Math.floor(Math.random() * 2 ** 32);
  let command = binary().met && defaultCommand() === SOURCE ? COMPILED : defaultCommand();
  for (let at = 0; at < args.length; at++) {
    const word = args[at] ?? "";
    if (word === "--balance") command = { name: word, words: [args[++at] ?? ""] };
    else if (word === "--workers") workers = args[++at] ?? "";
    else if (word === "--seed") seed = Number(args[++at]);
    else minutes = Number(word);
  }
  return minutes > 0 && Number.isInteger(seed) ? { command, minutes, workers, seed } : undefined;
}

/** The figures of a moment. */
interface Moment {
  readonly c: number;
  readonly memory: number;
  readonly descriptors: number;
}

async function look(balance: Instance): Promise<Moment> {
  const rows = await balance.show();
  return {
    c: rows.reduce((sum, row) => sum + row.c, 0),
    memory: residentBytes(balance.pid),
    descriptors: descriptors(balance.pid),
  };
}

/** The live line, once a second; on anything but a terminal once in ten. */
async function report({ balance, tally, ended }: Stage, minutes: number): Promise<Moment> {
  const began = performance.now();
  const terminal = Deno.stdout.isTerminal();
  let warm: Moment | undefined;
  for (let second = 1; !ended.aborted; second++) {
    await pause(1000, ended);
    const { c, memory, descriptors } = await look(balance);
    const passed = (performance.now() - began) / 60_000;
    if (warm === undefined && passed > minutes / 4) warm = { c, memory, descriptors };
    if (!terminal && second % 10 !== 0) continue;
    const line = `${(100 * passed / minutes).toFixed(0).padStart(3)} %  ` +
      `${(tally.talks / passed / 60).toFixed(0)} talks/s  ${(tally.bytes / 1e6).toFixed(0)} MB  ` +
      `RSS ${
        (memory / 1e6).toFixed(0)
      } MB  fd ${descriptors}  c ${c}  faults ${tally.faults.length}`;
    if (terminal) Deno.stdout.writeSync(new TextEncoder().encode(`\r\x1b[K${line}`));
    else console.log(line);
  }
  if (terminal) console.log();
  return warm ?? await look(balance);
}

/** Stops the instance for a moment, as a debugger or a full machine does. */
async function interrupt({ balance, random, ended }: Stage): Promise<void> {
  while (!ended.aborted) {
    await pause(random.between(2000, 10_000), ended);
    balance.signal("SIGSTOP");
    await sleep(random.between(10, 200));
    balance.signal("SIGCONT");
  }
}

/** Adds to the faults whatever is not back where it was. */
async function inspect(
  { balance, tally }: Stage,
  start: Moment,
  warm: Moment,
): Promise<void> {
  if (!isAlive(balance.pid)) return tally.fault("the instance has ended");
  await balance.idle(20_000).catch(() => {});
  await sleep(3000);
  const end = await look(balance);
  if (end.c !== 0) tally.fault(`c is ${end.c}`);
  if (end.descriptors > start.descriptors + 2) {
    tally.fault(`${end.descriptors} descriptors, ${start.descriptors} at the start`);
  }
  if (end.memory > warm.memory + MEMORY_SLACK) tally.fault(`${end.memory / 1e6} MB at the end`);
  if (balance.stderr.text !== "") tally.fault(`the log says: ${balance.stderr.text.slice(0, 500)}`);
  console.log(
    `start  RSS ${(start.memory / 1e6).toFixed(1)} MB  fd ${start.descriptors}\n` +
      `warm   RSS ${(warm.memory / 1e6).toFixed(1)} MB  fd ${warm.descriptors}\n` +
      `end    RSS ${(end.memory / 1e6).toFixed(1)} MB  fd ${end.descriptors}  c ${end.c}\n` +
      `peak   RSS ${(peakBytes(balance.pid) / 1e6).toFixed(1)} MB  ` +
      `CPU ${(cpuMs(balance.pid) / 1000).toFixed(1)} s`,
  );
}

async function soak({ command, minutes, workers, seed }: Settings): Promise<Tally> {
  const tally = new Tally();
  const flaky = returningPort();
  await using first = soakBackend(STEADY);
  await using second = soakBackend(STEADY);
  await using hole = await BlackHole.open();
  await using balance = await startInstance(
    [first.port, second.port, `${FLAKY_ADDRESS}:${flaky}`, REFUSED, `127.0.0.1:${hole.port}:2`],
    { command, options: ["-t", "1", "--workers", workers] },
  );
  const start = await look(balance);
  const ended = AbortSignal.timeout(minutes * 60_000);
  let part = 0;
  const stage = (): Stage => ({ balance, tally, ended, random: new Random(seed + part++) });
  const parts = [
    ...Array.from({ length: 6 }, () => talk(stage())),
    ...Array.from({ length: 8 }, () => misbehave(stage())),
    crowd(stage()),
    operate(stage()),
    interrupt(stage()),
    comeAndGo(flaky, new Random(seed + part++), ended, () => tally.gone = performance.now()),
  ];
  const warm = await report(stage(), minutes);
  for (const each of await Promise.allSettled(parts)) {
    if (each.status === "rejected") tally.fault(`a part broke: ${each.reason}`);
  }
  await inspect(stage(), start, warm);
  return tally;
}

async function main(args: readonly string[]): Promise<number> {
  const chosen = settings(args);
  if (chosen === undefined) {
    console.error(USAGE);
    return 64;
  }
  console.log(
    `${
      chosen.command.words.at(-1)
    }, ${chosen.workers} workers, ${chosen.minutes} min, seed ${chosen.seed}`,
  );
  const tally = await soak(chosen);
  console.log(
    `${tally.talks} conversations whole, ${tally.cut} cut with their backend, ` +
      `${
        (tally.bytes / 1e6).toFixed(0)
      } MB checked, ${tally.misbehaved} clients that misbehaved, ${tally.commands} commands`,
  );
  for (const fault of tally.faults) console.log(`FAULT  ${fault}`);
  console.log(tally.faults.length === 0 ? "held" : "BROKEN");
  return tally.faults.length === 0 ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
