/**
 * Rendezvous as its description has it, in unlimited numbers: slow, and short enough to be seen to be right.
 *
 * @module
 */

const MASK = 2n ** 64n - 1n;

/** 64-bit FNV-1a. */
export function slowFnv(bytes: Uint8Array): bigint {
  let hash = 0xcbf29ce484222325n;
  for (const byte of bytes) hash = (hash ^ BigInt(byte)) * 0x100000001b3n & MASK;
  return hash;
}

/** Murmur3's 64-bit finaliser. */
export function slowMix(hash: bigint): bigint {
  let h = hash;
  h = (h ^ h >> 33n) * 0xff51afd7ed558ccdn & MASK;
  h = (h ^ h >> 33n) * 0xc4ceb9fe1a85ec53n & MASK;
  return h ^ h >> 33n;
}

/** A mixed hash as a number above 0 and below 1. */
export function slowUnit(hash: bigint): number {
  return (Number(hash >> 12n) + 0.5) / 2 ** 52;
}

/** The mixed hash of a client and a channel. */
export function slowHash(address: Uint8Array, name: string): bigint {
  return slowMix(slowFnv(address) ^ slowFnv(new TextEncoder().encode(name)));
}

/** The score of a channel for a client. */
export function slowScore(address: Uint8Array, name: string, weight: number): number {
  return -weight / Math.log(slowUnit(slowHash(address, name)));
}
