/**
 * The other end of an accepted socket, by the bytes that the kernel gave.
 *
 * @module
 */
import type { Origin } from "../../core/edge/origin.ts";
import type { ProxyPeer } from "../../core/edge/proxy_message.ts";
import { formatIpv4 } from "../../core/net/address.ts";
import { ADDRESS_BYTES, formatIpv6, mapIpv4 } from "../../core/net/ip_address.ts";
import type { Libc } from "./libc.ts";
import { FAMILY } from "./abi.ts";

/** An IP address and port as the kernel told it. */
export interface Peer {
  /** `ipv4` or `ipv6` of {@link FAMILY}. */
  readonly family: number;
  /** The address of IPv4, unsigned; 0 for IPv6. */
  readonly ipv4: number;
  /** The 16 bytes of IPv6; not there for IPv4. */
  readonly ipv6: Uint8Array | undefined;
  /** 0..65535. */
  readonly port: number;
}

/** Reads a socket address of IPv4 or IPv6; the bytes may be used again. */
export function readPeer(bytes: Uint8Array): Peer {
  const family = bytes[0] ?? 0;
  const port = ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0);
  if (family === FAMILY.ipv6) return { family, port, ipv4: 0, ipv6: bytes.slice(8, 24) };
  const high = ((bytes[4] ?? 0) << 8) | (bytes[5] ?? 0);
  const low = ((bytes[6] ?? 0) << 8) | (bytes[7] ?? 0);
  return { family, port, ipv4: high * 65_536 + low, ipv6: undefined };
}

/** The address as the runtime prints it. */
export function hostOf({ ipv4, ipv6 }: Peer): string {
  return ipv6 === undefined ? formatIpv4(ipv4) : formatIpv6(ipv6);
}

/** The address in the form of headers and lists. */
export function proxyPeer({ family, ipv4, ipv6, port }: Peer): ProxyPeer {
  if (family === FAMILY.ipv4) return { address: mapIpv4(ipv4), port };
  return { address: ipv6 ?? new Uint8Array(ADDRESS_BYTES), port };
}

/** Both ends of an accepted socket. Its own end is asked for when it is needed. */
export class SocketOrigin implements Origin {
  /** The client. */
  readonly client: ProxyPeer;
  readonly #libc: Libc;
  readonly #fd: number;
  #destination: ProxyPeer | undefined;

  /** Knows the ends of a socket that is open as long as they are asked for. */
  constructor(libc: Libc, fd: number, peer: Peer) {
    this.client = proxyPeer(peer);
    this.#libc = libc;
    this.#fd = fd;
  }

  /** What the client connected to. */
  get destination(): ProxyPeer {
    if (this.#destination === undefined) {
      this.#libc.localAddress(this.#fd);
      this.#destination = proxyPeer(readPeer(this.#libc.address));
    }
    return this.#destination;
  }
}
