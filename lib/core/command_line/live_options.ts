/**
 * Options that can be changed while an instance runs: the words that say them, and the same parser as at the start.
 *
 * @module
 */
import { EXIT, ExitError } from "../errors.ts";
import { refuseValue } from "../option_value.ts";
import { nearest } from "./nearest.ts";
import { OPTIONS, type Options, type OptionSpec, parseOptions, takesNext } from "./options.ts";

/** The options by name, in the order of `--help`. */
export const LIVE_OPTIONS: readonly string[] = [
  "autodisable",
  "hash-failover",
  "connect-timeout",
  "idle-timeout",
  "load-bound",
  "resolve",
  "drain",
  "check",
  "check-send",
  "check-expect",
  "check-interval",
  "check-timeout",
  "check-rise",
  "check-fall",
  "eject",
  "slow-start",
  "cut-down",
  "when-down",
  "proxy-in",
  "proxy-out",
  "allow",
  "deny",
  "max-conns",
  "max-conns-per-client",
  "rate-per-client",
  "queue",
];

/** Those for which 0 is the same as off, though it is none of their values. */
const NEVER_ZERO: ReadonlySet<string> = new Set([
  "max-conns",
  "max-conns-per-client",
  "rate-per-client",
  "queue",
  "load-bound",
  "idle-timeout",
]);

/** The options as the command line would give them, and what they say. */
export interface LiveOptions {
  /** The words. */
  readonly given: readonly string[];
  /** What they say. Only what {@link LIVE_OPTIONS} name of it counts while an instance runs. */
  readonly options: Options;
}

/** An option that a change names. */
interface Named {
  readonly spec: OptionSpec;
  /** How it is typed. */
  readonly word: string;
}

/**
 * Changes one option.
 *
 * @param given The options as words.
 * @param port Any port, as without one nothing is a command line.
 * @param name The option without its dashes.
 * @param value Its value; `off` takes it away, and for one without value `on` gives it.
 * @returns What is wrong, in one line, if it is a text.
 */
export function changeOption(
  given: readonly string[],
  port: string,
  name: string,
  value: string,
): LiveOptions | string {
  try {
    const named = findOption(name);
    const others = optionsIn(given).filter(([typed]) => typed !== named.word);
    const words = [...others.flat(), ...wordsFor(named, value)];
    return { given: words, options: readOptions(words, port) };
  } catch (error) {
    if (error instanceof ExitError) return error.message.replace(/^balance: /, "");
    throw error;
  }
}

/**
 * Reads options that were given, or changed, before.
 *
 * @throws {ExitError} 64, if they are none.
 */
export function readOptions(given: readonly string[], port: string): Options {
  return parseOptions([...given, "--", port]);
}

/** The options that can be changed: a line for each that is given, and one with the names of all others. */
export function formatLiveOptions(given: readonly string[]): string[] {
  const lines: string[] = [];
  const others: string[] = [];
  for (const name of LIVE_OPTIONS) {
    const said = valueOf(given, name);
    if (said === undefined) others.push(name);
    else lines.push(said);
  }
  return [...lines, ...(others.length === 0 ? [] : [`not given: ${others.join(" ")}`])];
}

/** One option as the command line would give it, or that it is not given. */
export function formatLiveOption(given: readonly string[], name: string): string {
  return valueOf(given, name) ?? `${findOption(name).word} is off`;
}

function valueOf(given: readonly string[], name: string): string | undefined {
  const { word } = findOption(name);
  return optionsIn(given).find(([typed]) => typed === word)?.join(" ");
}

function findOption(name: string): Named {
  const spec = OPTIONS.find((each) => each.name === name);
  if (spec !== undefined && LIVE_OPTIONS.includes(name)) {
    return { spec, word: spec.short === undefined ? `--${name}` : `-${spec.short}` };
  }
  if (spec?.summary !== undefined) refuse(`option ${name} cannot be changed while running`);
  const meant = nearest(name, LIVE_OPTIONS);
  return refuse(`no option ${name}${meant === undefined ? "" : `; did you mean ${meant}?`}`);
}

function refuse(reason: string): never {
  throw new ExitError(EXIT.usage, reason);
}

/** The words of an option with a value. */
function wordsFor({ spec, word }: Named, value: string): string[] {
  const takesOff = spec.words?.includes("off") === true;
  if (value === "off" && !takesOff) return [];
  if (spec.value !== undefined) {
    return value === "0" && NEVER_ZERO.has(spec.name) ? [] : [word, value];
  }
  return value === "on" ? [word] : refuseValue(word, "on or off", value);
}

/** The options among words, each with its value if it has one. */
function optionsIn(given: readonly string[]): string[][] {
  const options: string[][] = [];
  for (let at = 0; at < given.length; at += options.at(-1)?.length ?? 1) {
    options.push(given.slice(at, at + (takesNext(given[at] ?? "") ? 2 : 1)));
  }
  return options;
}
