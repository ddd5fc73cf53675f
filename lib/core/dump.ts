/**
 * The packet dump of `-p`: bytes to text, to the byte as balance 3.54.
 *
 * @module
 */

/** Which way the data went: from the client, or from the server. */
export type Direction = "sent" | "received";

/** Columns after which a line is broken; an item is never split. */
const WIDTH = 80;
const NEWLINE = 0x0a;
const BACKSLASH = 0x5c;

/**
 * Formats one piece of data as a record.
 *
 * The head is `-> N` (client to server) or `-< N`, then the data: printable ASCII as it is, a backslash doubled, every
 * other byte as a backslash and two hex digits; a newline byte breaks the line too.
 *
 * @param direction Which way the data went.
 * @param data The bytes of one read.
 * @returns Text that ends with a newline.
 */
export function formatRecord(direction: Direction, data: Uint8Array): string {
  let text = formatHead(direction, data.length);
  let column = 0;
  for (const byte of data) {
    const item = ITEMS[byte] ?? "";
    text += item;
    column = byte === NEWLINE ? 0 : column + item.length;
    if (column > WIDTH) {
      text += "\n";
      column = 0;
    }
  }
  return text + "\n";
}

/**
 * Formats the record of a connection's end.
 *
 * @param direction The side that ended: `sent` is the client.
 * @param failed Whether it ended by an error (a reset) instead of an end of file.
 */
export function formatEnd(direction: Direction, failed: boolean): string {
  return `${formatHead(direction, failed ? -1 : 0)}\n`;
}

function formatHead(direction: Direction, count: number): string {
  return `${direction === "sent" ? "->" : "-<"} ${count}\n`;
}

const ITEMS: readonly string[] = Array.from({ length: 256 }, (_, byte) => {
  if (byte === BACKSLASH) return "\\\\";
  if (byte >= 0x20 && byte <= 0x7e) return String.fromCharCode(byte);
  const hex = `\\${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  return byte === NEWLINE ? `${hex}\n` : hex;
});
