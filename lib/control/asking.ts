/**
 * Commands that go on: their lines as they come, and their end when there is something else to do.
 *
 * @module
 */
import { writeTextNow } from "../system/lines.ts";
import type { ControlClient, Reply } from "./client.ts";

/** Has a command carried out, and shows on a terminal how far it is. */
export async function askPatiently(
  client: ControlClient,
  line: string,
  text?: (line: string) => void,
): Promise<Reply> {
  const progress = new ProgressLine();
  try {
    return await client.ask(line, {
      text: text && ((each) => {
        progress.clear();
        text(each);
      }),
      progress: (each) => progress.show(each),
    });
  } finally {
    progress.clear();
  }
}

/** Has a command carried out whose lines are written as they come, and which ends when there is something else to do. */
export async function askUntil(
  client: ControlClient,
  line: string,
  next: Promise<unknown>,
): Promise<Reply> {
  let over = false;
  const stop = next.then(async () => {
    if (!over) await client.interrupt();
  });
  const reply = await askPatiently(client, line, writeNow);
  over = true;
  stop.catch(() => {});
  return reply;
}

/** Writes a line at once: it belongs to something that goes on. */
export function writeNow(line: string): void {
  writeTextNow(Deno.stdout, line);
}

/** How far something is, on the last line of a terminal, and nowhere else. */
class ProgressLine {
  #shown = false;

  /** Shows a line in place of the one before; an empty one changes nothing. */
  show(line: string): void {
    if (line === "" || !Deno.stderr.isTerminal()) return;
    writeTextNow(Deno.stderr, `${CLEAR}${line}\r`);
    this.#shown = true;
  }

  /** Leaves the line free for what comes. */
  clear(): void {
    if (this.#shown) writeTextNow(Deno.stderr, CLEAR);
    this.#shown = false;
  }
}

/** Empties the line that the cursor is in, and goes to its beginning. */
const CLEAR = "\r\x1b[K";
