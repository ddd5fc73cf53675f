/**
 * The processes that a benchmark starts: all are known here and ended here, by handle.
 *
 * @module
 */
import { family, isAlive } from "./procfs.ts";
import { sleep } from "../kit/wait.ts";
import { within } from "../../lib/system/time_limit.ts";

/** How long a process may take to end before it is killed, milliseconds. */
const TERM_LIMIT_MS = 3000;

/** A process that stays up until it is stopped. */
export interface Running {
  readonly pid: number;
  readonly process: Deno.ChildProcess;
  /** Resolves when the process has ended, with what it wrote on stderr (the end of it). */
  readonly ended: Promise<string>;
}

/** What a finished command left. */
export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Options for starting a process. */
export interface StartOptions {
  /** Cores to run on, as `taskset -c` takes them; undefined: any. */
  readonly cores?: string;
  /** Written to stdin, which is then closed. */
  readonly input?: string;
  readonly cwd?: string;
}

/** Starts processes and ends whatever is left of them when disposed of. */
export class Processes implements AsyncDisposable {
  readonly #running = new Set<Running>();
  #closed = false;

  /** Whether it was disposed of: nothing can be started any more. */
  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Starts a process with open stdin, whose stdout is left to the caller when `stdout` is "piped".
   *
   * @throws {Error} when the program cannot be started or this object was disposed of.
   */
  start(
    argv: readonly string[],
    options: StartOptions = {},
    stdout: "piped" | "null" = "null",
  ): Running {
    if (this.#closed) throw new Error("Cannot start a process: stopping");
    const [program = "", ...args] = options.cores === undefined
      ? argv
      : ["taskset", "-c", options.cores, ...argv];
    const command = new Deno.Command(program, {
      args,
      stdin: "piped",
      stdout,
      stderr: "piped",
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    const process = command.spawn();
    const running: Running = { pid: process.pid, process, ended: this.#watch(process) };
    this.#running.add(running);
    void running.ended.then(() => this.#running.delete(running));
    return running;
  }

  /** Runs a command to its end. */
  async run(argv: readonly string[], options: StartOptions = {}): Promise<Finished> {
    const running = this.start(argv, options, "piped");
    const stdin = running.process.stdin.getWriter();
    if (options.input !== undefined) await stdin.write(new TextEncoder().encode(options.input));
    await stdin.close().catch(() => {}); // it may end without reading
    const [stdout, stderr, { code }] = await Promise.all([
      new Response(running.process.stdout).text(),
      running.ended,
      running.process.status,
    ]);
    return { code, stdout, stderr };
  }

  /** Ends one process and its descendants: asks first, kills after 3 s. */
  async stop(running: Running): Promise<void> {
    const members = family(running.pid);
    running.process.stdin.close().catch(() => {}); // already closed, or taken by a writer
    signal(running.pid, "SIGTERM");
    await within(running.process.status, TERM_LIMIT_MS);
    for (const member of members) if (isAlive(member)) signal(member.pid, "SIGKILL");
    await running.ended;
  }

  /** Ends everything that still runs; nothing can be started afterwards. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#running].map((running) => this.stop(running)));
  }

  async #watch(process: Deno.ChildProcess): Promise<string> {
    const stderr = await new Response(process.stderr).text();
    await process.status;
    return stderr.slice(-2000);
  }
}

function signal(pid: number, name: Deno.Signal): void {
  try {
    Deno.kill(pid, name);
  } catch {
    // It has ended meanwhile.
  }
}

/**
 * Waits until something accepts connections on a port of 127.0.0.1.
 *
 * @throws {Error} when `running` ends before, with what it wrote; or after 10 s.
 */
export async function untilListening(port: number, running: Running): Promise<void> {
  const end = performance.now() + 10_000;
  let stderr: string | undefined;
  void running.ended.then((text) => stderr = text);
  while (performance.now() < end) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return;
    } catch {
      if (stderr !== undefined) throw new Error(`It ended before it listened: ${stderr.trim()}`);
      await sleep(20);
    }
  }
  throw new Error(`Nothing listens on port ${port} after 10 s`);
}
