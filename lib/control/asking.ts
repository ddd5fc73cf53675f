/**
 * Commands that go on: their lines as they come, and their end when there is something else to do.
 *
 * @module
 */
import type { ControlClient, Listener, Reply } from "./client.ts";

/** Has a command carried out, which ends when there is something else to do. */
export async function askUntil(
  client: ControlClient,
  line: string,
  next: Promise<unknown>,
): Promise<Reply> {
  let over = false;
  const stop = next.then(async () => {
    if (!over) await client.interrupt();
  });
  const reply = await client.ask(line, { text: writeNow, progress: progressWriter() });
  over = true;
  stop.catch(() => {});
  return reply;
}

/** Writes a line at once: it belongs to something that goes on. */
export function writeNow(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(line));
}

/** Shows how far something is, on the last line of a terminal, and nowhere else. */
export function progressWriter(): Listener["progress"] {
  if (!Deno.stderr.isTerminal()) return undefined;
  const write = (text: string): void => void Deno.stderr.writeSync(new TextEncoder().encode(text));
  return (line) => {
    if (line !== "") write(`\r\x1b[K${line}\r`);
  };
}
