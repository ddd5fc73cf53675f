/**
 * The control protocol: lines of UTF-8 text over a Unix socket.
 *
 * ```
 * server: balance-control 1 4711 3.54     greeting: name, protocol version, pid, version of the shell
 * client: show                            a command, one line
 * client: .                               ends what goes on after a command; has no answer of its own
 * server: GRP Type  #   S …               the answer's lines; one that begins with a dot has it doubled
 * server: .~ 3 connections left           progress, for a terminal; it, or an empty one, comes at least each 5 s of a wait
 * server: . 0                             end of the answer: a dot, the current group …
 * server: . 0 bye                         … `bye` when the server closes the connection now …
 * server: . 0 status=75                   … and what a command exits with, if that is not 0
 * ```
 *
 * Later versions may put further words behind the group: a client ignores those that it does not know.
 *
 * @module
 */

/** Version of the protocol; a client refuses another one. */
export const PROTOCOL_VERSION = 1;

/** The line that ends what goes on; it may come too late, and then means nothing. */
export const INTERRUPTION = ".";

/** Longest line that a client may send, in bytes without the line end. */
export const MAX_LINE = 4096;

/** What a server says first. */
export interface Greeting {
  /** Version of the protocol. */
  readonly protocol: string;
  /** Process id of the instance. */
  readonly pid: number;
  /** The version whose shell is spoken. */
  readonly version: string;
}

/** Writes the greeting with its line end. */
export function formatGreeting(pid: number, version: string): string {
  return `balance-control ${PROTOCOL_VERSION} ${pid} ${version}\n`;
}

/** Reads the greeting; `undefined` if the line is none. */
export function parseGreeting(line: string): Greeting | undefined {
  const match = /^balance-control (\S+) (\d+) (\S+)$/.exec(line);
  if (match === null) return undefined;
  const [, protocol = "", pid, version = ""] = match;
  return { protocol, pid: Number(pid), version };
}

/**
 * Writes an answer.
 *
 * @param lines The answer's lines, without line ends.
 * @param group The session's current group.
 * @param end See {@link formatEnd}.
 */
export function formatAnswer(lines: readonly string[], group: number, end: AnswerEnd = {}): string {
  return formatLines(lines) + formatEnd(group, end);
}

/** Writes some lines of an answer. */
export function formatLines(lines: readonly string[]): string {
  return lines.map((line) => `${line.startsWith(".") ? "." : ""}${line}\n`).join("");
}

/** Writes a line that is shown on a terminal only; empty it shows nothing but that somebody is there. */
export function formatProgress(text: string): string {
  return `.~ ${text}\n`;
}

/** What the end of an answer says beside the group. */
export interface AnswerEnd {
  /** Whether the server closes the connection now. */
  readonly bye?: boolean;
  /** What a shell's command exits with; 0 unless given. */
  readonly status?: number | undefined;
}

/** Writes the end of an answer. */
export function formatEnd(group: number, { bye = false, status = 0 }: AnswerEnd = {}): string {
  return `. ${group}${bye ? " bye" : ""}${status === 0 ? "" : ` status=${status}`}\n`;
}

/** A line of an answer, or its end. */
export type AnswerLine =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "progress"; readonly text: string }
  | {
    readonly kind: "end";
    readonly group: number;
    readonly bye: boolean;
    /** What a command exits with. */
    readonly status: number;
  };

/** Reads one line of an answer, without its line end. */
export function parseAnswerLine(line: string): AnswerLine {
  const end = /^\. (\d+)((?: [^ ]+)*)$/.exec(line);
  if (end !== null) {
    const [, group, words = ""] = end;
    const [, status = "0"] = / status=(\d{1,3})(?= |$)/.exec(words) ?? [];
    const bye = words.split(" ").includes("bye");
    return { kind: "end", group: Number(group), bye, status: Number(status) };
  }
  if (line.startsWith(".~")) return { kind: "progress", text: line.slice(3) };
  return { kind: "text", text: line.startsWith(".") ? line.slice(1) : line };
}
