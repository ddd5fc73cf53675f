/**
 * 64-bit hashes in two 32-bit halves: JavaScript's numbers hold 53 bits, and BigInt allocates.
 *
 * A hash lies in an `Int32Array`, the high half first.
 *
 * @module
 */

/** Low word of the FNV-1a prime, 2^40 + 0x1b3. */
const FNV_PRIME_LOW = 0x1b3;

/**
 * Hashes bytes: 64-bit FNV-1a.
 *
 * @param bytes What is hashed.
 * @param into Where the hash goes: the high half at `at`, the low half behind it.
 * @param at Index in `into`.
 */
export function hashBytes(bytes: Uint8Array, into: Int32Array, at = 0): void {
  let high = 0xcbf29ce4 | 0;
  let low = 0x84222325 | 0;
  for (let index = 0; index < bytes.length; index++) {
    low ^= bytes[index] ?? 0;
    // At most 41 bits: exact.
    const product = (low >>> 0) * FNV_PRIME_LOW;
    const carry = Math.floor(product / 2 ** 32);
    high = Math.imul(high, FNV_PRIME_LOW) + carry + (low << 8) | 0;
    low = product | 0;
  }
  into[at] = high;
  into[at + 1] = low;
}

/**
 * Mixes a hash with murmur3's 64-bit finaliser and makes it a number.
 *
 * FNV alone gives neighbouring addresses neighbouring hashes.
 *
 * @param high The hash's high half.
 * @param low Its low half.
 * @returns Above 0 and below 1: the upper 52 bits of the result and a half, divided by 2^52.
 */
export function mixToUnit(high: number, low: number): number {
  // A shift of 64 bits to the right by 33 leaves the high half's upper 31 bits in the low half.
  let lower = low ^ high >>> 1;
  let upper = highProduct(lower, 0xed558ccd) + Math.imul(lower, 0xff51afd7) +
      Math.imul(high, 0xed558ccd) | 0;
  lower = Math.imul(lower, 0xed558ccd) ^ upper >>> 1;
  upper = highProduct(lower, 0x1a85ec53) + Math.imul(lower, 0xc4ceb9fe) +
      Math.imul(upper, 0x1a85ec53) | 0;
  lower = Math.imul(lower, 0x1a85ec53) ^ upper >>> 1;
  return ((upper >>> 0) * 2 ** 20 + (lower >>> 12) + 0.5) / 2 ** 52;
}

/** The upper 32 bits of the product of two unsigned 32-bit numbers. */
function highProduct(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = Math.imul(aHigh, bLow) >>> 0;
  const other = Math.imul(aLow, bHigh) >>> 0;
  const carry = (Math.imul(aLow, bLow) >>> 16) + (middle & 0xffff) + (other & 0xffff) >>> 16;
  return (Math.imul(aHigh, bHigh) >>> 0) + (middle >>> 16) + (other >>> 16) + carry;
}
