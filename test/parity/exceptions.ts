/**
 * The listed differences from the classic: the table in README.md, read from
 * there, so that what is written down is what is applied.
 *
 * @module
 */
import { FormatError, isObject } from "./fields.ts";
import { readTranscript, type Transcript } from "./format.ts";

/** The exceptions that hold for every case; README.md says what each means. */
export const RULES = ["ls", "fds", "real-address", "no-v6only-warning"] as const;
/** One of {@linkcode RULES}. */
export type RuleName = typeof RULES[number];

/** One row of the table. */
export interface Exception {
  /** Name of the case, or `*` for a rule. */
  name: string;
  /** Path of a field to its other value; empty for a rule. */
  instead: Record<string, unknown>;
  /** The rule, where the row is one. */
  rule?: RuleName;
}

const README = new URL("./README.md", import.meta.url);
const ROW = /^\| `([^`]+)` \| `([^`]+)` \|/;

/** Reads the table. */
export function readExceptions(text: string = Deno.readTextFileSync(README)): Exception[] {
  const table = text.split("<!-- exceptions -->")[1] ?? "";
  const rows = table.split("\n").filter((line) => line.startsWith("| `"));
  return rows.map((row) => {
    const [, name = "", what = ""] = ROW.exec(row) ?? [];
    if (name === "") throw new FormatError(`README.md: cannot read the row ${row}`);
    if (name !== "*") return { name, instead: readObject(what, name) };
    const rule = RULES.find((known) => known === what);
    if (rule === undefined) throw new FormatError(`README.md: unknown rule ${what}`);
    return { name, instead: {}, rule };
  });
}

/** The rules among them. */
export function rulesOf(exceptions: readonly Exception[]): Set<RuleName> {
  return new Set(exceptions.flatMap(({ rule }) => rule === undefined ? [] : [rule]));
}

/**
 * The transcript as it is expected of this program. What was replaced is
 * compared like the rest, so that a row that is no longer true fails.
 *
 * @throws {FormatError} When a row names a field that is not there.
 */
export function applyExceptions(
  transcript: Transcript,
  exceptions: readonly Exception[],
): Transcript {
  const changed: unknown = structuredClone(transcript);
  for (const { name, instead } of exceptions.filter((row) => row.name === transcript.name)) {
    for (const [path, value] of Object.entries(instead)) assign(changed, path, value, name);
  }
  const rules = rulesOf(exceptions);
  const result = readTranscript(changed, transcript.name);
  if (rules.has("real-address")) result.stderr = withRealAddresses(result.stderr);
  if (rules.has("no-v6only-warning") && result.syslog !== undefined) {
    result.syslog = result.syslog.filter((line) => !/V6ONLY=0\) failed$/.test(line));
  }
  return result;
}

function withRealAddresses(trace: string): string {
  return trace.replaceAll("connect from :: clilen=16", "connect from <IPV4> clilen=16");
}

function readObject(text: string, name: string): Record<string, unknown> {
  const value: unknown = JSON.parse(text);
  if (!isObject(value)) throw new FormatError(`README.md: ${name} has no object`);
  return value;
}

/** Sets `after[1].expect` and the like. */
function assign(target: unknown, path: string, value: unknown, name: string): void {
  const keys = path.split(/[.[\]]+/).filter((key) => key !== "");
  const last = keys.pop() ?? "";
  let at = target as Record<string, unknown> | undefined;
  for (const key of keys) at = at?.[key] as Record<string, unknown> | undefined;
  if (at === undefined) throw new FormatError(`README.md: ${name} has no ${path}`);
  at[last] = value;
}
