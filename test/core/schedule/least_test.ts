import { withSeed } from "../../kit/random.ts";
import { lessLoaded, NOTHING } from "../../../lib/core/schedule/candidates.ts";
import { chooseLeast } from "../../../lib/core/schedule/least.ts";
import { assert, assertEquals } from "../../kit/assert.ts";
import { makeCandidates, randomWeights } from "./make_candidates.ts";

interface Case {
  readonly name: string;
  readonly weights: readonly number[];
  readonly connections?: readonly number[];
  readonly from?: number;
  readonly chosen: number;
}

const CASES: readonly Case[] = [
  { name: "takes the fewest connections", weights: [1, 1, 1], connections: [3, 1, 2], chosen: 1 },
  { name: "divides by weight", weights: [1, 4], connections: [1, 6], chosen: 1 },
  { name: "counts the connection to come", weights: [1, 3], connections: [0, 2], chosen: 0 },
  { name: "passes over weight 0", weights: [0, 1], connections: [0, 9], chosen: 1 },
  { name: "takes the first of equals", weights: [1, 1, 1], chosen: 0 },
  { name: "takes the first of equals from its turn on", weights: [1, 1, 1], from: 2, chosen: 2 },
  { name: "begins again behind the last channel", weights: [1, 1, 1], from: 3, chosen: 0 },
  {
    name: "finds a less loaded channel before its turn",
    weights: [1, 1, 1],
    connections: [0, 1, 1],
    from: 1,
    chosen: 0,
  },
  { name: "has nothing when every weight is 0", weights: [0, 0], chosen: NOTHING },
  { name: "has nothing without channels", weights: [], chosen: NOTHING },
  {
    name: "tells loads apart that differ by one in a thousand millions",
    weights: [999_999, 1_000_000],
    connections: [999_998_999, 999_999_998],
    chosen: 1,
  },
];

for (const { name, weights, connections = [], from = 0, chosen } of CASES) {
  Deno.test(`least ${name}`, () => {
    assertEquals(chooseLeast(makeCandidates(weights, connections), from), chosen);
  });
}

Deno.test("lessLoaded() is exact for any weight and any 32-bit count", () =>
  withSeed((random) => {
    const number = (most: number): number =>
      random.chance(0.5) ? random.between(1, most) : most - random.between(0, 3);
    for (let round = 0; round < 2000; round++) {
      const weights = [number(1_000_000), number(1_000_000)] as const;
      const connections = [number(2 ** 31 - 1), number(2 ** 31 - 1)] as const;
      // Half of the pairs are as close together as they can be.
      if (random.chance(0.5)) {
        const near = Math.floor(connections[0] / weights[0] * weights[1]);
        if (near < 2 ** 31 - 1) Object.assign(connections, { 1: near });
      }
      const less = (BigInt(connections[0]) + 1n) * BigInt(weights[1]) <
        (BigInt(connections[1]) + 1n) * BigInt(weights[0]);
      assertEquals(lessLoaded(makeCandidates(weights, connections), 0, 1), less);
    }
  }));

Deno.test("equals have their turns when the search begins behind the last choice", () => {
  const candidates = makeCandidates([2, 2, 2, 0, 2]);
  let chosen = -1;
  const order = Array.from({ length: 8 }, () => chosen = chooseLeast(candidates, chosen + 1));
  assertEquals(order, [0, 1, 2, 4, 0, 1, 2, 4]);
});

Deno.test("connections that stay are spread by weight, to the last one", () =>
  withSeed((random) => {
    for (let round = 0; round < 40; round++) {
      const weights = randomWeights(random, 64, 20);
      const candidates = makeCandidates(weights);
      const sum = weights.reduce((total, weight) => total + weight, 0);
      let from = 0;
      for (let client = 0; client < 3 * sum; client++) {
        const channel = chooseLeast(candidates, from);
        candidates.connections[channel] = (candidates.connections[channel] ?? 0) + 1;
        from = channel + 1;
      }
      assertEquals([...candidates.connections], weights.map((weight) => 3 * weight));
      assert(from <= weights.length);
    }
  }));
