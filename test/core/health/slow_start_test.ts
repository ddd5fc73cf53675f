import { effectiveWeight, type WeightCircumstances } from "../../../lib/core/health/slow_start.ts";
import { WEIGHT_UNIT } from "../../../lib/core/weight.ts";
import { assert, assertEquals } from "../../kit/assert.ts";
import { withSeed } from "../../hard/random.ts";

/** A usable channel that is back since second 100, with a slow start of 10 s. */
const BACK: WeightCircumstances = {
  enabled: true,
  draining: false,
  observed: "up",
  sinceMs: 100_000,
  nowMs: 100_000,
  slowStartSeconds: 10,
};

const GROWTH: readonly [elapsedMs: number, thousandths: number][] = [
  [-5000, 100],
  [0, 100],
  [1, 100],
  [1000, 190],
  [2500, 325],
  [5000, 550],
  [9999, 999],
  [10_000, 1000],
  [3_600_000, 1000],
];

for (const [elapsedMs, thousandths] of GROWTH) {
  Deno.test(`slow start gives ${thousandths} thousandths after ${elapsedMs} ms of 10 s`, () => {
    const circumstances = { ...BACK, nowMs: 100_000 + elapsedMs };
    assertEquals(effectiveWeight(1, circumstances), thousandths);
    assertEquals(effectiveWeight(7, circumstances), 7 * thousandths);
  });
}

const NOBODY: readonly [name: string, weight: number, change: Partial<WeightCircumstances>][] = [
  ["with weight 0", 0, {}],
  ["that is disabled", 5, { enabled: false }],
  ["that drains", 5, { draining: true }],
  ["that is down", 5, { observed: "down" }],
  ["that is ejected", 5, { observed: "ejected" }],
  ["that is unresolved", 5, { observed: "unresolved" }],
];

for (const [name, weight, change] of NOBODY) {
  Deno.test(`a channel ${name} gets nobody`, () => {
    assertEquals(effectiveWeight(weight, { ...BACK, nowMs: 200_000, ...change }), 0);
  });
}

Deno.test("a channel has its whole weight at process start, and without slow start", () => {
  assertEquals(effectiveWeight(3, { ...BACK, sinceMs: undefined }), 3 * WEIGHT_UNIT);
  assertEquals(effectiveWeight(3, { ...BACK, slowStartSeconds: 0 }), 3 * WEIGHT_UNIT);
});

Deno.test("an effective weight is an integer that never falls while time goes on", () =>
  withSeed((random) => {
    for (let round = 0; round < 200; round++) {
      const weight = random.between(1, 1000);
      const slowStartSeconds = random.pick([0.5, 1, 7, 10, 300]);
      let nowMs = 100_000;
      let before = 0;
      for (let step = 0; step < 30; step++) {
        const now = effectiveWeight(weight, { ...BACK, nowMs, slowStartSeconds });
        assert(Number.isInteger(now) && now >= before);
        assert(now >= weight * 100 && now <= weight * WEIGHT_UNIT);
        before = now;
        nowMs += random.next() * slowStartSeconds * 100;
      }
    }
  }));
