/**
 * Plays one case, inside the world that `namespace.ts` made for it.
 *
 * @module
 */
import { Backend } from "./backends.ts";
import { Context } from "./context.ts";
import { applyExceptions, type Exception, rulesOf } from "./exceptions.ts";
import type { Transcript } from "./format.ts";
import { PORTS } from "./placeholders.ts";
import type { Program } from "./program.ts";
import { NETWORK_STEPS } from "./steps_network.ts";
import { launch, launchInstance, PROGRAM_STEPS } from "./steps_program.ts";
import { SYSTEM_STEPS } from "./steps_system.ts";
import type { Step } from "./steps_format.ts";
import { SyslogReceiver } from "./syslog.ts";
import { eventually, PATIENCE_MS } from "./wait.ts";
import { sleep } from "../kit/wait.ts";

const HANDLERS = { ...NETWORK_STEPS, ...PROGRAM_STEPS, ...SYSTEM_STEPS };
const END_MS = 20_000;
/** After everything expected was seen: is there more? */
const QUIET_MS = 80;

/**
 * Plays a case to its end.
 *
 * @param exceptions Empty to hold the program against the record as it is.
 * @returns What differs; nothing when it passes.
 */
export async function playCase(
  recorded: Transcript,
  exceptions: readonly Exception[],
): Promise<string[]> {
  const transcript = applyExceptions(recorded, exceptions);
  const context = new Context(transcript, rulesOf(exceptions), Object.entries(PORTS));
  try {
    await play(context);
  } catch (error) {
    context.fail(error instanceof Error ? `${error.name}: ${error.message}` : String(error));
  }
  if (transcript.deterministic !== false) return context.problems;
  return context.problems.filter((problem) => problem.includes("did not end"));
}

async function play(context: Context): Promise<void> {
  const { setup, during, after, syslog } = context.transcript;
  const receiver = setup.syslog === true ? SyslogReceiver.start() : undefined;
  await startUp(context);
  await playSteps(context, setup.steps, "setup.steps");
  const program = await startObserved(context);
  await playSteps(context, during, "during");
  context.where = "";
  await finish(context, program);
  await playSteps(context, after, "after");
  context.where = "";
  if (receiver === undefined) return;
  const expected = syslog?.join("\n") ?? "";
  await eventually(() => receiver.text(), (text) => context.agrees(text, expected));
  context.compare("syslog", receiver.text(), syslog?.join("\n"));
}

async function startUp(context: Context): Promise<void> {
  const { backends = [], instances = [] } = context.transcript.setup;
  for (const { name, port, kind, up, addr } of backends) {
    const backend = new Backend({
      name,
      kind,
      port: context.port(port),
      addr: addr ?? "127.0.0.1",
      earlyAnswer: earlyAnswer(context.transcript),
    });
    context.backends.set(name, backend);
    if (up !== false) await backend.start();
  }
  for (const [i, { argv, user }] of instances.entries()) {
    const words = argv.map((word) => context.fill(word));
    const program = await launchInstance(context, { argv: words, user, stdin: null });
    if (i === 0) context.names.set("PID", `${program.pid}`);
    if (typeof program.exit === "string" || (program.exit ?? 0) !== 0) {
      throw new Error(`instance ended with ${program.exit}: ${program.stderr().trim()}`);
    }
  }
}

/** The format does not say whether this answer ends its line: as the case expects it. */
function earlyAnswer(transcript: Transcript): string {
  const endsLine = JSON.stringify(transcript).includes("early answer\\n");
  return endsLine ? "early answer\n" : "early answer";
}

async function startObserved(context: Context): Promise<Program> {
  const { argv, stdin, user, stdout_tty: tty, end, setup } = context.transcript;
  const input = stdin === null ? null : context.fill(stdin);
  const words = argv.map((word) => context.fill(word));
  const start = { argv: words, stdin: input, user, tty };
  if (end === undefined) return await launch(context, start);
  const program = await launchInstance(context, start);
  if ((setup.instances ?? []).length === 0) context.names.set("PID", `${program.pid}`);
  return program;
}

async function playSteps(context: Context, steps: Step[] = [], where: string): Promise<void> {
  for (const [i, step] of steps.entries()) {
    context.where = `${where}[${i}] ${step.op}`;
    const handler = HANDLERS[step.op];
    if (handler === undefined) throw new Error(`no handler for ${step.op}`);
    await handler(context, step);
  }
}

/** Ends the observed process and compares all it said. */
async function finish(context: Context, program: Program): Promise<void> {
  const { end, exit, stdout, stderr, seconds } = context.transcript;
  const start = performance.now();
  if (end !== undefined) {
    const complete = (): boolean =>
      context.agrees(program.stdout(), stdout) && context.agrees(program.stderr(), stderr);
    await eventually(complete, (done) => done || program.exit !== undefined, PATIENCE_MS);
    await sleep(QUIET_MS);
    program.signal(end);
  }
  const ended = await program.ended(END_MS);
  if (ended === undefined) {
    context.fail("did not end");
    program.signal("KILL");
    await program.ended(END_MS);
  } else {
    context.compare("exit", `${ended}`, `${exit}`);
  }
  const took = (performance.now() - start) / 1000;
  if (seconds !== undefined && took > seconds + 1) {
    context.fail(`took ${took.toFixed(2)} s, expected at most ${seconds + 1} s`);
  }
  context.compare("stdout", program.stdout(), stdout);
  context.compare("stderr", program.stderr(), stderr);
}
