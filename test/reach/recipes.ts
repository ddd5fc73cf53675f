/**
 * The recipes of REACH, out of the manual page itself: what a test plays is what a reader types.
 *
 * @module
 */
import { assert } from "../kit/assert.ts";
import { ROOT } from "../kit/programs.ts";

/** The literal blocks of a part of REACH, as a reader sees them. */
export function recipes(part: string): readonly string[] {
  const manual = Deno.readTextFileSync(`${ROOT}man/balance.1`);
  const [, section = ""] = manual.split("\n.Sh REACH\n");
  const [reach = ""] = section.split("\n.Sh ");
  const [, rest = ""] = reach.split(`\n.Ss ${part}\n`);
  const [text = ""] = rest.split("\n.Ss ");
  const blocks = [...text.matchAll(/^\.Bd -literal.*\n([^]*?)\n\.Ed$/gm)];
  assert(blocks.length > 0, `no recipe in REACH, ${part}`);
  return blocks.map(([, block = ""]) => block.replaceAll("\\e", "\\"));
}

/** The command lines of a block, as words without the program's name. */
export function wordsOf(block: string): readonly (readonly string[])[] {
  return block.replaceAll("\\\n", " ").split("\n").map((line) => {
    const [name, ...words] = line.trim().split(/\s+/);
    assert(name === "balance", `a command of ours: ${line}`);
    return words;
  });
}
