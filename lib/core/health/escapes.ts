/**
 * Text with C escapes, as `--check-send` and `--check-expect` take it.
 *
 * | escape | byte |
 * | --- | --- |
 * | `\r` `\n` `\t` `\\` | carriage return, newline, tab, backslash |
 * | `\xHH` | two hexadecimal digits |
 * | `\o`, `\oo`, `\ooo` | up to three octal digits, at most `\377`; so `\0` is the zero byte |
 *
 * As in C, `\012` is one byte. Everything else stands for itself, in UTF-8.
 *
 * @module
 */
import { EXIT, ExitError } from "../errors.ts";
import { printable } from "../text.ts";
import { encodeUtf8 } from "../utf8.ts";

const SIMPLE: ReadonlyMap<string, number> = new Map([
  ["r", 0x0d],
  ["n", 0x0a],
  ["t", 0x09],
  ["\\", 0x5c],
]);

/** Writes characters that are not printable as escapes, so that the text reads the same. */
export function escapeUnprintable(text: string): string {
  return [...text].map((character) =>
    printable(character) === character ? character : [...encodeUtf8(character)]
      .map((byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("")
  ).join("");
}

/**
 * Reads text with C escapes.
 *
 * @param text The option's value.
 * @param option The option's name, for the complaint.
 * @throws {ExitError} 64, for an escape that is none of the table.
 */
export function parseEscapes(text: string, option: string): Uint8Array<ArrayBuffer> {
  const bytes: number[] = [];
  for (const [piece, escape] of text.matchAll(/\\(x[0-9a-fA-F]{2}|[0-7]{1,3}|[^]?)|[^\\]+/g)) {
    if (escape === undefined) {
      bytes.push(...encodeUtf8(piece));
      continue;
    }
    const byte = escapedByte(escape);
    if (byte === undefined) {
      throw new ExitError(
        EXIT.usage,
        `balance: ${option} takes text with the escapes \\r \\n \\t \\0 \\\\ \\xHH \\ooo, ` +
          `not "${printable(text)}"`,
      );
    }
    bytes.push(byte);
  }
  return Uint8Array.from(bytes);
}

/** The byte that stands behind a backslash, or nothing. */
function escapedByte(escape: string): number | undefined {
  if (/^x../.test(escape)) return parseInt(escape.slice(1), 16);
  if (!/^[0-7]/.test(escape)) return SIMPLE.get(escape);
  const byte = parseInt(escape, 8);
  return byte <= 0xff ? byte : undefined;
}
