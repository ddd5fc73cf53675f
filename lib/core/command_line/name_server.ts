/**
 * The value of `--dns`: a name server's address.
 *
 * @module
 */
import { formatHost, type Ipv4Endpoint, type Ipv6Endpoint } from "../net/socket_address.ts";
import { parseCanonicalIpv4, parsePlainIpv6 } from "../net/ip_address.ts";

/** A name server. */
export type NameServer = (Ipv4Endpoint | Ipv6Endpoint) & {
  /** Its address as text, without brackets and port. */
  readonly text: string;
};

const DEFAULT_PORT = 53;

/** What is accepted, as it follows "takes". */
export const NAME_SERVER_FORMS =
  "an address, with a port if it is not 53, like 192.0.2.53 or [2001:db8::53]:5353";

/**
 * Reads an IPv4 or IPv6 address, a port behind a colon; an IPv6 address with a port is in brackets.
 *
 * @returns `undefined` for anything else.
 */
export function parseNameServer(value: string): NameServer | undefined {
  const bare = parsePlainIpv6(value);
  if (bare !== undefined) return ipv6(bare, DEFAULT_PORT);
  const [, long, short = "", digits = `${DEFAULT_PORT}`] =
    /^(?:\[([^\]]*)\]|([^[\]:]*))(?::([1-9]\d{0,4}))?$/.exec(value) ?? [];
  const port = Number(digits);
  if (port > 65535) return undefined;
  if (long !== undefined) {
    const address = parsePlainIpv6(long);
    return address === undefined ? undefined : ipv6(address, port);
  }
  const address = parseCanonicalIpv4(short);
  return address === undefined ? undefined : { family: "ipv4", address, port, text: short };
}

function ipv6(address: Uint8Array, port: number): NameServer {
  const endpoint = { family: "ipv6", address, port, scope: 0 } as const;
  return { ...endpoint, text: formatHost(endpoint) };
}
