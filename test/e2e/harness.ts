/**
 * Real balancers for tests: started, controlled and ended.
 *
 * Every instance gets a run dir of its own and is ended by its process id, so tests may run in parallel and twice at once.
 * `BALANCE_TEST_COMMAND` names another command to test, words separated by blanks.
 *
 * @module
 */
import { parseOptions } from "../../lib/core/command_line/options.ts";
import { parsePort } from "../../lib/core/command_line/spec.ts";
import { openServices } from "../../lib/backends/resolve.ts";
import { socketPath } from "../../lib/control/run_dir.ts";
import { Control } from "./control_link.ts";
import { type Child, Instance } from "./instance.ts";
import { run, type RunOptions, spawn, TempDir, type Word } from "./programs.ts";
import { eventually, Output } from "./wait.ts";

export { Control } from "./control_link.ts";
export { Instance, isAlive, type Row } from "./instance.ts";
export * from "./programs.ts";

/** Thrown when an instance does not start. */
export class StartFailed extends Error {
  override name = "StartFailed";
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
  options: RunOptions = {},
): Promise<Instance> {
  const parsed = parseOptions(args.map(String));
  const port = parsePort(parsed.port, openServices()).number;
  const own = options.runDir === undefined ? new TempDir() : undefined;
  const runDir = options.runDir ?? own?.path ?? "";
  const socket = socketPath(runDir, port, parsed.bind);
  const clean = (): void => own?.[Symbol.dispose]();
  try {
    const place = { port, runDir, socket };
    const all = { ...options, runDir };
    if (!parsed.foreground) return await startInBackground(args, all, place, clean);
    const child = await spawnForeground(args, all);
    await answering(socket, child);
    return new Instance({ ...place, pid: child.pid }, child, clean);
  } catch (error) {
    clean();
    throw error;
  }
}

async function startInBackground(
  args: readonly Word[],
  options: RunOptions,
  place: { port: number; runDir: string; socket: string },
  clean: () => void,
): Promise<Instance> {
  const { code, stdout, stderr } = await run(args, options);
  if (code !== 0) throw new StartFailed(`exit ${code}: ${stdout}${stderr}`);
  // It promises to be controllable when the command returns: one try must do.
  using control = await Control.open(place.socket);
  return new Instance({ ...place, pid: control.pid }, undefined, clean);
}

async function spawnForeground(args: readonly Word[], options: RunOptions): Promise<Child> {
  const child = spawn(args, options);
  await child.stdin.close();
  const stdout = new Output(child.stdout);
  const stderr = new Output(child.stderr);
  return { pid: child.pid, stdout, stderr, status: child.status };
}

async function answering(socket: string, child: Child): Promise<void> {
  let ended: Deno.CommandStatus | undefined;
  const status = child.status.then((result) => ended = result);
  await eventually(async () => {
    if (ended !== undefined) return true;
    try {
      using control = await Control.open(socket);
      return control.pid === child.pid;
    } catch {
      return false;
    }
  }, "the instance answers");
  if (ended === undefined) return;
  await Promise.all([status, child.stdout.ended, child.stderr.ended]);
  throw new StartFailed(`exit ${ended.code}: ${child.stdout.text}${child.stderr.text}`);
}
