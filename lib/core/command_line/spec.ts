/**
 * The operands: the port, destinations, and the separators that make groups of them.
 *
 * | operand | meaning |
 * | --- | --- |
 * | `!` | closes the group to its left as Round Robin |
 * | `%` | closes the group to its left as Hash |
 * | any other | a destination, see destination.ts |
 *
 * @module
 */
import { atoi } from "../net/address.ts";
import { EXIT, ExitError } from "../errors.ts";
import type { Services } from "../net/services.ts";
import { MAX_CHANNELS, MAX_GROUPS, type MethodName } from "../table/schema.ts";
import { printable } from "../text.ts";
import { type Destination, parseDestination } from "./destination.ts";

/** One group as it was typed. */
export interface GroupSpec {
  /** How it distributes. */
  readonly method: MethodName;
  /** Its destinations in order; only the last group can be empty. */
  readonly destinations: readonly Destination[];
}

/**
 * Reads all operands behind the port.
 *
 * @returns At least one group; the last one may be empty.
 * @throws {ExitError} 64 with 64 operands or more or a bad attribute, 69 for a separator without channels before it or a
 * 17th group.
 */
export function parseGroups(
  operands: readonly string[],
  ownPort: number,
  services: Services,
): GroupSpec[] {
  if (operands.length >= MAX_CHANNELS) {
    throw new ExitError(EXIT.usage, "MAXCHANNELS exceeded...");
  }
  const groups: GroupSpec[] = [];
  let destinations: Destination[] = [];
  for (const operand of operands) {
    if (operand !== "!" && operand !== "%") {
      destinations.push(parseDestination(operand, ownPort, services));
      continue;
    }
    if (destinations.length === 0) {
      throw new ExitError(EXIT.unavailable, "balance: no channels in group");
    }
    groups.push({ method: operand === "%" ? "hash" : "rr", destinations });
    destinations = [];
    if (groups.length === MAX_GROUPS) {
      throw new ExitError(EXIT.unavailable, "balance: too many groups");
    }
  }
  return [...groups, { method: "rr", destinations }];
}

/**
 * How each group distributes, those included that have no channels yet.
 *
 * @param groups The groups as typed; those that `%` closes are hash groups.
 * @param wanted The methods of `--method`, for the other groups in order; the last one counts for those that follow.
 * @returns A method for each of the {@link MAX_GROUPS}.
 */
export function groupMethods(
  groups: readonly GroupSpec[],
  wanted: readonly MethodName[],
): MethodName[] {
  let last: MethodName = "rr";
  const left = [...wanted];
  return Array.from({ length: MAX_GROUPS }, (_, group) => {
    if (groups[group]?.method === "hash") return "hash";
    last = left.shift() ?? last;
    return last;
  });
}

/** The port operand of the command line. */
export interface Port {
  /** The number that names the instance. */
  readonly number: number;
  /** Whether a socket can listen on it: `12x` and `-1` name an instance but cannot. */
  readonly valid: boolean;
}

/**
 * Reads the port operand: a TCP service name, or a number.
 *
 * @throws {ExitError} 64 for 0, anything without a leading number, and numbers above 65535.
 */
export function parsePort(text: string, services: Services): Port {
  const named = services.get(text);
  const number = named ?? atoi(text);
  if (number === 0 || number > 65535) {
    throw new ExitError(EXIT.usage, `invalid port [${printable(text)}], exiting.`);
  }
  return { number, valid: named !== undefined || /^\s*\+?\d+$/.test(text) };
}
