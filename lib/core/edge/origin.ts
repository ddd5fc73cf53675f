/**
 * Both ends of a client's connection as they hold here: those of its socket, or those that a PROXY header names.
 *
 * @module
 */
import { parseIpv6 } from "../net/address.ts";
import { ADDRESS_BYTES, formatAddress } from "../net/ip_address.ts";
import type { ProxyHeader, ProxyPeer } from "./proxy_message.ts";

/** Where a client comes from and what it connected to. */
export interface Origin {
  /** The client. */
  readonly client: ProxyPeer;
  /** What it connected to. */
  readonly destination: ProxyPeer;
  /** The peer that has said so; not there if the socket's own ends hold. */
  readonly proxy?: ProxyPeer;
}

/** An end of a socket as the runtime tells it. */
export interface SocketEnd {
  /** An address as text; a zone does not count. */
  readonly hostname: string;
  /** 0..65535. */
  readonly port: number;
}

/** The ends of a socket. */
export function socketOrigin(client: SocketEnd, destination: SocketEnd): Origin {
  return { client: peerAt(client), destination: peerAt(destination) };
}

/** The ends that a header names; the socket's own if it names none, as for a client of the proxy's own. */
export function learnOrigin(origin: Origin, { source, destination }: ProxyHeader): Origin {
  if (source === undefined || destination === undefined) return origin;
  return { client: source, destination, proxy: origin.client };
}

/** Writes an end as `192.0.2.7:5123` or `[2001:db8::1]:5123`. */
export function formatPeer({ address, port }: ProxyPeer): string {
  const host = formatAddress(address);
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Writes an end of a socket as {@link formatPeer} does; an IPv4 address in the form of IPv6 as what it is. */
export function formatSocketEnd({ hostname, port }: SocketEnd): string {
  if (!hostname.includes(":")) return `${hostname}:${port}`;
  const [, ipv4] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(hostname) ?? [];
  return ipv4 === undefined ? `[${hostname}]:${port}` : `${ipv4}:${port}`;
}

function peerAt({ hostname, port }: SocketEnd): ProxyPeer {
  return { address: parseIpv6(hostname) ?? new Uint8Array(ADDRESS_BYTES), port };
}
