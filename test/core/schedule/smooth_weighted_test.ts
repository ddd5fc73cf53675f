import { withSeed } from "../../kit/random.ts";
import { NOTHING } from "../../../lib/core/schedule/candidates.ts";
import { equalWeights, takeSmoothTurn } from "../../../lib/core/schedule/smooth_weighted.ts";
import { assert, assertEquals } from "../../kit/assert.ts";
import { makeCandidates, randomWeights } from "./make_candidates.ts";

/** The channels that `count` turns give, as letters. */
function turns(weights: readonly number[], count: number, currents?: Int32Array): string {
  const candidates = makeCandidates(weights);
  const state = currents ?? new Int32Array(weights.length);
  return Array.from({ length: count }, () => "abcdefgh"[takeSmoothTurn(candidates, state)]).join(
    "",
  );
}

const SEQUENCES: readonly [weights: readonly number[], given: string][] = [
  [[5, 1, 1], "aabacaa" + "aabacaa"],
  [[5000, 1000, 1000], "aabacaa" + "aabacaa"],
  [[1, 2], "bab" + "bab"],
  [[4, 2, 1], "abacaba"],
  [[1, 1, 1], "abcabcabc"],
  [[700, 700, 700, 700], "abcdabcd"],
  [[0, 3, 0, 3], "bdbdbd"],
  [[9], "aaa"],
];

for (const [weights, given] of SEQUENCES) {
  Deno.test(`smooth weighted turns give ${given} for weights ${weights.join(", ")}`, () => {
    assertEquals(turns(weights, given.length), given);
  });
}

Deno.test("equal weights are plain turns, for any number of channels and any weight", () => {
  for (let count = 1; count <= 64; count++) {
    const candidates = makeCandidates(Array(count).fill(count * 1000));
    const currents = new Int32Array(count);
    for (let turn = 0; turn < 2 * count; turn++) {
      assertEquals(takeSmoothTurn(candidates, currents), turn % count);
    }
  }
});

Deno.test("a group in which every weight is 0 has nothing to give and keeps its state", () => {
  const currents = Int32Array.of(3, -3);
  assertEquals(takeSmoothTurn(makeCandidates([0, 0]), currents), NOTHING);
  assertEquals(takeSmoothTurn(makeCandidates([]), currents), NOTHING);
  assertEquals([...currents], [3, -3]);
});

Deno.test("in each full cycle each channel gets exactly its weight, and the state is 0 again", () =>
  withSeed((random) => {
    for (let round = 0; round < 60; round++) {
      const weights = randomWeights(random, 64, random.pick([1, 5, 1000]));
      const candidates = makeCandidates(weights);
      const currents = new Int32Array(weights.length);
      const sum = weights.reduce((total, weight) => total + weight, 0);
      const counts = weights.map(() => 0);
      for (let turn = 0; turn < sum; turn++) {
        const channel = takeSmoothTurn(candidates, currents);
        counts[channel] = (counts[channel] ?? NaN) + 1;
      }
      assertEquals(counts, weights);
      assert(currents.every((current) => current === 0));
    }
  }));

Deno.test("the heaviest channel's turns are spread: no row of them is twice as long as its share", () => {
  for (let others = 1; others <= 7; others++) {
    for (let heavy = 1; heavy <= 40; heavy++) {
      const given = turns([heavy, ...Array(others).fill(1)], 400);
      const longest = Math.max(...given.split(/[^a]+/).map((row) => row.length));
      assert(longest <= 2 * Math.ceil(heavy / others), `${heavy} to ${others}: ${given}`);
    }
  }
});

Deno.test("current numbers stay small while weights and candidates change", () =>
  withSeed((random) => {
    for (let round = 0; round < 30; round++) {
      const count = random.between(2, 16);
      const candidates = makeCandidates(Array(count).fill(1));
      const currents = new Int32Array(count);
      const largest = Array(count).fill(1);
      for (let turn = 0; turn < 2000; turn++) {
        const changed = random.between(0, count - 1);
        const weight = random.pick([0, 1, random.between(0, 1_000_000)]);
        if (random.chance(0.1)) candidates.weights[changed] = weight;
        largest[changed] = Math.max(largest[changed], candidates.weights[changed] ?? 0);
        const channel = takeSmoothTurn(candidates, currents);
        if (channel !== NOTHING) assert((candidates.weights[channel] ?? 0) > 0);
        const bound = 2 * largest.reduce((sum, each) => sum + each, 0);
        assert(currents.every((current) => Math.abs(current) <= bound), `${currents}`);
      }
    }
  }));

const EQUAL: readonly [weights: readonly number[], equal: boolean][] = [
  [[], true],
  [[0, 0], true],
  [[7], true],
  [[7, 7, 7], true],
  [[0, 7, 0, 7], true],
  [[7, 7, 8], false],
  [[1, 0, 2], false],
];

for (const [weights, equal] of EQUAL) {
  Deno.test(`equalWeights() is ${equal} for ${weights.join(", ") || "no channels"}`, () => {
    assertEquals(equalWeights(makeCandidates(weights)), equal);
  });
}
