/** Histograms against slow and exact computations. */
import {
  CONNECT_SCALE,
  countValue,
  DURATION_SCALE,
  type Histogram,
  mergeHistograms,
  quantile,
  type Scale,
  sinceHistogram,
  sumHistograms,
} from "../../../lib/core/table/histogram.ts";
import { assert, assertEquals } from "../../kit/assert.ts";
import { type Random, withSeed } from "../../kit/random.ts";

const SCALES = { connects: CONNECT_SCALE, durations: DURATION_SCALE };

function made(values: readonly number[], scale: Scale): Histogram {
  const floats = new Float64Array(scale.size + 4);
  for (const value of values) countValue(floats, 2, scale, value);
  // Nothing is written beside the run.
  assertEquals([floats[0], floats[1], floats.at(-1), floats.at(-2)], [0, 0, 0, 0]);
  return sumHistograms(floats, [2], scale);
}

/** Values over the whole scale and beyond, bounds among them. */
function values(random: Random, scale: Scale, count: number): number[] {
  const top = scale.bounds.at(-1) ?? 1;
  return Array.from({ length: count }, () => {
    if (random.chance(0.1)) return random.pick(scale.bounds);
    if (random.chance(0.05)) return random.pick([0, -1, top * 2, top + 1, scale.bounds[0] ?? 0]);
    return top ** random.next() * random.next();
  });
}

/** The bucket by looking at each bound. */
function slowBucket({ bounds }: Scale, value: number): number {
  const at = bounds.findIndex((bound) => value <= bound);
  return at < 0 ? bounds.length : at;
}

Deno.test("bounds ascend by one ratio, from a few microseconds to more than anybody waits", () => {
  for (const { bounds, perOctave, size } of Object.values(SCALES)) {
    assertEquals(size, bounds.length + 2);
    for (const [at, bound] of bounds.entries()) {
      const next = bounds[at + 1];
      if (next !== undefined) assert(Math.abs(next / bound - 2 ** (1 / perOctave)) < 1e-9);
    }
  }
  const ends = ({ bounds }: Scale): [number, number] => [bounds[0] ?? 0, bounds.at(-1) ?? 0];
  assertEquals(ends(CONNECT_SCALE), [0.05, 0.05 * 2 ** 20]);
  assertEquals(ends(DURATION_SCALE), [1, 2 ** 27]);
});

for (const [name, scale] of Object.entries(SCALES)) {
  Deno.test(`${name}: every value is in the bucket whose bound is the first that is not below it`, () =>
    withSeed((random) => {
      for (const value of values(random, scale, 2000)) {
        const { counts, sum } = made([value], scale);
        assertEquals([value, counts.indexOf(1)], [value, slowBucket(scale, value)]);
        assertEquals(counts.reduce((total, count) => total + count, 0), 1);
        assertEquals(sum, Math.max(0, value));
      }
    }));

  Deno.test(`${name}: each bound is in its own bucket, and what is above it in the next`, () => {
    for (const [at, bound] of scale.bounds.entries()) {
      assertEquals(made([bound], scale).counts.indexOf(1), at);
      assertEquals(made([bound * 1.001], scale).counts.indexOf(1), at + 1);
    }
  });

  Deno.test(`${name}: a quantile is in the bucket of the exact one`, () =>
    withSeed((random) => {
      for (let round = 0; round < 200; round++) {
        const all = values(random, scale, random.between(1, 200));
        const sorted = all.map((value) => Math.max(0, value)).toSorted((a, b) => a - b);
        const histogram = made(all, scale);
        for (const part of [0.01, 0.5, 0.9, 0.99, 1, random.next() || 1]) {
          const exact = sorted[Math.ceil(part * sorted.length - 1e-9) - 1] ?? 0;
          const got = quantile(histogram, scale, part) ?? -1;
          const bucket = slowBucket(scale, exact);
          const low = scale.bounds[bucket - 1] ?? 0;
          const high = scale.bounds[bucket] ?? scale.bounds.at(-1) ?? 0;
          const slack = 1e-9 * high;
          assert(
            (bucket < scale.bounds.length ? got > low - slack : got >= high) && got <= high + slack,
            `${part} of ${sorted}: ${got}, not in ${low}..${high}`,
          );
        }
      }
    }));
}

Deno.test("a quantile of one bucket is spread over it, of none there is none", () => {
  const four = made([1.5, 1.6, 1.7, 1.8], DURATION_SCALE);
  const low = 2 ** 0.5;
  const high = 2;
  const even = made([1.9, 1.9, 1.9, 1.9], DURATION_SCALE);
  assertEquals(quantile(even, DURATION_SCALE, 0.5), low + (high - low) / 2);
  assertEquals(quantile(four, DURATION_SCALE, 0.25), low + (high - low) / 4);
  assertEquals(quantile(four, DURATION_SCALE, 1), high);
  assertEquals(quantile(made([], DURATION_SCALE), DURATION_SCALE, 0.5), null);
  assertEquals(quantile(made([1e12], DURATION_SCALE), DURATION_SCALE, 0.5), 2 ** 27);
});

Deno.test("histograms put together, and what came between two looks, are those of the values", () =>
  withSeed((random) => {
    // The order of additions shows in the last digits of a sum.
    const equal = (one: Histogram, other: Histogram): void => {
      assertEquals(one.counts, other.counts);
      assert(Math.abs(one.sum - other.sum) <= 1e-9 * (1 + other.sum) + 1e-3, "the sums differ");
    };
    for (let times = 0; times < 100; times++) {
      const scale = random.pick(Object.values(SCALES));
      const [one, two] = [values(random, scale, 30), values(random, scale, 30)];
      const both = made([...one, ...two], scale);
      equal(mergeHistograms([made(one, scale), made(two, scale)], scale), both);
      equal(sinceHistogram(both, made(one, scale)), made(two, scale));
      const floats = new Float64Array(2 * scale.size);
      for (const value of one) countValue(floats, 0, scale, value);
      for (const value of two) countValue(floats, scale.size, scale, value);
      equal(sumHistograms(floats, [0, scale.size], scale), both);
    }
    assertEquals(mergeHistograms([], CONNECT_SCALE), made([], CONNECT_SCALE));
  }));
