/**
 * The interactive shell on a terminal: line editing, history and completion, by the runtime's readline.
 *
 * @module
 */
import { stdin, stdout } from "node:process";
import { createInterface, type Interface } from "node:readline/promises";
import { commandOf, COMMANDS } from "../core/control/interpreter.ts";
import { formatPrompt } from "../core/report/report.ts";
import type { ControlClient } from "./client.ts";
import { askUntil } from "./asking.ts";
import { writeText } from "../system/lines.ts";

/** Converses until `quit`, Ctrl-D or Ctrl-C. */
export async function converseOnTerminal(client: ControlClient): Promise<void> {
  const terminal = createInterface({ input: stdin, output: stdout, completer: complete });
  const lines = new TypedLines(terminal);
  try {
    let upcoming = lines.next();
    for (let group = 0;;) {
      terminal.setPrompt(formatPrompt(group));
      terminal.prompt();
      const line = await upcoming;
      if (line === undefined) return await writeText(Deno.stdout, "\n");
      upcoming = lines.next();
      const follows = commandOf(line)?.follows === true;
      // The next line ends what goes on, and so does the end of the session.
      const reply = follows ? await askUntil(client, line, upcoming) : await client.ask(line);
      group = reply.group;
      await writeText(Deno.stdout, reply.text);
      if (reply.bye || lines.over) return;
      // An empty one has done its work.
      if (follows && lines.arrived?.trim() === "") upcoming = lines.next();
    }
  } finally {
    terminal.close();
  }
}

/** Lines as they are typed, those included that come while nobody asks. */
class TypedLines {
  /** The line that was handed out last; undefined while it is waited for. */
  arrived: string | undefined;
  /** Whether there are no more. */
  over = false;
  readonly #waiting: string[] = [];
  #reader: PromiseWithResolvers<string | undefined> | undefined;

  constructor(terminal: Interface) {
    terminal.on("line", (line) => {
      this.#waiting.push(line);
      this.#hand();
    });
    terminal.once("close", () => {
      this.over = true;
      this.#hand();
    });
  }

  /** The next line; `undefined` at the end of the session. One at a time is asked for. */
  next(): Promise<string | undefined> {
    this.arrived = undefined;
    this.#reader = Promise.withResolvers();
    const { promise } = this.#reader;
    this.#hand();
    return promise;
  }

  #hand(): void {
    if (this.#reader === undefined || (this.#waiting.length === 0 && !this.over)) return;
    this.arrived = this.#waiting.shift();
    this.#reader.resolve(this.arrived);
    this.#reader = undefined;
  }
}

function complete(line: string): [string[], string] {
  const names = COMMANDS.map(({ name }) => name).filter((name) => name.startsWith(line));
  return [names, line];
}
