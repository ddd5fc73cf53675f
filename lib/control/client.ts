/**
 * A connection to an instance's control socket.
 *
 * @module
 */
import { EXIT, ExitError } from "../core/errors.ts";
import {
  INTERRUPTION,
  parseAnswerLine,
  parseGreeting,
  PROTOCOL_VERSION,
} from "../core/control/protocol.ts";
import { CLASSIC_VERSION, formatNoMaster } from "../core/report/report.ts";
import { printable } from "../core/text.ts";
import { readLines, writeText } from "../system/lines.ts";
import { findInstance } from "./run_dir.ts";
import { within } from "../system/time_limit.ts";

/** Time without a byte after which an instance is given up, in ms; it answers every command sooner. */
const SILENCE_MS = 10_000;
/** Longest line of an answer, in bytes. */
const MAX_ANSWER_LINE = 4 * 1024 * 1024;

/** Which instance is meant. */
export interface Instance {
  /** The number that names it. */
  readonly port: number;
  /** Text of `-b`, if given. */
  readonly bind: string | undefined;
  /** Text of `--run-dir`, if given. */
  readonly runDir: string | undefined;
  /** The user that asks. */
  readonly uid: number;
}

/** An instance's answer to one command. */
export interface Reply {
  /** What to print, with line ends; empty if it went to {@link Listener.text}. */
  readonly text: string;
  /** The session's group from now on. */
  readonly group: number;
  /** Whether the session is over. */
  readonly bye: boolean;
  /** What a shell's command exits with. */
  readonly status: number;
}

/** Who hears of an answer before its end. */
export interface Listener {
  /** Gets each line, with its line end. */
  readonly text?: ((line: string) => void) | undefined;
  /** Gets each line that is for a terminal; empty ones say only that somebody is there. */
  readonly progress?: ((line: string) => void) | undefined;
}

/** A connection to an instance. */
export class ControlClient implements Disposable {
  /** The instance's process id. */
  readonly pid: number;
  readonly #link: Link;
  readonly #lines: AsyncGenerator<string, void>;

  private constructor(link: Link, lines: AsyncGenerator<string, void>, pid: number) {
    this.#link = link;
    this.#lines = lines;
    this.pid = pid;
  }

  /**
   * Connects to an instance.
   *
   * @param silenceMs Time without a byte after which it is given up, now and in {@link ask}.
   * @throws {ExitError} 69 if there is none or it does not answer, 65 if it speaks another protocol, 71 if it may not be
   * controlled.
   */
  static async open(instance: Instance, silenceMs = SILENCE_MS): Promise<ControlClient> {
    const { port, bind, runDir, uid } = instance;
    const found = await findInstance(runDir, port, bind, uid);
    if (found.kind === "gone") throw noMaster(found.pid);
    using onFailure = new DisposableStack();
    const link = onFailure.use(new Link(found.connection, silenceMs));
    const lines = readLines(link, MAX_ANSWER_LINE);
    const greeting = parseGreeting(await firstLine(lines));
    if (greeting?.protocol !== String(PROTOCOL_VERSION)) {
      const other = printable(greeting?.version ?? "unknown");
      throw new ExitError(
        EXIT.data,
        `release mismatch, expecting ${CLASSIC_VERSION}, got ${other}, exiting.`,
        "stdout",
      );
    }
    onFailure.move();
    return new ControlClient(link, lines, greeting.pid);
  }

  /**
   * Has one command carried out.
   *
   * @param command One line; line ends in it count as blanks.
   * @param listener Hears of the answer while it comes.
   * @throws {ExitError} 69 if the instance has ended meanwhile or does not answer.
   */
  async ask(command: string, listener: Listener = {}): Promise<Reply> {
    const line = command.replace(/[\r\n]+/g, " ");
    // What a person begins with a dot is a command like any other.
    return await this.order(line.startsWith(INTERRUPTION) ? ` ${line}` : line, listener);
  }

  /**
   * Has one line of the protocol obeyed.
   *
   * @throws {ExitError} As {@link ask}.
   */
  async order(line: string, listener: Listener = {}): Promise<Reply> {
    await this.#whileItRuns(writeText(this.#link, `${line}\n`));
    let text = "";
    for (;;) {
      const { value } = await this.#whileItRuns(this.#lines.next());
      if (value === undefined) throw noMaster(this.pid);
      const answer = parseAnswerLine(value);
      if (answer.kind === "end") {
        const { group, bye, status } = answer;
        return { text, group, bye, status };
      }
      // Root may be speaking to another user's instance.
      const shown = printable(answer.text);
      if (answer.kind === "progress") listener.progress?.(shown);
      else if (listener.text !== undefined) listener.text(`${shown}\n`);
      else text += `${shown}\n`;
    }
  }

  /** Ends what goes on after a command, so that {@link ask} comes to its end. */
  async interrupt(): Promise<void> {
    await writeText(this.#link, `${INTERRUPTION}\n`);
  }

  /** Closes the connection. */
  [Symbol.dispose](): void {
    this.#link[Symbol.dispose]();
  }

  /** A failure of the connection is the instance's end. */
  async #whileItRuns<T>(talk: Promise<T>): Promise<T> {
    try {
      return await talk;
    } catch (error) {
      throw error instanceof ExitError ? error : noMaster(this.pid);
    }
  }
}

/** A connection on which neither a read nor a write is waited for without end. */
class Link implements Disposable {
  readonly #connection: Deno.UnixConn;
  readonly #silenceMs: number;

  constructor(connection: Deno.UnixConn, silenceMs: number) {
    this.#connection = connection;
    this.#silenceMs = silenceMs;
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    return await this.#inTime(this.#connection.read(buffer));
  }

  async write(bytes: Uint8Array): Promise<number> {
    return await this.#inTime(this.#connection.write(bytes));
  }

  [Symbol.dispose](): void {
    this.#connection.close();
  }

  async #inTime<T extends number | null>(promise: Promise<T>): Promise<T> {
    const result = await within(promise, this.#silenceMs);
    if (result !== undefined) return result;
    throw new ExitError(EXIT.unavailable, "master process does not answer, exiting.", "stdout");
  }
}

function noMaster(pid: number | undefined): ExitError {
  return new ExitError(EXIT.unavailable, formatNoMaster(pid), "stdout");
}

async function firstLine(lines: AsyncGenerator<string, void>): Promise<string> {
  try {
    const { value } = await lines.next();
    if (value !== undefined) return value;
  } catch (error) {
    if (error instanceof ExitError) throw error;
    // Reset or closed: told below.
  }
  throw noMaster(undefined);
}
