import { Random, withSeed } from "../../kit/random.ts";
import { NOTHING } from "../../../lib/core/schedule/candidates.ts";
import { chooseOfTwo } from "../../../lib/core/schedule/random_two.ts";
import { assert, assertEquals } from "../../kit/assert.ts";
import { deviation, makeCandidates, randomWeights } from "./make_candidates.ts";

interface Case {
  readonly name: string;
  readonly weights: readonly number[];
  readonly connections?: readonly number[];
  readonly chance: readonly [first: number, second: number];
  readonly chosen: number;
}

const BELOW_1 = 1 - 2 ** -53;

const CASES: readonly Case[] = [
  { name: "takes the first of equals", weights: [1, 1, 1, 1], chance: [0.3, 0.9], chosen: 1 },
  {
    name: "takes the less loaded of the two",
    weights: [1, 1, 1, 1],
    connections: [9, 5, 9, 4],
    chance: [0.3, 0.9],
    chosen: 3,
  },
  {
    name: "does not see a third, idle channel",
    weights: [1, 1, 1, 1],
    connections: [0, 5, 0, 4],
    chance: [0.3, 0.9],
    chosen: 3,
  },
  {
    name: "divides the load by weight",
    weights: [1, 3],
    connections: [1, 4],
    chance: [0, 0],
    chosen: 1,
  },
  {
    name: "draws the second among the others",
    weights: [6, 1, 1],
    connections: [99, 1, 0],
    chance: [0.5, 0.5],
    chosen: 2,
  },
  { name: "takes the only channel", weights: [0, 4, 0], chance: [0.9, 0.9], chosen: 1 },
  {
    name: "has nothing when every weight is 0",
    weights: [0, 0],
    chance: [0.5, 0.5],
    chosen: NOTHING,
  },
  { name: "has nothing without channels", weights: [], chance: [0.5, 0.5], chosen: NOTHING },
  { name: "begins with the first candidate", weights: [0, 1, 1], chance: [0, 0], chosen: 1 },
  { name: "ends with the last candidate", weights: [1, 1, 0], chance: [BELOW_1, 0], chosen: 1 },
  {
    name: "ends with the last of the others",
    weights: [1, 1, 1, 0],
    connections: [1, 1, 0],
    chance: [0, BELOW_1],
    chosen: 2,
  },
];

for (const { name, weights, connections = [], chance: [first, second], chosen } of CASES) {
  Deno.test(`random two ${name}`, () => {
    assertEquals(chooseOfTwo(makeCandidates(weights, connections), first, second), chosen);
  });
}

Deno.test("idle channels are chosen in proportion to the chance of being the less loaded of two", () => {
  const random = new Random(3);
  for (let round = 0; round < 12; round++) {
    const weights = [...randomWeights(random, 7, 10), random.between(1, 10)];
    const candidates = makeCandidates(weights);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    // Of two idle channels the heavier one has the lower load; of equally heavy ones the first drawn is taken.
    const shares = weights.map(() => 0);
    for (const [one, a] of weights.entries()) {
      for (const [other, b] of weights.entries()) {
        if (one === other) continue;
        const taken = b > a ? other : one;
        shares[taken] = (shares[taken] ?? 0) + a / total * b / (total - a);
      }
    }
    const counts = weights.map(() => 0);
    for (let client = 0; client < 20_000; client++) {
      const channel = chooseOfTwo(candidates, random.next(), random.next());
      counts[channel] = (counts[channel] ?? NaN) + 1;
    }
    assert(deviation(counts, shares) < 6, `weights ${weights}: ${counts} for shares ${shares}`);
  }
});

Deno.test("equally loaded channels of one weight are drawn evenly", () => {
  const random = new Random(4);
  const candidates = makeCandidates([5, 5, 0, 5, 5], [2, 2, 0, 2, 2]);
  const counts = [0, 0, 0, 0, 0];
  for (let client = 0; client < 40_000; client++) {
    const channel = chooseOfTwo(candidates, random.next(), random.next());
    counts[channel] = (counts[channel] ?? NaN) + 1;
  }
  assert(deviation(counts, [1, 1, 0, 1, 1]) < 6, `${counts}`);
});

Deno.test("the most loaded channel for its weight gets nobody while there is another", () =>
  withSeed((random) => {
    for (let round = 0; round < 500; round++) {
      const weights = randomWeights(random, 16, 10);
      const candidates = makeCandidates(weights, weights.map(() => random.between(0, 9)));
      const usable = [...weights.keys()].filter((channel) => (weights[channel] ?? 0) > 0);
      const worst = random.pick(usable);
      candidates.connections[worst] = 1_000_000;
      const chosen = chooseOfTwo(candidates, random.next(), random.next());
      assert(usable.includes(chosen));
      assertEquals(chosen === worst, usable.length === 1);
    }
  }));
