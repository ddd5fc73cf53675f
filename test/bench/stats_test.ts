import { assert, assertEquals, assertThrows } from "../kit/assert.ts";
import {
  cpuPerUnit,
  median,
  medianInterval,
  pairedRatios,
  type Sample,
  shuffled,
  spread,
  utilization,
} from "./stats.ts";

function sample(candidate: string, rep: number, cpuSeconds: number): Sample {
  return {
    test: "keep",
    candidate,
    rep,
    units: 1000,
    rate: 500,
    errors: 0,
    seconds: 2,
    cpu: { user: cpuSeconds / 4, system: cpuSeconds * 3 / 4 },
    p50: 0,
    p99: 0,
    p999: 0,
    max: 0,
  };
}

Deno.test("median() takes the middle value by size, not by text", () => {
  assertEquals(median([100, 9, 20]), 20);
});

Deno.test("median() of an even count is the mean of the two middle values", () => {
  assertEquals(median([4, 1, 3, 2]), 2.5);
});

Deno.test("median() refuses to make a value out of nothing", () => {
  assertThrows(() => median([]), RangeError);
});

Deno.test("spread() gives median, smallest and largest, and undefined without values", () => {
  assertEquals(spread([3, 1, 2]), { median: 2, min: 1, max: 3 });
  assertEquals(spread([]), undefined);
});

Deno.test("cpuPerUnit() counts user and system time, in microseconds", () => {
  assertEquals(cpuPerUnit(sample("a", 1, 0.02)), 20);
});

Deno.test("utilization() is CPU time against wall-clock time", () => {
  assertEquals(utilization(sample("a", 1, 1)), 0.5);
});

Deno.test("pairedRatios() divides only samples of the same repetition", () => {
  // The machine was twice as slow in repetition 2: the ratio does not show it.
  const samples = [
    sample("a", 1, 1),
    sample("b", 1, 2),
    sample("b", 2, 4),
    sample("a", 2, 2),
    sample("a", 3, 9),
  ];
  const ratios = pairedRatios(samples, "keep", { of: "a", to: "b" }, cpuPerUnit);
  assertEquals(ratios, [0.5, 0.5]);
});

Deno.test("pairedRatios() leaves out a repetition whose divisor is zero", () => {
  const samples = [sample("a", 1, 1), sample("direct", 1, 0)];
  assertEquals(pairedRatios(samples, "keep", { of: "a", to: "direct" }, cpuPerUnit), []);
});

Deno.test("shuffled() keeps every item, leaves its input alone and follows the random source", () => {
  const items = [1, 2, 3];
  assertEquals(shuffled(items, () => 0), [1, 2, 3]);
  assertEquals(shuffled(items, () => 0.999), [3, 2, 1]);
  assertEquals(items, [1, 2, 3]);
});

Deno.test("medianInterval() is narrow for values that agree, and holds the median of those that do not", () => {
  assertEquals(medianInterval([3, 3, 3], Math.random), { median: 3, low: 3, high: 3 });
  const { median, low, high } = medianInterval([1, 2, 3, 4, 100], Math.random);
  assertEquals(median, 3);
  assert(low >= 1 && low <= 3 && high >= 3 && high <= 100);
});
