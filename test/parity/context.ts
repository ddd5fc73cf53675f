/**
 * What the steps of one case share.
 *
 * @module
 */
import type { Backend } from "./backends.ts";
import type { Client } from "./client.ts";
import type { Transcript } from "./format.ts";
import { matches, substitute } from "./placeholders.ts";
import type { Program } from "./program.ts";
import type { RuleName } from "./exceptions.ts";

/** The state of one case while it is played. */
export class Context {
  /** Placeholder to text. */
  readonly names: Map<string, string>;
  readonly backends = new Map<string, Backend>();
  readonly clients = new Map<string, Client>();
  readonly programs: Program[] = [];
  /** What differs, one text each. */
  readonly problems: string[] = [];
  /** Which step is played, for messages. */
  where = "";
  /** What `reuse_pid` started. */
  reused: Program | undefined;

  constructor(
    readonly transcript: Transcript,
    /** The exceptions that hold for every case; empty for the classic itself. */
    readonly rules: ReadonlySet<RuleName>,
    names: Iterable<[string, string]>,
  ) {
    this.names = new Map(names);
  }

  /** Fills in the placeholders that are known. */
  fill(text: string): string {
    return substitute(text, this.names);
  }

  /** A port number from its text. */
  port(text: string): number {
    return Number(this.fill(text));
  }

  /** Whether a text is the expected one. */
  agrees(actual: string, expected: string): boolean {
    return matches(actual, expected, this.names);
  }

  /** Notes a problem. */
  fail(problem: string): void {
    this.problems.push(this.where === "" ? problem : `${this.where}: ${problem}`);
  }

  /** Notes a problem unless `actual` is the expected text; absent = anything. */
  compare(what: string, actual: string, expected: string | undefined): void {
    if (expected === undefined || this.agrees(actual, expected)) return;
    this.fail(describe(what, actual, this.fill(expected), this.names));
  }
}

/** Says in which line two texts part. */
export function describe(
  what: string,
  actual: string,
  expected: string,
  names: ReadonlyMap<string, string>,
): string {
  const is = actual.split("\n");
  const be = expected.split("\n");
  let line = 0;
  while (line < is.length && line < be.length && matches(is[line] ?? "", be[line] ?? "", names)) {
    line++;
  }
  const at = is.length > 1 || be.length > 1 ? ` (line ${line + 1})` : "";
  return `${what}${at}: expected ${show(be.slice(line))}, got ${show(is.slice(line))}`;
}

function show(lines: readonly string[]): string {
  if (lines.length === 0) return "nothing more";
  const text = JSON.stringify(lines.slice(0, 2).join("\n"));
  const more = lines.length > 2 ? " …" : "";
  return (text.length > 240 ? `${text.slice(0, 240)}…` : text) + more;
}
