/**
 * A program in a pseudo terminal, through `script(1)`.
 *
 * @module
 */
import { children } from "./processes.ts";
import { Output, within } from "./wait.ts";

/** A program that believes it talks to a person. */
export class Terminal implements AsyncDisposable {
  /** Everything on the screen, control sequences included. */
  readonly screen: Output;
  /** How the program ends. */
  readonly status: Promise<Deno.CommandStatus>;
  readonly #child: Deno.ChildProcess;
  readonly #errors: Output;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;

  /** Starts a program. */
  constructor(words: readonly string[]) {
    const quoted = words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(" ");
    this.#child = new Deno.Command("script", {
      args: ["-qefc", `exec ${quoted}`, "/dev/null"],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
      env: { TERM: "xterm", SHELL: "/bin/sh" },
    }).spawn();
    this.screen = new Output(this.#child.stdout);
    this.#errors = new Output(this.#child.stderr);
    this.status = this.#child.status;
    this.#writer = this.#child.stdin.getWriter();
  }

  /** Types some keys. */
  async type(keys: string): Promise<void> {
    await this.#writer.write(new TextEncoder().encode(keys));
  }

  /** Waits for the program's end and returns its exit code. */
  async end(): Promise<number> {
    return (await within(this.status, "the program in the terminal")).code;
  }

  /** Ends the program, if it still runs. */
  async [Symbol.asyncDispose](): Promise<void> {
    const { pid } = this.#child;
    for (const each of [...children(pid), pid]) kill(each);
    await within(this.status, "the end of the terminal");
    await this.#writer.close().catch(() => {});
    await Promise.all([this.screen.ended, this.#errors.ended]);
  }
}

function kill(pid: number): void {
  try {
    Deno.kill(pid, "SIGKILL");
  } catch {
    // It has ended.
  }
}

/** A screen without control sequences and carriage returns. */
export function plain(screen: string): string {
  // deno-lint-ignore no-control-regex
  return screen.replace(/\x1b\[[0-9;?]*[A-Za-z]|\r/g, "");
}
