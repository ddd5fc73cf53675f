/**
 * Bytes over connections, written whole and read to an end.
 *
 * @module
 */
import { Buffer } from "node:buffer";

/** What bytes are read from. */
interface Source {
  read(buffer: Uint8Array): Promise<number | null>;
}

/** What bytes are written to. */
interface Sink {
  write(bytes: Uint8Array): Promise<number>;
}

const encoder = new TextEncoder();

/** Writes a whole text, or all bytes. */
export async function send(connection: Sink, data: string | Uint8Array): Promise<void> {
  let rest = typeof data === "string" ? encoder.encode(data) : data;
  while (rest.length > 0) rest = rest.subarray(await connection.write(rest));
}

/** Reads to the end of file as text, one character a byte; a reset ends it too. */
export async function receiveAll(connection: Source): Promise<string> {
  const chunk = new Uint8Array(65536);
  let text = "";
  try {
    for (;;) {
      const count = await connection.read(chunk);
      if (count === null) return text;
      text += Buffer.from(chunk.subarray(0, count)).toString("latin1");
    }
  } catch {
    return text;
  }
}

/** Reads until a line is complete, or the end of file; returns it with its line end. */
export async function receiveLine(connection: Source): Promise<string> {
  const byte = new Uint8Array(1);
  let line = "";
  while (!line.endsWith("\n") && await connection.read(byte) !== null) {
    line += String.fromCharCode(byte[0] ?? 0);
  }
  return line;
}

/**
 * Reads until the end of file.
 *
 * @throws If the connection is reset instead.
 */
export async function readAll(connection: Source): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  for (;;) {
    const buffer = new Uint8Array(65536);
    const count = await connection.read(buffer);
    if (count === null) return await new Blob(chunks).bytes();
    chunks.push(buffer.subarray(0, count));
  }
}

/**
 * Reads exactly so many bytes.
 *
 * @throws If there are fewer.
 */
export async function readExactly(
  connection: Source,
  length: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const count = await connection.read(bytes.subarray(at));
    if (count === null) throw new Error(`end of file after ${at} of ${length} bytes`);
    at += count;
  }
  return bytes;
}

/** SHA-256 in hex. */
export async function digest(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}
