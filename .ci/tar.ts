/**
 * Tar archives that depend on nothing but their files.
 *
 * @module
 */

/** A file, folder or link of an archive. */
export interface TarEntry {
  /** Where it goes, without a slash in front; a folder ends with one. */
  readonly path: string;
  /** What is in it; none for folders and links. */
  readonly bytes?: Uint8Array<ArrayBuffer>;
  /** Its mode. */
  readonly mode: number;
  /** What a symbolic link leads to. */
  readonly link?: string;
}

const BLOCK = 512;

/**
 * Writes an archive in the ustar format, everything root's.
 *
 * @param time Seconds since 1970, for every entry.
 */
export function writeTar(entries: readonly TarEntry[], time: number): Blob {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for (const entry of entries) {
    const size = entry.bytes?.length ?? 0;
    parts.push(header(entry, size, time));
    if (entry.bytes !== undefined) parts.push(entry.bytes);
    parts.push(new Uint8Array((BLOCK - size % BLOCK) % BLOCK));
  }
  parts.push(new Uint8Array(2 * BLOCK));
  return new Blob(parts);
}

function header(
  { path, mode, link = "" }: TarEntry,
  size: number,
  time: number,
): Uint8Array<ArrayBuffer> {
  const block = new Uint8Array(BLOCK);
  const put = (text: string, at: number, most: number): void => {
    const bytes = new TextEncoder().encode(text);
    if (bytes.length > most) throw new Error(`Too long for a tar archive: ${text}`);
    block.set(bytes, at);
  };
  const octal = (value: number, digits: number): string => value.toString(8).padStart(digits, "0");
  const kind = link !== "" ? "2" : path.endsWith("/") ? "5" : "0";
  put(path, 0, 100);
  put(octal(mode, 7), 100, 8);
  put(octal(0, 7), 108, 8);
  put(octal(0, 7), 116, 8);
  put(octal(size, 11), 124, 12);
  put(octal(time, 11), 136, 12);
  put(" ".repeat(8), 148, 8);
  put(kind, 156, 1);
  put(link, 157, 100);
  put("ustar\x0000", 257, 8);
  put("root", 265, 32);
  put("root", 297, 32);
  put(`${octal(block.reduce((sum, byte) => sum + byte, 0), 6)}\0 `, 148, 8);
  return block;
}
