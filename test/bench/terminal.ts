/**
 * What the benchmark programs print: the report on stdout, a progress line on stderr when that is
 * a terminal.
 *
 * @module
 */

const encoder = new TextEncoder();

function writeAll(stream: { writeSync(bytes: Uint8Array): number }, text: string): void {
  let bytes = encoder.encode(text);
  while (bytes.length > 0) bytes = bytes.subarray(stream.writeSync(bytes));
}

/** Prints a line on stdout. */
export function print(line: string): void {
  clearProgress();
  writeAll(Deno.stdout, `${line}\n`);
}

/** Prints a note or a complaint on stderr. */
export function note(line: string): void {
  clearProgress();
  writeAll(Deno.stderr, `${line}\n`);
}

/** Shows what is being done; nothing when stderr is not a terminal. */
export function progress(text: string): void {
  if (Deno.stderr.isTerminal()) writeAll(Deno.stderr, `\r\x1b[K${text.slice(0, 78)}`);
}

/** Removes the progress line. */
export function clearProgress(): void {
  if (Deno.stderr.isTerminal()) writeAll(Deno.stderr, "\r\x1b[K");
}
