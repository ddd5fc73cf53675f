import { withSeed } from "../../kit/random.ts";
import { excludeLoaded, loadLimit, measureLoad } from "../../../lib/core/schedule/load_bound.ts";
import { assert, assertEquals } from "../../kit/assert.ts";
import { makeCandidates, randomWeights } from "./make_candidates.ts";

interface Case {
  readonly name: string;
  readonly weights: readonly number[];
  readonly connections: readonly number[];
  readonly percent: number;
  /** The channels that stay. */
  readonly left: readonly number[];
}

const CASES: readonly Case[] = [
  {
    name: "is 1 while nobody is connected",
    weights: [1, 1],
    connections: [0, 0],
    percent: 100,
    left: [0, 1],
  },
  {
    name: "of 100 % makes turns",
    weights: [1, 1, 1],
    connections: [1, 0, 1],
    percent: 100,
    left: [1],
  },
  {
    name: "passes over who has its share times it",
    weights: [1, 1],
    connections: [6, 3],
    percent: 120,
    left: [1],
  },
  { name: "is rounded up", weights: [1, 1], connections: [6, 4], percent: 120, left: [0, 1] },
  { name: "follows weights", weights: [3, 1], connections: [6, 2], percent: 100, left: [0, 1] },
  {
    name: "follows weights to the last connection",
    weights: [3, 1],
    connections: [7, 1],
    percent: 100,
    left: [1],
  },
  {
    name: "leaves out whoever has weight 0",
    weights: [0, 1, 1],
    connections: [50, 1, 0],
    percent: 100,
    left: [2],
  },
  {
    name: "leaves a lonely channel",
    weights: [0, 7],
    connections: [0, 99],
    percent: 100,
    left: [1],
  },
];

for (const { name, weights, connections, percent, left } of CASES) {
  Deno.test(`the load bound ${name}`, () => {
    const candidates = makeCandidates(weights, connections);
    excludeLoaded(candidates, { connections: -1, weight: -1 }, percent);
    assertEquals([...candidates.weights.keys()].filter((at) => candidates.weights[at] !== 0), left);
  });
}

Deno.test("measureLoad() sums up the candidates only", () => {
  const load = { connections: -1, weight: -1 };
  measureLoad(makeCandidates([2, 0, 5], [10, 20, 30]), load);
  assertEquals(load, { connections: 40, weight: 7 });
});

Deno.test("loadLimit() is the ceiling of the exact quotient", () =>
  withSeed((random) => {
    for (let round = 0; round < 2000; round++) {
      const connections = random.pick([random.between(0, 20), random.between(0, 1_000_000)]);
      const weight = random.pick([random.between(1, 5), random.between(1, 1_000_000)]);
      const all = weight + random.pick([0, random.between(0, 5), random.between(0, 63_000_000)]);
      const percent = random.pick([100, 125, random.between(100, 1000)]);
      const share = (BigInt(connections) + 1n) * BigInt(percent) * BigInt(weight);
      const whole = 100n * BigInt(all);
      const limit = loadLimit(weight, { connections, weight: all }, percent);
      assertEquals(BigInt(limit), (share + whole - 1n) / whole);
    }
  }));

Deno.test("the load bound always leaves a candidate, whatever the load", () =>
  withSeed((random) => {
    for (let round = 0; round < 1000; round++) {
      const weights = randomWeights(random, 64, random.pick([1, 1000, 1_000_000]));
      const most = random.pick([0, 1, 1000, 100_000]);
      const candidates = makeCandidates(weights, weights.map(() => random.between(0, most)));
      const percent = random.pick([100, 101, 125, 400]);
      excludeLoaded(candidates, { connections: 0, weight: 0 }, percent);
      assert(candidates.weights.some((weight) => weight > 0));
    }
  }));

Deno.test("connections that stay never pass the bound, however one-sided the clients are", () =>
  withSeed((random) => {
    for (let round = 0; round < 30; round++) {
      const weights = randomWeights(random, 16, 10);
      const load = { connections: 0, weight: 0 };
      const candidates = makeCandidates(weights);
      const whole = weights.reduce((sum, weight) => sum + weight, 0);
      for (let client = 0; client < 300; client++) {
        candidates.weights.set(weights);
        excludeLoaded(candidates, load, 125);
        // Every client wants the first channel that it may have.
        const channel = candidates.weights.findIndex((weight) => weight > 0);
        const now = (candidates.connections[channel] ?? NaN) + 1;
        candidates.connections[channel] = now;
        const share = (client + 1) * 1.25 * (weights[channel] ?? 0) / whole;
        assert(now <= Math.ceil(share + 1e-9), `${now} of ${share}`);
      }
    }
  }));
