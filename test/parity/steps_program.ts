// deno-lint-ignore-file camelcase -- the transcripts name their fields so
/**
 * The steps that start the program under test once more.
 *
 * @module
 */
import type { Context } from "./context.ts";
import { identityOf, listenerCount, untilReady } from "./identity.ts";
import { BALANCE, Program, type Start } from "./program.ts";
import type { SessionItem, Step } from "./steps_format.ts";
import { type Handler, need } from "./steps_common.ts";
import { NETWORK_STEPS } from "./steps_network.ts";
import { eventually, PATIENCE_MS } from "./wait.ts";
import { sleep } from "../kit/wait.ts";

const END_MS = 15_000;
const READ_MS = 3_000;
const READ_SETTLE_MS = 60;
/** Commands that change nothing, so that they may be asked again. */
const QUESTION = /^\s*(s(how?)?|sho|show|mrtg\S*|v\w*|help|\?)(\s|$)/;

/** The handlers by `op`. */
export const PROGRAM_STEPS: Readonly<Record<string, Handler>> = {
  ctl,
  shell: (context, step) => {
    const argv = control(context, step, ["-i"]);
    return runOnce(context, step, { argv, stdin: context.fill(need(step, "stdin")) });
  },
  session,
  run,
  run_then_get: runThenGet,
  notepid,
  sh,
};

/** Starts a program with the case's environment; it is ended with the case. */
export async function launch(context: Context, start: Start): Promise<Program> {
  const program = await Program.start({ env: context.transcript.setup.env, ...start });
  context.programs.push(program);
  return program;
}

/** Starts an instance and waits until it can be used (or has ended). */
export async function launchInstance(context: Context, start: Start): Promise<Program> {
  const identity = identityOf(start.argv);
  const before = listenerCount(identity.port);
  const program = await launch(context, start);
  const isForeground = identity.foreground;
  await untilReady(identity, before, () => isForeground && program.exit !== undefined);
  return program;
}

function control(
  context: Context,
  step: { opts?: string[]; port?: string },
  how: readonly string[],
): string[] {
  const opts = (step.opts ?? []).map((word) => context.fill(word));
  return [...opts, ...how, context.fill(step.port ?? "<PORT>")];
}

async function ctl(context: Context, step: Step): Promise<void> {
  const cmd = context.fill(need(step, "cmd"));
  const start = { argv: control(context, step, ["-c", cmd]), stdin: null };
  const deadline = performance.now() + (QUESTION.test(cmd) ? PATIENCE_MS : 0);
  for (;;) {
    const problems = context.problems.length;
    await runOnce(context, step, start);
    if (context.problems.length === problems || performance.now() > deadline) return;
    // Counters may lag a little behind what the client saw.
    context.problems.length = problems;
    await sleep(30);
  }
}

/** Runs the program to its end and compares everything that the step expects. */
async function runOnce(context: Context, step: Step, start: Start): Promise<void> {
  const program = await launch(context, { user: step.user, ...start });
  const exit = await program.ended((step.timeout ?? 0) * 1000 + END_MS);
  compareEnd(context, step, program, exit);
}

function compareEnd(
  context: Context,
  step: Step,
  program: Program,
  exit: number | string | undefined,
): void {
  if (exit === undefined) {
    program.signal("KILL");
    context.fail("did not end");
    return;
  }
  if (step.expect_exit !== undefined) context.compare("exit", `${exit}`, `${step.expect_exit}`);
  context.compare("stdout", program.stdout(), step.expect_stdout);
  context.compare("stderr", program.stderr(), step.expect_stderr);
}

async function run(context: Context, step: Step): Promise<void> {
  const argv = (step.argv ?? []).map((word) => context.fill(word));
  const identity = identityOf(argv);
  const stdin = step.stdin === undefined ? null : context.fill(step.stdin);
  const start = { argv, user: step.user, stdin };
  if (identity.foreground && identity.starts && step.expect_exit === undefined) {
    await launchInstance(context, start);
  } else {
    await runOnce(context, step, start);
  }
}

/** Starts and at once connects: a client is never refused after the command returned. */
async function runThenGet(context: Context, step: Step): Promise<void> {
  const { expect_exit = 0, expect_stdout, expect_stderr, user, argv = [] } = step;
  const ended: Step = { op: "run", expect_exit };
  if (expect_stdout !== undefined) ended.expect_stdout = expect_stdout;
  if (expect_stderr !== undefined) ended.expect_stderr = expect_stderr;
  const words = argv.map((word) => context.fill(word));
  await runOnce(context, ended, { argv: words, user, stdin: null });
  const get: Step = { ...step, op: "get", port: step.port ?? "<PORT>" };
  await NETWORK_STEPS[Array.isArray(step.expect) ? "gets" : "get"]?.(context, get);
}

/** Asks the instance for its process id. */
async function notepid(context: Context, step: Step): Promise<void> {
  const argv = control(context, step, ["-i"]);
  const program = await launch(context, { argv, stdin: "" });
  await program.ended(END_MS);
  const pid = /^PID of master process is (\d+)$/m.exec(program.stdout())?.[1];
  if (pid !== undefined) context.names.set(step.as ?? "PID", pid);
  const result = pid === undefined ? "not found" : "found";
  if (typeof step.expect === "string") context.compare("pid", result, step.expect);
}

async function session(context: Context, step: Step): Promise<void> {
  const argv = control(context, step, ["-i"]);
  const program = await launch(context, { argv, user: step.user });
  const read = { upTo: 0 };
  for (const [i, item] of (step.script ?? []).entries()) {
    const outer = context.where;
    context.where = `${outer}.script[${i}]`;
    await playItem(context, program, item, read);
    context.where = outer;
  }
  await program.endInput();
  const exit = await program.ended(END_MS);
  const { expect_stdout, ...rest } = step;
  compareEnd(context, rest, program, exit);
  context.compare("stdout", program.stdout().slice(read.upTo), expect_stdout);
}

async function playItem(
  context: Context,
  program: Program,
  item: SessionItem,
  read: { upTo: number },
): Promise<void> {
  if (item.sleep !== undefined) await sleep(item.sleep * 1000);
  if (item.write !== undefined) await program.write(context.fill(item.write));
  if (item.close === true) await program.endInput();
  if (item.ctl !== undefined) await ctl(context, { ...item, op: "ctl", cmd: item.ctl });
  if (item.signal !== undefined) {
    const pid = Number(context.names.get(item.target ?? "PID"));
    context.programs.find((p) => p.pid === pid)?.signal(item.signal);
  }
  if (item.read !== true) return;
  const unread = (): string => program.stdout().slice(read.upTo);
  const wanted = (text: string): boolean => context.agrees(text, item.expect ?? text);
  await eventually(unread, wanted, READ_MS);
  await sleep(READ_SETTLE_MS);
  const text = unread();
  read.upTo += text.length;
  context.compare("read", text, item.expect);
}

/** Prepares the environment; nothing of the program's is compared. */
async function sh(context: Context, step: Step): Promise<void> {
  context.names.set("BALANCE", BALANCE);
  const { code, stdout } = await new Deno.Command("/bin/sh", {
    args: ["-c", context.fill(need(step, "cmd"))],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).output();
  context.compare("exit", `${code}`, `${step.expect_exit ?? 0}`);
  context.compare("stdout", new TextDecoder().decode(stdout), step.expect_stdout);
}
