/**
 * What the compiled program does with many connections and many channels: `deno task bench:scale`.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { type Candidate, custom, OURS } from "./candidates.ts";
import { compiledProgram } from "./lineup.ts";
import { LoadGenerator } from "./loadgen.ts";
import { describeMachine, requireMachine } from "./machine.ts";
import { UsageError } from "./options.ts";
import { type Processes } from "./processes.ts";
import { descriptorLimit, memory } from "./procfs.ts";
import { table } from "./tables.ts";
import { writeSection } from "./results_file.ts";
import { runProgram } from "./run_program.ts";
import { FIGURES, type ScaleContext, Subject } from "./scale_subject.ts";
import { fullTableCommands, GROUPS, PER_GROUP, startOperands } from "./scale_table.ts";
import { connectionsNow, type ShownChannel } from "./show_table.ts";
import { print, progress } from "./terminal.ts";
import { controlCommand } from "./time_tests.ts";
import { sleep } from "../kit/wait.ts";

const USAGE = `deno task bench:scale [--write] [--ours COMMAND]

10 000 idle connections (or what "ulimit -n" allows), 64 channels in each of
16 groups, and 100 000 connections in one run, through dist/balance.

  --write         put the result into test/bench/RESULTS.md
  --ours COMMAND  a stand-in; {port} and {backend} are replaced
`;

/** Idle connections wanted. */
const IDLE = 10_000;
/** Descriptors that a process needs beside its connections. */
const SPARE_DESCRIPTORS = 40;
/** The long run: connections in one step, and steps. */
const STEP = 20_000;
const STEPS = 5;
async function measureIdle(context: ScaleContext): Promise<string> {
  const limit = descriptorLimit();
  const count = Math.min(IDLE, Math.floor((limit - SPARE_DESCRIPTORS) / 2));
  progress(`${count} idle connections`);
  const subject = await Subject.start(context);
  const rows = [await subject.figures("before")];
  const before = memory(subject.running.pid).pss;
  const begun = performance.now();
  const clients = await context.loadgen.openIdle(subject.port, count, 200);
  const seconds = (performance.now() - begun) / 1000;
  await sleep(1500);
  rows.push(await subject.figures(`${count} connections`));
  const each = (memory(subject.running.pid).pss - before) / count;
  await context.processes.stop(clients);
  await subject.untilIdle();
  rows.push(await subject.figures("after they closed"));
  await subject.stop();
  const bounded = count < IDLE ? ` (not ${IDLE}: ulimit -n is ${limit})` : "";
  return `### ${count} idle connections${bounded}\n\n${table(FIGURES, rows)}\n\n` +
    `Opened one after another with a request each in ${seconds.toFixed(1)} s; ` +
    `${each.toFixed(1)} KiB (PSS) a pair beyond the memory before.`;
}

async function measureFullTable(context: ScaleContext): Promise<string> {
  progress(`${PER_GROUP} channels in ${GROUPS} groups`);
  const { own, processes, loadgen } = context;
  const grouped: Candidate = {
    ...own,
    launch: (setup) => {
      const { argv } = own.launch(setup);
      return { argv: [...argv.slice(0, -1), ...startOperands(setup.backend)] };
    },
  };
  const subject = await Subject.start(context, grouped);
  const control = controlCommand(own, subject.port, "-").filter((word) => word !== "-");
  const interactive = control.map((word) => word === "-c" ? "-i" : word);
  const begun = performance.now();
  const input = fullTableCommands(subject.backend.port);
  await processes.run(interactive, { input });
  const setUp = performance.now() - begun;
  const total = GROUPS * PER_GROUP;
  const clients = await loadgen.openIdle(subject.port, total, 200);
  const shown = await subject.show();
  const showTime = await loadgen.run(["time", ...controlCommand(own, subject.port, "show")]);
  const surplus = await isRefused(subject.port);
  await processes.stop(clients);
  await subject.untilIdle();
  const left = connectionsNow(await subject.show());
  await subject.stop();
  const rows = [
    ["channels shown", `${total}`, `${shown.length}`],
    ["channels with exactly one connection (maxc 1)", `${total}`, `${countOnes(shown)}`],
    ["one connection more is closed at once", "yes", surplus ? "yes" : "no"],
    ["c after all have closed", "0", `${left}`],
  ];
  const lines = input.trim().split("\n").length;
  return `### ${PER_GROUP} channels in each of ${GROUPS} groups\n\n` +
    `${table(["", "expected", "found"], rows)}\n\n` +
    `Set up with ${lines} commands through -i in ${setUp.toFixed(0)} ms; ` +
    `-c show of ${shown.length} rows takes ${showTime.get("ms")?.toFixed(0)} ms.`;
}

