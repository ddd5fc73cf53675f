/**
 * Client address to number, bit for bit as balance 3.54 on an IPv6 listener.
 *
 * @module
 */
import { parseIpv6 } from "./address.ts";

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
  const bytes = parseIpv6(client);
  if (bytes === undefined) return 0;
  let hash = 0;
  for (const byte of bytes) hash = (Math.imul(hash, 31) + ((byte << 24) >> 24)) | 0;
  return Math.imul(hash, SCALE) >>> 0;
}

/** 31^12 modulo 2^32: the twelve zero bytes behind the address. */
const SCALE = Number(31n ** 12n & 0xffffffffn) | 0;
