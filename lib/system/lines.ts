/**
 * Lines out of a stream of bytes, with a limit.
 *
 * @module
 */

/** A line was longer than allowed. */
export class LineTooLong extends Error {
  /** The class's name. */
  override name = "LineTooLong";

  /** Makes the failure. */
  constructor() {
    super("line too long");
  }
}

/**
 * Reads lines until the end of file; an unterminated last line counts, unless it is empty.
 *
 * @param source What to read from.
 * @param limit Longest line in bytes, without the line end.
 * @returns Lines without line end; bytes that are no UTF-8 become U+FFFD.
 * @throws {LineTooLong} When the limit is passed, at once.
 */
export async function* readLines(
  source: { read(buffer: Uint8Array): Promise<number | null> },
  limit: number,
): AsyncGenerator<string, void> {
  const chunk = new Uint8Array(4096);
  let rest = new Uint8Array(0);
  for (;;) {
    const count = await source.read(chunk);
    if (count === null) break;
    const bytes = new Uint8Array(rest.length + count);
    bytes.set(rest);
    bytes.set(chunk.subarray(0, count), rest.length);
    let start = 0;
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, start)) {
      if (end - start > limit) throw new LineTooLong();
      yield decode(bytes.subarray(start, end));
      start = end + 1;
    }
    rest = bytes.slice(start);
    if (rest.length > limit) throw new LineTooLong();
  }
  if (rest.length > 0) yield decode(rest);
}

const decoder = new TextDecoder();

function decode(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/** Writes a whole text. */
export async function writeText(
  sink: { write(bytes: Uint8Array): Promise<number> },
  text: string,
): Promise<void> {
  let bytes = new TextEncoder().encode(text);
  while (bytes.length > 0) bytes = bytes.subarray(await sink.write(bytes));
}

/** Writes a whole text before anything else happens. */
export function writeTextNow(sink: { writeSync(bytes: Uint8Array): number }, text: string): void {
  let bytes = new TextEncoder().encode(text);
  while (bytes.length > 0) bytes = bytes.subarray(sink.writeSync(bytes));
}
