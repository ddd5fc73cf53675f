/**
 * A session of `-i`, and a `-c` that goes on, through pipes.
 *
 * @module
 */
import { type RunOptions, spawn, type Word } from "./programs.ts";
import { Output, within } from "./wait.ts";

/** A control client whose stdin is ours. */
export class ShellSession implements AsyncDisposable {
  /** What it printed. */
  readonly output: Output;
  /** What it complained of. */
  readonly errors: Output;
  /** How it ends. */
  readonly status: Promise<Deno.CommandStatus>;
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  #over = false;

  /** Starts one. */
  constructor(args: readonly Word[], options: RunOptions) {
    this.#child = spawn(args, options);
    this.output = new Output(this.#child.stdout);
    this.errors = new Output(this.#child.stderr);
    this.status = this.#child.status.then((status) => {
      this.#over = true;
      return status;
    });
    this.#writer = this.#child.stdin.getWriter();
  }

  /** Types some text. */
  async type(text: string): Promise<void> {
    await this.#writer.write(new TextEncoder().encode(text));
  }

  /** Sends a signal. */
  signal(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Waits for its end; all of its output is there then. */
  async end(): Promise<number> {
    const { code } = await within(this.status, "the session's end");
    await Promise.all([this.output.ended, this.errors.ended]);
    return code;
  }

  /** Ends it by closing its stdin, and one that goes on all the same by force. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.close().catch(() => {});
    if (!this.#over) {
      try {
        await within(this.status, "the session's end", 1000);
      } catch {
        this.#child.kill("SIGKILL");
      }
    }
    await this.end();
  }
}
