/**
 * The names in angle brackets that stand for numbers and texts.
 *
 * @module
 */

/**
 * The ports of every case. Each case has a network of its own, so they can be
 * fixed; they lie outside the ephemeral range that `namespace.ts` sets.
 */
export const PORTS: Readonly<Record<string, string>> = {
  PORT: "48001",
  PORT2: "48002",
  SELF: "48003",
  B1: "41001",
  B2: "41002",
  B3: "41003",
  B4: "41004",
  B5: "41005",
  DEAD1: "42001",
  DEAD2: "42002",
  DEAD3: "42003",
  BLACKHOLE: "43001",
};

/** What an expected text may hold instead of an exact one. */
const WILDCARDS: Readonly<Record<string, string>> = {
  USAGE: "[\\s\\S]*\\S[\\s\\S]*?",
  TIME: "[A-Z][a-z]{2} [ \\d]\\d \\d\\d:\\d\\d:\\d\\d",
  SYSLOGPID: "\\d+",
  PID: "\\d+",
  NEWPID: "\\d+",
  IPV4: "\\d+\\.\\d+\\.\\d+\\.\\d+",
};

const NAME = /<([A-Z][A-Z0-9]*)>/g;

/** Replaces the names that are known; anything else in angle brackets stays. */
export function substitute(text: string, names: ReadonlyMap<string, string>): string {
  return text.replace(NAME, (whole, name: string) => names.get(name) ?? whole);
}

/**
 * Whether a text is the expected one: to the byte, but for the names that stand
 * for any usage text, time or process id not known yet.
 */
export function matches(
  actual: string,
  expected: string,
  names: ReadonlyMap<string, string>,
): boolean {
  const filled = substitute(expected, names);
  if (filled === actual) return true;
  let source = "";
  let end = 0;
  for (const found of filled.matchAll(NAME)) {
    const wildcard = WILDCARDS[found[1] ?? ""];
    if (wildcard === undefined) continue;
    source += literal(filled.slice(end, found.index)) + wildcard;
    end = found.index + found[0].length;
  }
  if (end === 0) return false;
  return new RegExp(`^${source}${literal(filled.slice(end))}$`).test(actual);
}

function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}
