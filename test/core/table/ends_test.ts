/** What is counted of connects and ends. */
import {
  connectHistogram,
  countConnect,
  countEnd,
  durationHistogram,
  endCount,
  endCounts,
} from "../../../lib/core/table/ends.ts";
import { CONNECT_SCALE, DURATION_SCALE } from "../../../lib/core/table/histogram.ts";
import {
  causeIndex,
  CAUSES,
  connectsIndex,
  createTable,
  durationsIndex,
  SLOTS,
} from "../../../lib/core/table/schema.ts";
import { assertEquals } from "../../kit/assert.ts";
import { withSeed } from "../../kit/random.ts";

Deno.test("ends and connects of all workers are summed, each channel's and cause's apart", () =>
  withSeed((random) => {
    const workers = random.between(1, 4);
    const table = createTable(workers);
    const slots = [0, 1, 63, 64, SLOTS - 1];
    const ends = new Map<string, number>();
    const connects = new Map<number, number>();
    let [lasted, total] = [0, 0];
    const add = <Key>(map: Map<Key, number>, key: Key, by: number): void =>
      void map.set(key, (map.get(key) ?? 0) + by);
    for (let count = 0; count < 500; count++) {
      const [worker, slot] = [random.between(0, workers - 1), random.pick(slots)];
      const [cause, ms] = [random.pick(CAUSES), random.between(0, 5000)];
      if (random.chance(0.5)) {
        countEnd(table, worker, slot, cause, ms);
        add(ends, `${slot} ${cause}`, 1);
        lasted += ms;
        total++;
      } else {
        countConnect(table, worker, slot, ms);
        add(connects, slot, ms);
      }
    }
    for (const slot of [...slots, 2]) {
      for (const cause of CAUSES) {
        assertEquals(endCount(table, slot, cause), ends.get(`${slot} ${cause}`) ?? 0);
      }
      assertEquals(connectHistogram(table, slot).sum, connects.get(slot) ?? 0);
    }
    for (const cause of CAUSES) {
      const some = [slots[0] ?? 0, slots[3] ?? 0];
      const wanted = some.reduce((sum, slot) => sum + (ends.get(`${slot} ${cause}`) ?? 0), 0);
      assertEquals(endCounts(table, some)[cause], wanted);
    }
    const durations = durationHistogram(table);
    assertEquals(durations.sum, lasted);
    assertEquals(durations.counts.reduce((sum, count) => sum + count, 0), total);
  }));

Deno.test("each worker writes its own rows alone", () => {
  const table = createTable(3);
  const rows = (): Float64Array[] =>
    [0, 1, 2].flatMap((worker) => [
      table.floats.slice(durationsIndex(table, worker)).subarray(0, DURATION_SCALE.size),
      table.floats.slice(connectsIndex(table, worker, 5)).subarray(0, CONNECT_SCALE.size),
      table.floats.slice(causeIndex(table, worker, 5, CAUSES[0])).subarray(0, CAUSES.length),
    ]);
  countEnd(table, 1, 5, CAUSES[0], 10);
  countConnect(table, 1, 5, 10);
  const written = rows().map((row) => row.some((value) => value !== 0));
  assertEquals(written, [false, false, false, true, true, true, false, false, false]);
});

Deno.test("no part of the table overlaps another", () => {
  const table = createTable(2);
  for (const cause of CAUSES) {
    countEnd(table, 1, SLOTS - 1, cause, 1e12);
    countEnd(table, 0, 0, cause, 0);
  }
  countConnect(table, 1, SLOTS - 1, 1e12);
  countConnect(table, 0, 0, 0);
  // Two causes a slot and worker, one bucket and one sum a histogram: nothing else was touched.
  const touched = table.floats.filter((value) => value !== 0).length;
  // Sums of 0 do not show.
  assertEquals(touched, 2 * CAUSES.length + (1 + 1) + 1 + (1 + 1) + 1);
  assertEquals(table.words.every((word) => word === 0), true);
});
