/**
 * Attributes of a destination: the words behind its commas.
 *
 * | attribute | accepted |
 * | --- | --- |
 * | `weight=N` | 0 to 1000 |
 * | `maxc=N` | 0 to 2147483647 |
 * | `backup` | no value |
 * | `check=KIND` | `off`, `tcp` or `http:/PATH` |
 * | `checkport=N` | 1 to 65535 |
 * | `proxy=VERSION` | `v1`, `v2` or `off` |
 * | `name=TEXT` | printable text |
 *
 * No value has a comma.
 *
 * @module
 */
import { wholeNumber } from "../option_value.ts";
import { printable } from "../text.ts";
import { nearest } from "./nearest.ts";

/** What was typed; what is not there was not. */
export interface Attributes {
  /** Share of new connections, 0..1000. */
  readonly weight?: number;
  /** Used only while nothing else of the group is usable. */
  readonly backup?: true;
  /** How the channel is checked: `off`, `tcp` or `http:/PATH`. */
  readonly check?: string;
  /** Port that is checked, 1..65535. */
  readonly checkport?: number;
  /** PROXY header that is sent to it. */
  readonly proxy?: "v1" | "v2" | "off";
  /** What it is called. */
  readonly name?: string;
}

/** {@link Attributes}, and the one that has a place of its own in a destination. */
export interface TypedAttributes extends Attributes {
  /** Most simultaneous connections, 0..2147483647. */
  readonly maxc?: number;
}

/** How the value of an attribute is read: `undefined` is not accepted. */
interface Rule {
  /** What is accepted, as it follows "takes". */
  readonly accepts: string;
  /** Reads a value; no value is `undefined`. */
  readonly read: (text: string | undefined) => number | string | true | undefined;
}

/** The attributes in the order in which they are written. */
const RULES: Readonly<Record<keyof TypedAttributes, Rule>> = {
  weight: numeric(0, 1000),
  maxc: numeric(0, 2 ** 31 - 1),
  backup: { accepts: "no value", read: (text) => text === undefined ? true : undefined },
  check: matching("off, tcp or http:/PATH", /^(?:off|tcp|http:\/[^\s\p{C}]*)$/u),
  checkport: numeric(1, 65535),
  proxy: matching("v1, v2 or off", /^(?:v1|v2|off)$/),
  name: {
    accepts: "printable text",
    read: (text = "") => text.trim() !== "" && printable(text) === text ? text : undefined,
  },
};

const NAMES = Object.keys(RULES);

/**
 * Reads attributes.
 *
 * @param words What is between the commas.
 * @param fail Ends with a reason: one printable line.
 */
export function parseAttributes(
  words: readonly string[],
  fail: (reason: string) => never,
): TypedAttributes {
  const values = new Map<string, number | string | true>();
  for (const word of words) {
    const equals = word.indexOf("=");
    const name = equals < 0 ? word : word.slice(0, equals);
    const text = equals < 0 ? undefined : word.slice(equals + 1);
    if (!isName(name)) return fail(unknown(name));
    if (values.has(name)) return fail(`${name} is given twice`);
    const value = RULES[name].read(text);
    if (value === undefined) {
      const given = text === undefined ? "nothing" : `"${printable(text)}"`;
      return fail(`${name} takes ${RULES[name].accepts}, not ${given}`);
    }
    values.set(name, value);
  }
  return Object.fromEntries(values);
}

/** Writes attributes as they stand behind an address, the first comma included. */
export function formatAttributes(attributes: TypedAttributes): string {
  return NAMES.filter(isName).map((name) => {
    const value = attributes[name];
    if (value === undefined) return "";
    return value === true ? `,${name}` : `,${name}=${value}`;
  }).join("");
}

function isName(text: string): text is keyof TypedAttributes {
  return NAMES.includes(text);
}

function unknown(name: string): string {
  if (name === "") return "an attribute is missing at a comma";
  const meant = nearest(name, NAMES);
  return `no attribute ${printable(name)}; ` +
    (meant === undefined ? `there are ${NAMES.join(", ")}` : `did you mean ${meant}?`);
}

function numeric(least: number, most: number): Rule {
  return {
    accepts: `a number from ${least} to ${most}`,
    read: (text = "") => wholeNumber(text, least, most, 10),
  };
}

function matching(accepts: string, pattern: RegExp): Rule {
  return { accepts, read: (text = "") => pattern.test(text) ? text : undefined };
}
