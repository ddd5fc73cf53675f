/**
 * A control connection, spoken to directly.
 *
 * @module
 */
import {
  type AnswerLine,
  INTERRUPTION,
  parseAnswerLine,
  parseGreeting,
} from "../../lib/core/control/protocol.ts";
import { readLines, writeText } from "../../lib/system/lines.ts";
import { START_MS, within } from "./wait.ts";

/** Longest line of an answer that a test reads. */
const MAX_LINE = 4 * 1024 * 1024;

/** What an instance has answered. */
export interface Answered {
  /** The answer's lines, without the last line end. */
  readonly text: string;
  /** What `-c` would exit with. */
  readonly status: number;
  /** What was to be shown on a terminal meanwhile. */
  readonly progress: readonly string[];
}

/** A control connection, spoken to directly. */
export class Control implements Disposable {
  /** Process id of the instance. */
  readonly pid: number;
  readonly #connection: Deno.UnixConn;
  readonly #lines: AsyncGenerator<string, void>;

  private constructor(connection: Deno.UnixConn, lines: AsyncGenerator<string, void>, pid: number) {
    this.#connection = connection;
    this.#lines = lines;
    this.pid = pid;
  }

  /** Connects; throws if nobody answers. */
  static async open(path: string): Promise<Control> {
    const connection = await Deno.connect({ transport: "unix", path });
    const lines = readLines(connection, MAX_LINE);
    const { value } = await lines.next();
    const greeting = parseGreeting(value ?? "");
    if (greeting !== undefined) return new Control(connection, lines, greeting.pid);
    connection.close();
    throw new Error(`No greeting at ${path}`);
  }

  /** Has a command carried out; throws if the instance ends instead. */
  async ask(command: string): Promise<string> {
    return (await this.answer(command)).text;
  }

  /** Has a command carried out, to the end of what goes on after it; throws if the instance ends instead. */
  answer(command: string): Promise<Answered> {
    return within(this.#answer(command), `the end of the answer to ${command}`, START_MS);
  }

  async #answer(command: string): Promise<Answered> {
    await this.send(command);
    const lines: string[] = [];
    const progress: string[] = [];
    for (;;) {
      const line = await this.line();
      if (line === undefined) throw new Error(`No answer to ${command}`);
      if (line.kind === "end") return { text: lines.join("\n"), status: line.status, progress };
      (line.kind === "text" ? lines : progress).push(line.text);
    }
  }

  /** Sends a line. */
  async send(line: string): Promise<void> {
    await writeText(this.#connection, `${line}\n`);
  }

  /** Ends what goes on after a command. */
  async interrupt(): Promise<void> {
    await this.send(INTERRUPTION);
  }

  /** The next line of an answer; `undefined` when the instance has closed the connection. */
  async line(): Promise<AnswerLine | undefined> {
    const { value } = await within(this.#lines.next(), "a line of an answer");
    return value === undefined ? undefined : parseAnswerLine(value);
  }

  /** The text of the next line that is not for a terminal alone. */
  async text(): Promise<string> {
    return await within(this.#text(), "a line of text");
  }

  async #text(): Promise<string> {
    for (;;) {
      const line = await this.line();
      if (line?.kind === "text") return line.text;
      if (line?.kind !== "progress") throw new Error(`No text but ${JSON.stringify(line)}`);
    }
  }

  /** Asks the instance to close the connection, and waits until it has. */
  async quit(): Promise<void> {
    await writeText(this.#connection, "quit\n").catch(() => {});
    await within(this.closed(), "the end of the control connection");
  }

  /** Resolves when the instance has closed the connection. */
  async closed(): Promise<void> {
    try {
      while ((await this.#lines.next()).done !== true);
    } catch {
      // Reset.
    }
  }

  /** Closes it. */
  [Symbol.dispose](): void {
    this.#connection.close();
  }
}

/** Has one command carried out over a control connection of its own. */
export async function askSocket(path: string, command: string): Promise<string> {
  using control = await Control.open(path);
  const answer = await control.ask(command);
  // The instance's end of the connection is closed with this one: the next one finds a free descriptor.
  await control.quit();
  return answer;
}

/**
 * Who answers at a control socket: a process id.
 *
 * @returns Undefined if nobody does.
 */
export async function whoAnswers(path: string): Promise<number | undefined> {
  try {
    using control = await Control.open(path);
    return control.pid;
  } catch {
    return undefined;
  }
}
