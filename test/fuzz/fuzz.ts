// deno-lint-ignore-file no-console -- it talks to a terminal
/**
 * Tries every property for a while: `deno task fuzz [--seconds N] [--seed N] [words of a property's name]`.
 *
 * Prints the seed; the same seed and the same number of rounds find the same fault. Exit code 1 if one is found.
 *
 * @module
 */
import { Random } from "../kit/random.ts";
import { all } from "./all.ts";
import type { Target } from "./target.ts";

interface Settings {
  readonly seconds: number;
  readonly seed: number;
  readonly words: string;
}

function settings(args: readonly string[]): Settings | undefined {
  let seconds = 60;
  let seed = Math.floor(Math.random() * 2 ** 32);
  const words: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const word = args[at] ?? "";
    if (word === "--seconds") seconds = Number(args[++at]);
    else if (word === "--seed") seed = Number(args[++at]);
    else if (word.startsWith("-")) return undefined;
    else words.push(word);
  }
  if (!(seconds > 0) || !Number.isInteger(seed)) return undefined;
  return { seconds, seed, words: words.join(" ") };
}

/** Tries one property for a time; the seed of the round that failed, or nothing. */
async function attack(target: Target, seed: number, ms: number): Promise<boolean> {
  const end = performance.now() + ms;
  let rounds = 0;
  for (; performance.now() < end; rounds++) {
    const own = (seed + rounds) >>> 0;
    try {
      await target.round(new Random(own));
    } catch (error) {
      console.log(`FOUND  ${target.name}\n       --seed ${own}`);
      console.error(error);
      return false;
    }
  }
  console.log(`held   ${String(rounds).padStart(8)} rounds  ${target.name}`);
  return true;
}

async function main(args: readonly string[]): Promise<number> {
  const chosen = settings(args);
  if (chosen === undefined) {
    console.error("usage: deno task fuzz [--seconds N] [--seed N] [words of a property's name]");
    return 64;
  }
  const targets = all.filter(({ name }) => name.includes(chosen.words));
  console.log(`seed ${chosen.seed}, ${chosen.seconds} s for ${targets.length} properties`);
  let held = true;
  for (const target of targets) {
    held = await attack(target, chosen.seed, chosen.seconds * 1000 / targets.length) && held;
  }
  return held ? 0 : 1;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