function countOnes(channels: readonly ShownChannel[]): number {
  return channels.filter(({ c, maxc }) => c === 1 && maxc === 1).length;
}

/** Whether a new connection ends without data. */
async function isRefused(port: number): Promise<boolean> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const timer = setTimeout(() => connection.close(), 2000);
  try {
    return await connection.read(new Uint8Array(1)) === null;
  } catch (error) {
    return error instanceof Deno.errors.ConnectionReset;
  } finally {
    clearTimeout(timer);
  }
}

async function measureLongRun(context: ScaleContext): Promise<string> {
  const subject = await Subject.start(context);
  const rows = [await subject.figures("before")];
  const target = `127.0.0.1:${subject.port}`;
  let errors = 0;
  for (let step = 1; step <= STEPS; step++) {
    progress(`${step * STEP} of ${STEPS * STEP} connections`);
    const result = await context.loadgen.run(["connect", target, 32, 600, "client", STEP]);
    errors += result.get("err") ?? 0;
    await subject.untilIdle();
    rows.push(await subject.figures(`after ${step * STEP}`));
  }
  const totalc = (await subject.show()).reduce((sum, shown) => sum + shown.totalc, 0);
  await subject.stop();
  return `### ${STEPS * STEP} connections in one run\n\n${table(FIGURES, rows)}\n\n` +
    `${growth(rows)} Errors: ${errors}. ` +
    `totalc in the end: ${context.own.hasControl ? totalc : "-"} (the first connection only ` +
    "finds out that the port listens).";
}

/** Growth over the second half of the long run: the first half fills pools and caches. */
function growth(rows: readonly (readonly string[])[]): string {
  const half = rows[rows.length - 1 - Math.floor(STEPS / 2)];
  const last = rows.at(-1);
  const grown = (column: number): number => Number(last?.[column]) - Number(half?.[column]);
  return `From the row "${half?.[0]}" to the last: ${grown(1).toFixed(1)} MiB RSS, ` +
    `${grown(3)} descriptors.`;
}

function parseOptions(argv: readonly string[]): { write: boolean; help: boolean; ours?: string } {
  const words = [...argv];
  const at = words.indexOf("--ours");
  const [, ours] = at < 0 ? [] : words.splice(at, 2);
  const unknown = words.find((word) => !["--write", "--help", "-h"].includes(word));
  if (unknown !== undefined) throw new UsageError(`unknown option: ${unknown}`);
  const write = words.includes("--write");
  if (write && ours !== undefined) throw new UsageError("--write wants our own program: no --ours");
  const help = words.includes("--help") || words.includes("-h");
  return ours === undefined ? { write, help } : { write, help, ours };
}

async function main(argv: readonly string[], processes: Processes): Promise<void> {
  const options = parseOptions(argv);
  if (options.help) return print(USAGE);
  const pinning = requireMachine();
  const root = fileURLToPath(new URL("../../", import.meta.url));
  const loadgen = await LoadGenerator.build(root, processes);
  const own = options.ours === undefined
    ? await compiledProgram(root, processes)
    : custom(OURS, options.ours);
  const folder = await Deno.makeTempDir({ prefix: "balance-scale-" });
  try {
    const context = { own, processes, loadgen, folder };
    const sections = [
      `## Scale, ${new Date().toISOString().slice(0, 10)}\n\n` +
      `- Machine: ${describeMachine(pinning).replace(/; proxy on core.*/, ", nothing pinned")}\n` +
      `- ${own.name}: ${own.version}`,
      await measureIdle(context),
      own.hasControl ? await measureFullTable(context) : "Full table left out: a stand-in.",
      await measureLongRun(context),
    ];
    const report = sections.join("\n\n");
    print(report);
    if (options.write) await writeSection(`${root}test/bench/RESULTS.md`, "scale", report);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) Deno.exit(await runProgram((processes) => main(Deno.args, processes)));
