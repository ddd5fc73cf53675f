/**
 * The checksum CRC-32C (Castagnoli), as RFC 4960 appendix B and the PROXY protocol use it.
 *
 * @module
 */

/** The polynomial, least significant bit first. */
const POLYNOMIAL = 0x82f63b78;

/**
 * Computes the checksum of bytes of which four count as zero: where the checksum itself stands.
 *
 * Bit by bit and without a table: it sees at most a few kilobytes of a connection.
 *
 * @param blank Where the four bytes begin; behind the end if there are none.
 * @returns Unsigned 32-bit number; 0xe3069283 for the text `123456789`.
 */
export function crc32c(bytes: Uint8Array, blank: number = bytes.length): number {
  let crc = -1;
  for (const [at, byte] of bytes.entries()) {
    crc ^= at >= blank && at < blank + 4 ? 0 : byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (POLYNOMIAL & -(crc & 1));
  }
  return ~crc >>> 0;
}
