/**
 * Real balancers for tests: started, and ended with the test.
 *
 * Every instance gets a run dir of its own and is ended by its process id, so tests may run in parallel and twice at once.
 *
 * @module
 */
import { parseOptions } from "../../lib/core/command_line/options.ts";
import { parsePort } from "../../lib/core/command_line/spec.ts";
import { openServices } from "../../lib/backends/resolve.ts";
import { socketPath } from "../../lib/control/run_dir.ts";
import { whoAnswers } from "./control.ts";
import { type Address, type Child, Instance } from "./instance.ts";
import { freePort } from "./ports.ts";
import { run, type RunOptions, spawn, type Word } from "./programs.ts";
import { TempDir } from "./temp_dir.ts";
import { eventually, Output, START_MS } from "./wait.ts";

/** Thrown when an instance does not start. */
export class StartFailed extends Error {
  override name = "StartFailed";
}

/** How to start an instance. */
export interface StartOptions extends RunOptions {
  /** Leaves what a foreground instance writes to the test, unread. */
  readonly ignoreOutput?: boolean;
}

/** How to start an instance on 127.0.0.1. */
export interface LoopbackOptions extends StartOptions {
  /** Options in front of the port. */
  readonly options?: readonly Word[];
  /** The port; a free one unless told. */
  readonly port?: number;
}

/**
 * Starts an instance; resolves when it listens and control answers.
 *
 * With `-f` among the arguments it runs in the foreground as a child, else it goes to the background by itself.
 *
 * @throws {StartFailed} With what it said.
 */
export async function startBalance(
  args: readonly Word[],
  options: StartOptions = {},
): Promise<Instance> {
  const parsed = parseOptions(args.map(String));
  const port = parsePort(parsed.port, openServices()).number;
  const own = options.runDir === undefined ? new TempDir() : undefined;
  const runDir = options.runDir ?? own?.path ?? "";
  const address = { port, bind: parsed.bind, runDir };
  const clean = (): void => own?.[Symbol.dispose]();
  try {
    const process = parsed.foreground
      ? await startInForeground(args, { ...options, runDir }, address)
      : await startInBackground(args, { ...options, runDir }, address);
    return new Instance(address, process, clean);
  } catch (error) {
    clean();
    throw error;
  }
}

/**
 * Starts an instance in the foreground on 127.0.0.1.
 *
 * @param destinations Operands behind the port; numbers are ports of 127.0.0.1.
 */
export function startInstance(
  destinations: readonly Word[],
  { options = [], port = freePort(), ...rest }: LoopbackOptions = {},
): Promise<Instance> {
  const operands = destinations.map((each) =>
    typeof each === "number" ? `127.0.0.1:${each}` : each
  );
  return startBalance(["-f", "-b", "127.0.0.1", ...options, port, ...operands], rest);
}

async function startInBackground(
  args: readonly Word[],
  options: StartOptions,
  { runDir, port, bind }: Address,
): Promise<number> {
  const { code, stdout, stderr } = await run(args, options);
  if (code !== 0) throw new StartFailed(`exit ${code}: ${stdout}${stderr}`);
  // It promises to be controllable when the command returns: one try must do.
  const pid = await whoAnswers(socketPath(runDir, port, bind));
  if (pid === undefined) throw new StartFailed("nobody answers");
  return pid;
}

async function startInForeground(
  args: readonly Word[],
  options: StartOptions,
  { runDir, port, bind }: Address,
): Promise<Child> {
  const process = spawn(args, options);
  await process.stdin.close();
  const read = options.ignoreOutput !== true;
  const stdout = read ? new Output(process.stdout) : undefined;
  const stderr = read ? new Output(process.stderr) : undefined;
  let ended: Deno.CommandStatus | undefined;
  const status = process.status.then((result) => ended = result);
  const socket = socketPath(runDir, port, bind);
  try {
    await eventually(
      async () => ended !== undefined || await whoAnswers(socket) === process.pid,
      "the instance answers",
      START_MS,
    );
  } catch (error) {
    process.kill("SIGKILL");
    await Promise.all([status, stdout?.ended, stderr?.ended]);
    throw new StartFailed(`${stderr?.text}`, { cause: error });
  }
  if (ended === undefined) return { process, stdout, stderr };
  await Promise.all([status, stdout?.ended, stderr?.ended]);
  throw new StartFailed(`exit ${ended.code}: ${stdout?.text}${stderr?.text}`);
}
