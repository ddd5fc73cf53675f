/**
 * A control connection, spoken to directly.
 *
 * @module
 */
import { parseAnswerLine, parseGreeting } from "../../lib/core/control/protocol.ts";
import { readLines, writeText } from "../../lib/system/lines.ts";
import { within } from "./wait.ts";

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
    const lines = readLines(connection, 65536);
    const { value } = await lines.next();
    const greeting = parseGreeting(value ?? "");
    if (greeting !== undefined) return new Control(connection, lines, greeting.pid);
    connection.close();
    throw new Error(`No greeting at ${path}`);
  }

  /** Has a command carried out; throws if the instance ends instead. */
  async ask(command: string): Promise<string> {
    await writeText(this.#connection, `${command}\n`);
    const answer: string[] = [];
    for (;;) {
      const { value } = await within(this.#lines.next(), `the answer to ${command}`);
      if (value === undefined) throw new Error(`No answer to ${command}`);
      const line = parseAnswerLine(value);
      if (line.kind === "end") return answer.join("\n");
      answer.push(line.text);
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
