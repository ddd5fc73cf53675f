import { withSeed } from "../../kit/random.ts";
import { GROWN, growth, type GrowthCircumstances } from "../../../lib/core/health/slow_start.ts";
import { assert, assertEquals } from "../../kit/assert.ts";

/** A channel that is back since second 100, with a slow start of 10 s. */
const BACK: GrowthCircumstances = { sinceMs: 100_000, nowMs: 100_000, slowStartSeconds: 10 };

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
    assertEquals(growth({ ...BACK, nowMs: 100_000 + elapsedMs }), thousandths);
  });
}

Deno.test("a channel has its whole weight at process start, and without slow start", () => {
  assertEquals(growth({ ...BACK, sinceMs: undefined }), GROWN);
  assertEquals(growth({ ...BACK, slowStartSeconds: 0 }), GROWN);
});

Deno.test("growth is an integer that never falls while time goes on", () =>
  withSeed((random) => {
    for (let round = 0; round < 200; round++) {
      const slowStartSeconds = random.pick([0.5, 1, 7, 10, 300]);
      let nowMs = 100_000;
      let before = 0;
      for (let step = 0; step < 30; step++) {
        const now = growth({ ...BACK, nowMs, slowStartSeconds });
        assert(Number.isInteger(now) && now >= before);
        assert(now >= 100 && now <= GROWN);
        before = now;
        nowMs += random.next() * slowStartSeconds * 100;
      }
    }
  }));
