/**
 * Destinations as operands: `host[:port[:maxc]]` and the group separators.
 *
 * | operand | host | port | maxc |
 * | --- | --- | --- | --- |
 * | `h`, `h:`, `h::` | h | the instance's own | 0 |
 * | `h:80`, `h:80:` | h | 80 | 0 |
 * | `h:smtp:4` | h | 25 | 4 |
 * | `h::12` | h | the instance's own | 12 |
 * | `!` | closes the group to its left as Round Robin | | |
 * | `%` | closes the group to its left as Hash | | |
 *
 * @module
 */
import { atoi, atoi32 } from "../net/address.ts";
import { EXIT, ExitError } from "../errors.ts";
import { destinationPort, type Services } from "../net/services.ts";
import { MAX_CHANNELS, MAX_GROUPS, type MethodName } from "../table/schema.ts";
import { printable } from "../text.ts";

/** One destination before its host is resolved. */
export interface Destination {
  /** Name or address, as typed. */
  readonly host: string;
  /** Port as the classic keeps it: a 32-bit number, not checked. */
  readonly port: number;
  /** Most simultaneous connections; 0 is no limit, a negative number makes the channel unusable. */
  readonly maxc: number;
}

/** One group as it was typed. */
export interface GroupSpec {
  /** How it distributes. */
  readonly method: MethodName;
  /** Its destinations in order; only the last group can be empty. */
  readonly destinations: readonly Destination[];
}

/**
 * Reads one destination.
 *
 * @param operand `host[:port[:maxc]]`; everything behind the second colon is maxc.
 * @param ownPort The instance's port, for a destination without one.
 * @param services Names that may stand for a port.
 */
export function parseDestination(
  operand: string,
  ownPort: number,
  services: Services,
): Destination {
  const [, host = "", port = "", maxc = ""] = /^([^:]*)(?::([^:]*))?(?::([^]*))?$/.exec(operand) ??
    [];
  return {
    host,
    port: port === "" ? ownPort : destinationPort(port, services),
    maxc: atoi32(maxc),
  };
}

/** Writes a destination so that {@link parseDestination} reads the same again. */
export function formatDestination(destination: Destination): string {
  return `${destination.host}:${destination.port}:${destination.maxc}`;
}

/** What a channel is called: its destination's host and port. */
export function channelName({ host, port }: Pick<Destination, "host" | "port">): string {
  return `${host}:${port}`;
}

/**
 * Reads all operands behind the port.
 *
 * @returns At least one group; the last one may be empty.
 * @throws {ExitError} 64 with 64 operands or more, 69 for a separator without channels before it or a 17th group.
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
