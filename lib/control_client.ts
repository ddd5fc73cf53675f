/**
 * A connection to an instance's control socket.
 *
 * @module
 */
import { EXIT, ExitError } from "./core/errors.ts";
import { parseAnswerLine, parseGreeting, PROTOCOL_VERSION } from "./core/protocol.ts";
import { CLASSIC_VERSION, formatNoMaster } from "./core/report.ts";
import { printable } from "./core/text.ts";
import { readLines, writeText } from "./lines.ts";
import { findInstance } from "./run_dir.ts";

/** Time in which an instance must greet, in ms. */
const GREETING_TIMEOUT_MS = 10_000;
/** Longest line of an answer, in bytes. */
const MAX_ANSWER_LINE = 65536;
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
  /** What to print, with line ends. */
  readonly text: string;
  /** The session's group from now on. */
  readonly group: number;
  /** Whether the session is over. */
  readonly bye: boolean;
}

/** A connection to an instance. */
export class ControlClient implements Disposable {
  /** The instance's process id. */
  readonly pid: number;
  readonly #connection: Deno.UnixConn;
  readonly #lines: AsyncGenerator<string, void>;

  private constructor(
    connection: Deno.UnixConn,
    lines: AsyncGenerator<string, void>,
    pid: number,
  ) {
    this.#connection = connection;
    this.#lines = lines;
    this.pid = pid;
  }

  /**
   * Connects to an instance.
   *
   * @throws {ExitError} 69 if there is none, 65 if it speaks another protocol, 71 if it may not be controlled.
   */
  static async open({ port, bind, runDir, uid }: Instance): Promise<ControlClient> {
    const found = await findInstance(runDir, port, bind, uid);
    if (found.kind === "gone") throw noMaster(found.pid);
    const lines = readLines(found.connection, MAX_ANSWER_LINE);
    const greeting = parseGreeting(await firstLine(found.connection, lines));
    if (greeting?.protocol !== String(PROTOCOL_VERSION)) {
      const other = printable(greeting?.version ?? "unknown");
      throw new ExitError(
        EXIT.data,
        `release mismatch, expecting ${CLASSIC_VERSION}, got ${other}, exiting.`,
        "stdout",
      );
    }
    return new ControlClient(found.connection, lines, greeting.pid);
  }

  /**
   * Has one command carried out.
   *
   * @param command One line; line ends in it count as blanks.
   * @throws {ExitError} 69 if the instance has ended meanwhile.
   */
  async ask(command: string): Promise<Reply> {
    try {
      await writeText(this.#connection, `${command.replace(/[\r\n]+/g, " ")}\n`);
      let text = "";
      for (;;) {
        const { value } = await this.#lines.next();
        if (value === undefined) break;
        const line = parseAnswerLine(value);
        if (line.kind === "end") return { text, group: line.group, bye: line.bye };
        // Root may be speaking to another user's instance.
        text += `${printable(line.text)}\n`;
      }
    } catch {
      // It ended in the middle of our command.
    }
    throw noMaster(this.pid);
  }

  /** Closes the connection. */
  [Symbol.dispose](): void {
    this.#connection.close();
  }
}

function noMaster(pid: number | undefined): ExitError {
  return new ExitError(EXIT.unavailable, formatNoMaster(pid), "stdout");
}

/** The first line; an instance that does not greet in time is given up. */
async function firstLine(
  connection: Deno.UnixConn,
  lines: AsyncGenerator<string, void>,
): Promise<string> {
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    connection.close();
  }, GREETING_TIMEOUT_MS);
  try {
    const { value } = await lines.next();
    if (value !== undefined) return value;
  } catch {
    // Reset or closed: told below.
  } finally {
    clearTimeout(timer);
  }
  if (!late) throw noMaster(undefined);
  throw new ExitError(EXIT.unavailable, "master process does not answer, exiting.", "stdout");
}
