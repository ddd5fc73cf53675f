/**
 * Client address to number, bit for bit as balance 3.54 on an IPv6 listener.
 *
 * @module
 */
import { parseIpv4, parseIpv6 } from "../net/address.ts";

/**
 * Hashes a client's address.
 *
 * The base-31 polynomial over 28 signed bytes (16 of the address in IPv6 form, 4 of scope, 8 of zero), first byte
 * most significant, modulo 2^32. The scope is taken as 0: the runtime does not tell it.
 *
 * @param client The peer's address as the runtime prints it.
 * @returns Unsigned 32-bit hash; 0 for text that is no address.
 */
export function hashClient(client: string): number {
  if (!client.includes(":")) {
    const address = parseIpv4(client);
    if (address === undefined) return 0;
    let hash = MAPPED;
    for (let shift = 0; shift < 32; shift += 8) hash = fold(hash, (address << shift) >> 24);
    return Math.imul(hash, SCALE) >>> 0;
  }
  const bytes = parseIpv6(client);
  if (bytes === undefined) return 0;
  let hash = 0;
  for (const byte of bytes) hash = fold(hash, (byte << 24) >> 24);
  return Math.imul(hash, SCALE) >>> 0;
}

function fold(hash: number, byte: number): number {
  return (Math.imul(hash, 31) + byte) | 0;
}

/** The hash of the twelve bytes before an IPv4 address in its IPv6 form: ten of 0, two of -1. */
const MAPPED = -32;

/** 31^12 modulo 2^32: the twelve zero bytes behind the address. */
const SCALE = Number(31n ** 12n & 0xffffffffn) | 0;
