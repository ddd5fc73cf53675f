/**
 * Numbers and addresses as text: the lenient forms that C programs accept.
 *
 * @module
 */

/**
 * Reads a leading decimal number as C's `atoi` does.
 *
 * Leading blanks and one sign are skipped, digits are taken, the rest is ignored; no digits give 0.
 *
 * @returns An integer; not wrapped to 32 bit, at most 2^53 in size.
 */
export function atoi(text: string): number {
  const match = /^[ \t\n\v\f\r]*([+-]?\d+)/.exec(text);
  if (match === null) return 0;
  const value = Number(match[1]);
  return Math.max(-Number.MAX_SAFE_INTEGER, Math.min(value, Number.MAX_SAFE_INTEGER)) + 0;
}

/** Reads a number as {@link atoi}, kept within 32 bit. */
export function atoi32(text: string): number {
  return Math.max(-(2 ** 31), Math.min(atoi(text), 2 ** 31 - 1));
}

/**
 * Reads an IPv4 address in any spelling of `inet_aton(3)`.
 *
 * | form | meaning |
 * | --- | --- |
 * | `a.b.c.d` | four bytes |
 * | `a.b.c` | c is 16 bit |
 * | `a.b` | b is 24 bit |
 * | `a` | 32 bit |
 *
 * Each part is decimal, octal (`0…`) or hexadecimal (`0x…`).
 *
 * @returns The address as an unsigned 32-bit number, or `undefined` if it is none.
 */
export function parseIpv4(text: string): number | undefined {
  return scanQuad(text) ?? parseParts(text);
}

function parseParts(text: string): number | undefined {
  const parts = text.split(".");
  if (parts.length > 4) return undefined;
  const last = parts.pop() ?? "";
  let address = 0;
  for (const part of parts) {
    const byte = parsePart(part);
    if (byte === undefined || byte > 255) return undefined;
    address = address * 256 + byte;
  }
  const room = 256 ** (4 - parts.length);
  const rest = parsePart(last);
  if (rest === undefined || rest >= room) return undefined;
  return address * room + rest;
}

/**
 * Reads a dotted quad as runtimes print it, decimal and without leading zeros, in one pass: every client has one.
 *
 * @returns Unsigned 32-bit number; `undefined` for every other spelling.
 */
function scanQuad(text: string): number | undefined {
  let address = 0;
  let part = -1;
  let dots = 0;
  for (let at = 0; at < text.length; at++) {
    const digit = text.charCodeAt(at) - ZERO;
    if (digit === DOT - ZERO && part >= 0) {
      address = address * 256 + part;
      part = -1;
      dots++;
    } else if (digit >= 0 && digit <= 9 && part !== 0) {
      part = part < 0 ? digit : part * 10 + digit;
    } else {
      return undefined;
    }
    if (part > 255) return undefined;
  }
  return dots === 3 && part >= 0 ? address * 256 + part : undefined;
}

const ZERO = 0x30;
const DOT = 0x2e;

function parsePart(text: string): number | undefined {
  if (/^0[xX][0-9a-fA-F]+$/.test(text)) return Number(text);
  if (/^0[0-7]*$/.test(text)) return parseInt(text, 8);
  if (/^[1-9][0-9]*$/.test(text)) return Number(text);
  return undefined;
}

/** Writes an unsigned 32-bit address as a dotted quad. */
export function formatIpv4(address: number): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
}

/**
 * Reads an address as the 16 bytes of its IPv6 form; IPv4 becomes `::ffff:a.b.c.d`.
 *
 * Takes the spellings that a runtime prints for a peer: a dotted quad, or IPv6 with at most one `::`,
 * the last 32 bits possibly as a dotted quad, a zone (`%eth0`) ignored.
 *
 * @returns 16 bytes, or `undefined` if the text is no address.
 */
export function parseIpv6(text: string): Uint8Array | undefined {
  return parseHexWords(text) ?? parseAnyIpv6(text);
}

const COLON = 58;

/** The usual form alone, hexadecimal words and at most one gap, in one pass: the address of every IPv6 client is read so. */
function parseHexWords(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(16);
  let at = 0;
  let gap = -1;
  let word = 0;
  let digits = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code !== COLON) {
      const digit = hexDigit(code);
      if (digit < 0 || digits === 4 || at === 16) return undefined;
      word = word << 4 | digit;
      digits++;
      continue;
    }
    if (digits === 0 && index > 0) return undefined;
    if (digits > 0) {
      bytes[at++] = word >> 8;
      bytes[at++] = word & 255;
      word = digits = 0;
    }
    if (text.charCodeAt(index + 1) === COLON) {
      if (gap >= 0) return undefined;
      gap = at;
      index++;
    } else if (index === 0 || index + 1 === text.length) return undefined;
  }
  if (digits > 0) {
    bytes[at++] = word >> 8;
    bytes[at++] = word & 255;
  }
  if (gap < 0) return at === 16 ? bytes : undefined;
  if (at > 14) return undefined;
  // By hand: for so few bytes the calls would take longer.
  for (let to = 15; to >= gap; to--) bytes[to] = at > gap ? bytes[--at] ?? 0 : 0;
  return bytes;
}

/** The value of a hexadecimal digit by its code; -1 if it is none. */
function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  const letter = code | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}

function parseAnyIpv6(text: string): Uint8Array | undefined {
  const bare = text.split("%", 1)[0] ?? "";
  if (!bare.includes(":")) {
    const quad = parseQuad(bare);
    return quad === undefined ? undefined : Uint8Array.from([...MAPPED, ...quad]);
  }
  const halves = bare.split("::");
  if (halves.length > 2) return undefined;
  const head = parseHextets(halves[0] ?? "", halves.length === 1);
  const tail = parseHextets(halves[1] ?? "", true);
  if (head === undefined || tail === undefined) return undefined;
  const given = head.length + tail.length;
  if (halves.length === 2 ? given > 14 : given !== 16) return undefined;
  const bytes = new Uint8Array(16);
  bytes.set(head, 0);
  bytes.set(tail, 16 - tail.length);
  return bytes;
}

/** What stands before an IPv4 address in its IPv6 form. */
const MAPPED = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255] as const;

/** The four bytes of a dotted quad. */
function parseQuad(text: string): number[] | undefined {
  const quad = /^\d+\.\d+\.\d+\.\d+$/.test(text) ? parseIpv4(text) : undefined;
  if (quad === undefined) return undefined;
  return [quad >>> 24, (quad >>> 16) & 255, (quad >>> 8) & 255, quad & 255];
}

/**
 * The bytes of colon-separated words of 16 bits.
 *
 * @param last Whether the text is the end of the address, where a dotted quad may stand.
 */
function parseHextets(text: string, last: boolean): number[] | undefined {
  const bytes: number[] = [];
  if (text === "") return bytes;
  const words = text.split(":");
  for (const [at, word] of words.entries()) {
    const quad = last && at === words.length - 1 ? parseQuad(word) : undefined;
    if (quad === undefined && !/^[0-9a-fA-F]{1,4}$/.test(word)) return undefined;
    const value = parseInt(word, 16);
    bytes.push(...(quad ?? [value >> 8, value & 255]));
  }
  return bytes;
}
