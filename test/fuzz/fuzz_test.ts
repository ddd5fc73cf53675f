/**
 * Short seeded runs of every property; `deno task fuzz` runs them longer.
 *
 * @module
 */
import { Random, runSeed } from "../kit/random.ts";
import { all } from "./all.ts";

/** Time that each property is tried here, in ms; at least a few rounds are played. */
const SHORT_MS = 300;
const ROUNDS = 3;

for (const { name, round } of all) {
  Deno.test(`fuzz: ${name}`, async () => {
    const seed = runSeed();
    const end = performance.now() + SHORT_MS;
    for (let count = 0; count < ROUNDS || performance.now() < end; count++) {
      const own = (seed + count) >>> 0;
      try {
        await round(new Random(own));
      } catch (error) {
        throw new Error(`failed with BALANCE_SEED=${own}`, { cause: error });
      }
    }
  });
}
