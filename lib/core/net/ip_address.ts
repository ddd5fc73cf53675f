/**
 * IP addresses in the one form that clients, lists and hashes are compared in: the 16 bytes of IPv6.
 *
 * An IPv4 address `a.b.c.d` is `::ffff:a.b.c.d` ("mapped"), so that a client is the same one whichever kind of listener
 * it came through.
 *
 * @module
 */
import { formatIpv4, parseIpv4, parseIpv6 } from "./address.ts";

/** Bytes of an address. */
export const ADDRESS_BYTES = 16;

/** The IPv6 form of an IPv4 address, which is an unsigned 32-bit number. */
export function mapIpv4(address: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(ADDRESS_BYTES);
  bytes[10] = bytes[11] = 255;
  for (let at = 0; at < 4; at++) bytes[12 + at] = address >>> (24 - 8 * at);
  return bytes;
}

/** The IPv4 address inside a mapped address, unsigned 32 bit; `undefined` if it is not mapped. */
export function unmapIpv4(address: Uint8Array): number | undefined {
  if (address[10] !== 255 || address[11] !== 255) return undefined;
  for (let at = 0; at < 10; at++) if (address[at] !== 0) return undefined;
  return wordAt(address, 12) >>> 0;
}

/** Four bytes, the most significant first, as a signed 32-bit number. */
export function wordAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 24) | ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) |
    (bytes[at + 3] ?? 0);
}

/** Whether two addresses (or other bytes) are the same. */
export function sameBytes(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

/**
 * Reads an IPv4 address in its one canonical spelling: four decimal numbers without leading zeros.
 *
 * What `inet_aton(3)` takes besides (octal, hexadecimal, fewer parts) reads differently elsewhere, so it has no place in
 * an access list or a header.
 *
 * @returns Unsigned 32-bit number, or `undefined`.
 */
export function parseCanonicalIpv4(text: string): number | undefined {
  return CANONICAL_IPV4.test(text) ? parseIpv4(text) : undefined;
}

const CANONICAL_IPV4 = /^(?:(?:0|[1-9]\d{0,2})(?:\.(?!$)|$)){4}$/;

/**
 * Reads an IPv6 address without a zone, in any spelling of RFC 4291; a dotted quad at its end must be canonical.
 *
 * @returns 16 bytes, or `undefined`, also for an IPv4 address.
 */
export function parsePlainIpv6(text: string): Uint8Array | undefined {
  if (!text.includes(":") || text.includes("%")) return undefined;
  const quad = text.slice(text.lastIndexOf(":") + 1);
  if (quad.includes(".") && parseCanonicalIpv4(quad) === undefined) return undefined;
  return parseIpv6(text);
}

/** Writes an IPv6 address as RFC 5952 says, a mapped one as `::ffff:a.b.c.d`. */
export function formatIpv6(address: Uint8Array): string {
  const ipv4 = unmapIpv4(address);
  return ipv4 === undefined ? formatHextets(address) : `::ffff:${formatIpv4(ipv4)}`;
}

/** Writes an address for people: a mapped one as IPv4. */
export function formatAddress(address: Uint8Array): string {
  const ipv4 = unmapIpv4(address);
  return ipv4 === undefined ? formatHextets(address) : formatIpv4(ipv4);
}

/** Writes an address as hexadecimal words, the first longest run of two or more zero words as `::`. */
export function formatHextets(address: Uint8Array): string {
  const words = Array.from(
    { length: 8 },
    (_, at) => ((address[2 * at] ?? 0) << 8) | (address[2 * at + 1] ?? 0),
  );
  let start = 0;
  let length = 1;
  for (let at = 0; at < 8; at++) {
    let end = at;
    while (words[end] === 0) end++;
    if (end - at > length) [start, length] = [at, end - at];
  }
  const hex = words.map((word) => word.toString(16));
  if (length < 2) return hex.join(":");
  return `${hex.slice(0, start).join(":")}::${hex.slice(start + length).join(":")}`;
}
