/**
 * The program under demonstration: started, asked and ended as a user does.
 *
 * @module
 */
import { freePort } from "../kit/ports.ts";
import { Failed, paint, say } from "./talk.ts";
import { eventually } from "../kit/wait.ts";
import { isAlive } from "../kit/processes.ts";
import { commandLine } from "../kit/programs.ts";

/** Where everything listens. */
export const HOST = "127.0.0.1";
/** Longest time in which an ended instance is waited for, in ms. */
const END_MS = 5000;

/** What a command came to. */
interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The program, with a run directory of its own. */
export class Balance {
  readonly #dir: string;
  /** The command that runs now: the end of the demo waits for it, so that no instance escapes. */
  #running: Promise<unknown> = Promise.resolve();
  #port: number | undefined;
  #pid: number | undefined;
  #over = false;

  /** Prepares it with an empty folder. */
  constructor(dir: string) {
    this.#dir = dir;
  }

  /** Starts an instance in the background on a free port; returns the port. */
  async start(
    destinations: readonly string[],
    options: readonly string[] = [],
  ): Promise<number> {
    for (let attempt = 1;; attempt++) {
      const port = freePort();
      this.#port = port;
      const words = ["-b", HOST, ...options, String(port), ...destinations];
      await say(paint(36, `  $ balance ${words.join(" ")}`));
      const { code, stderr } = await this.#run(words);
      const taken = stderr.includes("in use") && attempt < 5;
      if (!taken && code !== 0) throw new Failed(`the start ended with ${code}: ${stderr.trim()}`);
      if (taken) continue;
      await this.#learnPid();
      return port;
    }
  }

  /** What a user types to run the program from source against an instance of this demo. */
  commandFor(args: readonly string[]): string {
    return `deno run -A main.ts --run-dir ${this.#dir} ${args.join(" ")}`;
  }

  /** Has a command carried out, and shows it. */
  async control(command: string): Promise<string> {
    const quoted = command.includes(" ") ? `"${command}"` : command;
    await say(paint(36, `  $ balance -b ${HOST} -c ${quoted} ${this.#port}`));
    const { stdout, stderr } = await this.#run(["-b", HOST, "-c", command, String(this.#port)]);
    for (const line of (stdout + stderr).trimEnd().split("\n")) await say(paint(2, `    ${line}`));
    return stdout;
  }

  /** Whether the instance's process has ended, waiting for it a while. */
  async hasEnded(): Promise<boolean> {
    const ended = (): boolean => this.#pid === undefined || !isAlive(this.#pid);
    return await eventually(ended, "the end", END_MS).then(() => true, () => false);
  }

  /** Ends what is still running; nothing can be asked any more. */
  async end(): Promise<void> {
    this.#over = true;
    await this.#running;
    if (this.#port === undefined) return;
    if (this.#pid === undefined) await this.#learnPid();
    await this.#launch(["-b", HOST, "-c", "kill", String(this.#port)]);
    if (!(await this.hasEnded()) && this.#pid !== undefined) Deno.kill(this.#pid, "SIGKILL");
  }

  async #learnPid(): Promise<void> {
    const { stdout } = await this.#launch(["-b", HOST, "-i", String(this.#port)]);
    const [, pid] = /PID of master process is (\d+)/.exec(stdout) ?? [];
    if (pid !== undefined) this.#pid = Number(pid);
  }

  async #run(args: readonly string[]): Promise<Result> {
    if (this.#over) throw new Failed("the demo has ended");
    return await this.#launch(args);
  }

  /** Runs the program as the tests do, out of reach of the terminal's Ctrl-C. */
  async #launch(args: readonly string[]): Promise<Result> {
    const [program = "", ...words] = commandLine(args, { runDir: this.#dir });
    const running = new Deno.Command(program, {
      args: words,
      detached: true,
      stdin: "null",
    }).output();
    this.#running = running;
    const { code, stdout, stderr } = await running;
    const decoder = new TextDecoder();
    return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
  }
}
