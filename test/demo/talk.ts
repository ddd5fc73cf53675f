/**
 * What the demo says.
 *
 * @module
 */
import { writeText } from "../../lib/system/lines.ts";

const colours = Deno.stdout.isTerminal() && !Deno.noColor;

/** Text in a colour, where colours are wanted. */
export function paint(code: number, text: string): string {
  return colours ? `\x1b[${code}m${text}\x1b[0m` : text;
}

/** Prints a line; nobody has to read it. */
export async function say(line = ""): Promise<void> {
  try {
    await writeText(Deno.stdout, `${line}\n`);
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

/** Prints the title of a step. */
export async function heading(title: string): Promise<void> {
  await say();
  await say(paint(1, title));
}

/** A step did not come to what it must. */
export class Failed extends Error {}

/** Prints what a step proves, or fails. */
export async function proves(what: string, holds: boolean, got: string): Promise<void> {
  if (!holds) throw new Failed(`not so: ${what}; got ${JSON.stringify(got)}`);
  await say(`  ${paint(32, "ok")}  ${what}`);
}
