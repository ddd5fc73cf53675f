/**
 * The PROXY protocol: the header in which a proxy tells a server who the client is.
 *
 * Follows `proxy-protocol.txt` of HAProxy (2020-03-05), versions 1 and 2. Reading is incremental: whoever reads keeps the
 * bytes received so far and asks again when more have come. What is decided of the sender (trusted or not, how long it may
 * take) is the caller's.
 *
 * @module
 */
import { decodeV1, encodeV1 } from "./proxy_v1.ts";
import { decodeV2, encodeV2, V2_FIRST_BYTE } from "./proxy_v2.ts";
import type { ProxyDecoded, ProxyMessage, ProxyPeer, ProxyVersion } from "./proxy_message.ts";

/** Most bytes of a header of either version; the ones that are longer are malformed. */
export const MAX_PROXY_HEADER = 4096;

/**
 * Writes a header.
 *
 * Addresses of different families are both written as IPv6. Version 1 knows no `local`, which becomes `UNKNOWN`; some
 * servers refuse that word, so who checks a server with version 1 does better to give the check's own two addresses.
 *
 * @returns 15 to 107 bytes of version 1, or 16, 28 or 52 of version 2: one segment.
 * @throws {RangeError} For an address that has not 16 bytes, or a port outside 0..65535.
 */
export function encodeProxyHeader(version: ProxyVersion, message: ProxyMessage): Uint8Array {
  if (message.kind === "proxied") {
    check(message.source);
    check(message.destination);
  }
  return version === "v1" ? encodeV1(message) : encodeV2(message);
}

/**
 * Reads a header of either version.
 *
 * Says `malformed` as soon as the bytes cannot become a header any more; never throws.
 *
 * @param bytes All that was received on the connection so far; addresses are copied out of it.
 */
export function decodeProxyHeader(bytes: Uint8Array): ProxyDecoded {
  return bytes[0] === V2_FIRST_BYTE ? decodeV2(bytes, MAX_PROXY_HEADER) : decodeV1(bytes);
}

function check({ address, port }: ProxyPeer): void {
  if (address.length === 16 && Number.isInteger(port) && port >= 0 && port <= 0xffff) return;
  throw new RangeError(`Cannot write a PROXY header: ${address.length} bytes, port ${port}`);
}
