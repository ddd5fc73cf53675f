/**
 * Text as UTF-8 and back, for the core, which has no `TextEncoder`.
 *
 * @module
 */

/** Writes text as UTF-8; half a surrogate pair becomes U+FFFD, as in `TextEncoder`. */
export function encodeUtf8(text: string): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [];
  for (const character of text.toWellFormed()) {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x80) bytes.push(code);
    else if (code < 0x800) bytes.push(0xc0 | (code >> 6), continued(code));
    else if (code < 0x10000) bytes.push(0xe0 | (code >> 12), continued(code >> 6), continued(code));
    else {
      bytes.push(0xf0 | (code >> 18), continued(code >> 12), continued(code >> 6), continued(code));
    }
  }
  return Uint8Array.from(bytes);
}

/** The last six bits of a number as a byte that continues a sequence. */
function continued(bits: number): number {
  return 0x80 | (bits & 0x3f);
}

/**
 * Reads UTF-8.
 *
 * @returns The text, or `undefined` if the bytes are not well formed (overlong, cut, a surrogate).
 */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  let escaped = "";
  for (const byte of bytes) escaped += `%${byte.toString(16).padStart(2, "0")}`;
  try {
    return decodeURIComponent(escaped);
  } catch {
    // The only error that it has: a malformed sequence.
    return undefined;
  }
}
