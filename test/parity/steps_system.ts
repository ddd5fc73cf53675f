// deno-lint-ignore-file camelcase -- the transcripts name their steps so
/**
 * The steps that look at the system around the program, and signals.
 *
 * @module
 */
import type { Context } from "./context.ts";
import { identityOf } from "./identity.ts";
import { listeningSockets, openFiles } from "./kernel.ts";
import { Program, signalName } from "./program.ts";
import { type Handler, need, strings } from "./steps_common.ts";
import type { Step } from "./steps_format.ts";
import { eventually, PATIENCE_MS } from "./wait.ts";
import { isAlive } from "../kit/processes.ts";
import { sleep } from "../kit/wait.ts";

const RUN_DIR = "/run/balance";
const DEADLY = /^(SIG)?(TERM|INT|HUP|QUIT|KILL)$/;
const STATUS_MS = 400;
const HOSTS: Readonly<Record<string, string>> = { localhost: "127.0.0.1" };

/** The handlers by `op`. */
export const SYSTEM_STEPS: Readonly<Record<string, Handler>> = {
  signal,
  ls,
  stat,
  fds,
  listening,
  sleep: (_context, step) => sleep((step.seconds ?? 0) * 1000),
  reuse_pid: reusePid,
  reused_status: reusedStatus,
};

/** The process id that a placeholder's name stands for. */
function pidOf(context: Context, target = "PID"): number {
  const pid = Number(context.names.get(target.replace(/^<(.*)>$/, "$1")) ?? NaN);
  if (Number.isNaN(pid)) throw new Error(`no process known as ${target}`);
  return pid;
}

async function signal(context: Context, step: Step): Promise<void> {
  const pid = pidOf(context, step.target);
  const name = need(step, "signal");
  if (!isAlive(pid)) return context.fail(`process ${pid} has ended before the signal`);
  Deno.kill(pid, signalName(name));
  if (!DEADLY.test(name)) return;
  await eventually(() => isAlive(pid), (alive) => !alive, PATIENCE_MS);
  await context.programs.find((program) => program.pid === pid)?.ended(PATIENCE_MS);
}

async function ls(context: Context, step: Step): Promise<void> {
  const expected = strings(step.expect)?.map((name) => context.fill(name));
  if (expected === undefined) return;
  const read = (): string[] => [...Deno.readDirSync(RUN_DIR)].map((entry) => entry.name).sort();
  const relaxed = context.rules.has("ls");
  const wrong = (names: readonly string[]): string | undefined => {
    const surplus = names.filter((name) => !expected.includes(name));
    const missing = expected.filter((name) => !names.includes(name) && (!relaxed || runs(name)));
    if (surplus.length + missing.length === 0) return undefined;
    return `missing [${missing.join(" ")}], surplus [${surplus.join(" ")}]`;
  };
  const problem = await eventually(() => wrong(read()), (text) => text === undefined);
  if (problem !== undefined) context.fail(problem);
}

/** Whether the instance that a name in the run directory belongs to listens. */
function runs(name: string): boolean {
  const [, port, bind = ""] = /^balance\.(-?\d+)\.(.*)$/.exec(name) ?? [];
  const addresses = bind === "0.0.0.0" ? [bind, "::"] : [HOSTS[bind] ?? bind];
  return listeningSockets().some((socket) =>
    socket.port === Number(port) && addresses.includes(socket.addr)
  );
}

function stat(context: Context, step: Step): void {
  const info = Deno.lstatSync(context.fill(need(step, "path")));
  const text = `${(info.mode ?? 0).toString(8)} ${info.size}`;
  if (typeof step.expect === "string") context.compare("mode and size", text, step.expect);
}

/**
 * The working directory and the descriptors of the background instance. With
 * the rule `fds`: the directory, and that nothing of its caller is left.
 */
function fds(context: Context, step: Step): void {
  const pid = pidOf(context, step.target);
  const { cwd, fds } = step.expect as { cwd: string; fds: Record<string, string> };
  context.compare("cwd", Deno.readLinkSync(`/proc/${pid}/cwd`), cwd);
  const files = openFiles(pid);
  if (context.rules.has("fds")) return inheritsNothing(context, Object.values(files));
  const short = Object.entries(files).map(([fd, file]) => [fd, file.replace(/:\[\d+\]$/, ":")]);
  const wanted = Object.entries(fds).map(([fd, file]) => [fd, context.fill(file)]);
  context.compare("fds", JSON.stringify(short), JSON.stringify(wanted));
}

function inheritsNothing(context: Context, files: readonly string[]): void {
  const callers = new Set(context.programs.flatMap((program) => program.files));
  for (const file of Object.values(openFiles("self"))) {
    if (/^(pipe|socket):/.test(file)) callers.add(file);
  }
  // What already came to the player from outside is nobody's doing in here.
  for (const [fd, file] of Object.entries(openFiles(1))) {
    if (Number(fd) > 2) callers.delete(file);
  }
  for (const file of files) {
    if (callers.has(file)) context.fail(`inherited ${file} from its caller`);
    if (/^\/dev\/(pts\/|tty|console)/.test(file)) context.fail(`holds the terminal ${file}`);
  }
}

async function listening(context: Context, step: Step): Promise<void> {
  const expected = strings(step.expect)?.map((entry) => context.fill(entry)).sort();
  if (expected === undefined) return;
  const ports = [...(step.extra ?? []), ...ownPorts(context)];
  const read = (): string =>
    [
      ...new Set(
        listeningSockets().filter((s) => ports.includes(s.port))
          .map((s) => `${s.addr} ${s.port}`),
      ),
    ].sort().join(", ");
  const now = await eventually(read, (text) => text === expected.join(", "));
  context.compare("sockets", now, expected.join(", "));
}

function ownPorts(context: Context): number[] {
  const started = context.programs.map((program) => identityOf(program.argv).port);
  return [context.port("<PORT>"), ...started];
}

/** Gives the process id of the dead master to a `sleep`. */
async function reusePid(context: Context, step: Step): Promise<void> {
  const pid = pidOf(context, step.target);
  const line = `for i in 1 2 3 4 5 6 7 8 9; do
      echo ${pid - 1} >/proc/sys/kernel/ns_last_pid; sleep 300 & p=$!
      [ $p = ${pid} ] && break; kill -9 $p; wait $p
    done; echo $p >&2; wait $p; echo $?`;
  context.reused = await Program.startShell(line);
  const reused = context.reused;
  const got = await eventually(() => reused.stderr().trim(), (text) => text !== "");
  const result = got === `${pid}` ? "reused" : "not reused";
  if (typeof step.expect === "string") context.compare("pid", result, step.expect);
}

/** `running`, or how that process ended. */
async function reusedStatus(context: Context, step: Step): Promise<void> {
  const text = await eventually(
    () => context.reused?.stdout().trim() ?? "",
    (status) => status !== "",
    STATUS_MS,
  );
  const code = Number(text);
  const ended = code > 128 ? `signal:${Program.signalOf(code)}` : `exit:${code}`;
  const result = text === "" ? "running" : ended;
  if (typeof step.expect === "string") context.compare("status", result, step.expect);
}
