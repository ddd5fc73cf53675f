/**
 * Reading the small files that a command line names: the words of `@FILE`, the token of `--http-token`.
 *
 * @module
 */
import { EXIT, ExitError } from "../core/errors.ts";
import { printable } from "../core/text.ts";
import { granted } from "../system/permissions.ts";

/** Largest file, in bytes: a mistyped name should not fill the memory. */
const MAX_BYTES = 1024 * 1024;

/**
 * Reads a file of words.
 *
 * @throws {ExitError} 64 if it cannot be read or is no such file, 71 without the grant.
 */
export function readWordsFile(path: string): string {
  return readTextFile(path, `@${path}`);
}

/**
 * Reads a small file of text.
 *
 * @param name What it is called in complaints.
 * @throws {ExitError} As {@link readWordsFile}.
 */
export function readTextFile(path: string, name: string): string {
  if (!granted({ name: "read", path })) {
    const flag = `--allow-read=${path}`;
    throw new ExitError(
      EXIT.os,
      printable(`balance: no permission to read ${name}, needs ${flag}`),
    );
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(readBounded(path));
  } catch (error) {
    throw new ExitError(EXIT.usage, printable(`balance: cannot read ${name}: ${reason(error)}`));
  }
}

/** Reads to the end, also what has no size, like a pipe. */
function readBounded(path: string): Uint8Array {
  using file = Deno.openSync(path);
  const bytes = new Uint8Array(MAX_BYTES + 1);
  let length = 0;
  for (;;) {
    const count = file.readSync(bytes.subarray(length));
    if (count === null) return bytes.subarray(0, length);
    length += count;
    if (length > MAX_BYTES) throw new RangeError(`it has more than ${MAX_BYTES} bytes`);
  }
}

function reason(error: unknown): string {
  if (error instanceof TypeError) return "it is no text in UTF-8";
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/ \(os error \d+\).*$/s, "");
}
