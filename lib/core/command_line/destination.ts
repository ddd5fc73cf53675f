/**
 * Destinations as operands, in full.
 *
 * ```text
 * destination = address [":" [port] [":" [maxc]]] *("," attribute)
 * address     = name | IPv4 | "[" IPv6 "]" | "unix:" path | "dns:" name | "srv:" name
 * ```
 *
 * Without a comma, a bracket at the beginning or a prefix an operand reads as balance 3.54 reads it: a port is a service
 * name or what `atoi` makes of it, and everything behind the second colon is maxc. So does one that only seems to have a
 * prefix: in `dns:53`, `srv:` and `unix:smtp` a port, or nothing, follows the name of a host.
 *
 * @module
 */
import { atoi32 } from "../net/address.ts";
import { EXIT, ExitError } from "../errors.ts";
import { parsePlainIpv6 } from "../net/ip_address.ts";
import { unixPathFault } from "../net/socket_address.ts";
import { destinationPort, type Services } from "../net/services.ts";
import { printable } from "../text.ts";
import { type Attributes, formatAttributes, parseAttributes } from "./attributes.ts";

/** Where a destination's servers are found. */
export interface Address {
  /**
   * `host`: a name or IPv4 address, looked up as the classic does. `ipv6`: an address in brackets. `unix`: a path.
   * `dns`: a name with a channel for each address. `srv`: a name with a channel for each SRV record.
   */
  readonly kind: "host" | "ipv6" | "unix" | "dns" | "srv";
  /** The name, address or path as typed, without prefix and brackets; an IPv6 address with its zone. */
  readonly text: string;
}

/** One destination as typed. */
export interface Destination {
  /** Where it is. */
  readonly address: Address;
  /** The port as typed; empty if it was not. */
  readonly portText: string;
  /** The port as the classic keeps it: 32 bit, not checked; the instance's own if none was typed; 0 of a Unix socket. */
  readonly port: number;
  /** Most simultaneous connections; 0 is no limit, a negative number makes the channel unusable. */
  readonly maxc: number;
  /** What was typed behind commas, but for `maxc`. */
  readonly attributes: Attributes;
}

/**
 * Reads one destination.
 *
 * @param operand The whole operand.
 * @param ownPort The instance's port, for a destination without one.
 * @param services Names that may stand for a port.
 * @throws {ExitError} 64 for a bad attribute, bracket or path: one line that names it and says what is accepted.
 */
export function parseDestination(
  operand: string,
  ownPort: number,
  services: Services,
): Destination {
  const [head = "", ...words] = operand.split(",");
  const fail = (reason: string): never => {
    throw new ExitError(EXIT.usage, `balance: destination ${printable(operand)}: ${reason}`);
  };
  const { address, rest } = parseAddress(head, services, fail);
  const [, portText = "", maxcText = ""] = /^(?::([^:]*))?(?::([^]*))?$/.exec(rest) ?? [];
  const { maxc, ...attributes } = parseAttributes(words, fail);
  if (maxc !== undefined && maxcText !== "") {
    fail("maxc stands behind the second colon and as an attribute; give it once");
  }
  if (portText !== "" && address.kind === "unix") fail("a Unix socket has no port");
  if (portText !== "" && address.kind === "srv") fail("the port of srv: comes from the records");
  return {
    address,
    portText,
    port: portOf(address, portText, ownPort, services),
    maxc: maxc ?? atoi32(maxcText),
    attributes,
  };
}

/** Writes a destination that {@link parseDestination} gave so that it reads the same again. */
export function formatDestination(destination: Destination): string {
  const { portText, maxc, attributes } = destination;
  const fields = maxc !== 0 ? `:${portText}:${maxc}` : portText !== "" ? `:${portText}` : "";
  return formatAddress(destination.address) + fields + formatAttributes(attributes);
}

/** What a channel is called: its attribute `name`, else address and port as typed (the number, if no port was typed). */
export function channelName(destination: Destination): string {
  const { address, portText, port, attributes } = destination;
  if (attributes.name !== undefined) return attributes.name;
  const text = formatAddress(address);
  if (address.kind === "unix" || address.kind === "srv") return text;
  return `${text}:${portText === "" ? port : portText}`;
}

function formatAddress({ kind, text }: Address): string {
  if (kind === "host") return text;
  return kind === "ipv6" ? `[${text}]` : `${kind}:${text}`;
}

/** Reads the address; `rest` is what follows it, empty or from a colon on. */
function parseAddress(
  head: string,
  services: Services,
  fail: (reason: string) => never,
): { readonly address: Address; readonly rest: string } {
  if (head.startsWith("[")) return parseBrackets(head, fail);
  const [, kind, text = "", behind = ""] = PREFIXED.exec(head) ?? [];
  if ((kind === "unix" || kind === "dns" || kind === "srv") && !isPort(text, services)) {
    const fault = kind === "unix" ? unixPathFault(text) : undefined;
    if (fault !== undefined) fail(`the path ${fault}`);
    return { address: { kind, text }, rest: behind };
  }
  const colon = head.indexOf(":");
  const end = colon < 0 ? head.length : colon;
  return { address: { kind: "host", text: head.slice(0, end) }, rest: head.slice(end) };
}

const PREFIXED = /^(unix|dns|srv):([^:]*)([^]*)$/;

/** Whether a text can stand for a port, so that what is before it is a host. */
function isPort(text: string, services: Services): boolean {
  return /^\s*[+-]?\d*$/.test(text) || services.get(text) !== undefined;
}

function parseBrackets(
  head: string,
  fail: (reason: string) => never,
): { readonly address: Address; readonly rest: string } {
  const [, text = "", rest = ""] = /^\[([^\]]*)\](|:[^]*)$/.exec(head) ?? [];
  const bare = text.replace(/%[^%\s]+$/, "");
  if (parsePlainIpv6(bare) === undefined) {
    fail("brackets are for an IPv6 address, like [2001:db8::1]:80");
  }
  return { address: { kind: "ipv6", text }, rest };
}

function portOf(
  { kind }: Address,
  text: string,
  ownPort: number,
  services: Services,
): number {
  if (kind === "unix") return 0;
  return text === "" ? ownPort : destinationPort(text, services);
}
