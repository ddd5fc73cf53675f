/**
 * A place in the table: the socket address that is connected to, and the port that reports show.
 *
 * @module
 */
import { type Endpoint, SOCKET_ADDRESS_BYTES, writeSocketAddress } from "../net/socket_address.ts";

/** Where a channel's connections go. */
export interface Place {
  /** Socket address as bytes, ready for the kernel. */
  readonly address: Uint8Array;
  /** Port as typed, for reports; may lie outside 0..65535. */
  readonly port: number;
}

/**
 * The place of a server.
 *
 * @param host Where it is; its port does not count.
 * @param port As typed; connected to modulo 65536, as balance 3.54 does.
 */
export function placeAt(host: Endpoint, port: number): Place {
  if (host.family === "unix") return { address: addressOf(host), port: 0 };
  return { address: addressOf({ ...host, port: port & 0xffff }), port };
}

/**
 * The place of a server whose address is not known yet.
 *
 * @param port As typed. Port 0 of no address is connected to, which nobody can listen on.
 */
export function unresolvedPlace(port: number): Place {
  return { address: addressOf({ family: "ipv4", address: 0, port: 0 }), port };
}

function addressOf(endpoint: Endpoint): Uint8Array {
  const bytes = new Uint8Array(SOCKET_ADDRESS_BYTES);
  return bytes.subarray(0, writeSocketAddress(bytes, endpoint));
}
