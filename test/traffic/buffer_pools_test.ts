/**
 * The pools of buffers: limits, what is kept for whom, counted waits, and what goes back to the system.
 *
 * @module
 */
import { assert, assertEquals } from "../kit/assert.ts";
import {
  type Buffer,
  BUFFER_CLASSES,
  type BufferClass,
  BufferPools,
  DUMP_BUFFER_CLASSES,
} from "../../lib/traffic/deno/buffer_pools.ts";
import { makePools, stoppedTicker, tick } from "../kit/make_pools.ts";
import type { Ticker } from "../../lib/traffic/deno/ticker.ts";

const SMALL: BufferClass = {
  size: 10,
  spread: 1,
  limit: Infinity,
  reserve: 0,
  waiting: Infinity,
};
const LARGE: BufferClass = { size: 100, spread: 1, limit: 8, reserve: 2, waiting: 3 };

/** Takes buffers until there are none, at most so many. */
function takeAll(pools: BufferPools, level: number, moving: boolean, most = 1000): Buffer[] {
  const taken: Buffer[] = [];
  while (taken.length < most) {
    const buffer = pools.take(level, moving);
    if (buffer === undefined) break;
    taken.push(buffer);
  }
  return taken;
}

/** How many of some buffers are the memory of others, too. */
function shared(some: readonly Buffer[], others: readonly Buffer[]): number {
  const known = new Set(others.map(({ buffer }) => buffer));
  return some.filter(({ buffer }) => known.has(buffer)).length;
}

/** Lets so much time pass that pools have looked twice at what was not needed. */
function pass(ticker: Ticker): void {
  for (let count = 0; count < 16; count++) tick(ticker);
}

Deno.test("a class gives out as many buffers as its limit, the reserve only to who moves much", () => {
  const pools = makePools([SMALL, LARGE]);
  assertEquals(takeAll(pools, 1, false).length, 6);
  assertEquals(takeAll(pools, 1, true).length, 2);
  assertEquals(takeAll(pools, 0, false).length, 1000);
});

Deno.test("a class that does not exist has no buffers and no waits", () => {
  const pools = makePools([SMALL]);
  assertEquals(pools.take(1, true), undefined);
  assertEquals(pools.beginWait(1), false);
  assertEquals(pools.sizeOf(1), 0);
  pools.endWait(1);
  pools.give(1, new Uint8Array(1));
});

Deno.test("a buffer that was given back is the next one that is taken", () => {
  const pools = makePools([SMALL, LARGE]);
  const [first] = takeAll(pools, 1, false);
  assert(first !== undefined);
  pools.give(1, first);
  assert(pools.take(1)?.buffer === first.buffer);
  assertEquals(pools.take(1), undefined);
});

Deno.test("no more waits than the class allows, and one that has ended makes room", () => {
  const pools = makePools([SMALL, LARGE]);
  const waits = (): boolean[] => Array.from({ length: 5 }, () => pools.beginWait(1));
  assertEquals(waits(), [true, true, true, false, false]);
  pools.endWait(1);
  assertEquals(waits(), [true, false, false, false, false]);
});

Deno.test("nobody may begin to wait while the reserve is in use", () => {
  const pools = makePools([SMALL, LARGE]);
  takeAll(pools, 1, false);
  assertEquals(pools.beginWait(1), true);
  const [last] = takeAll(pools, 1, true, 1);
  assert(last !== undefined);
  assertEquals(pools.beginWait(1), false);
  pools.give(1, last);
  assertEquals(pools.beginWait(1), true);
});

Deno.test("lengths differ by chance and never fall below the class's size", () => {
  for (const { size, spread } of BUFFER_CLASSES) {
    const kind = { ...SMALL, size, spread };
    const least = makePools([kind], () => 0).take(0);
    const most = makePools([kind], () => 1 - Number.EPSILON).take(0);
    assertEquals([least?.length, most?.length], [size, size + spread - 1]);
    const lengths = takeAll(makePools([kind]), 0, false, 100).map(({ length }) => length);
    assert(new Set(lengths).size > 30, `${new Set(lengths).size} lengths`);
  }
});

Deno.test("a buffer has another length when it is taken again", () => {
  const pools = makePools([{ ...SMALL, spread: 1000 }]);
  const lengths = Array.from({ length: 20 }, () => {
    const [buffer] = takeAll(pools, 0, false, 1);
    if (buffer !== undefined) pools.give(0, buffer);
    return buffer?.length;
  });
  assert(new Set(lengths).size > 10, `${lengths}`);
});

Deno.test("a dumped record has the same greatest length for everybody", () => {
  const lengths = takeAll(makePools(DUMP_BUFFER_CLASSES), 0, false, 100).map(({ length }) =>
    length
  );
  assertEquals(new Set(lengths), new Set([32768]));
});

Deno.test("large buffers of a thread never take more than 68 MiB", () => {
  const pools = makePools(BUFFER_CLASSES, () => 1 - Number.EPSILON);
  let bytes = 0;
  for (const [level, { limit }] of BUFFER_CLASSES.entries()) {
    if (limit === Infinity) continue;
    for (const { length } of takeAll(pools, level, true)) bytes += length;
  }
  assert(bytes <= 68 * 1024 * 1024, `${bytes} bytes`);
});

Deno.test("free buffers that were not needed for a while go back to the system", () => {
  const ticker = stoppedTicker();
  const pools = new BufferPools(ticker, [SMALL, LARGE]);
  const taken = takeAll(pools, 1, true);
  for (const each of taken) pools.give(1, each);
  pass(ticker);
  const later = takeAll(pools, 1, true);
  assertEquals(later.length, 8);
  assertEquals(shared(later, taken), 0);
});

Deno.test("free buffers that were needed meanwhile stay", () => {
  const ticker = stoppedTicker();
  const pools = new BufferPools(ticker, [SMALL, LARGE]);
  const taken = takeAll(pools, 1, true);
  for (const each of taken) pools.give(1, each);
  for (let count = 0; count < 32; count++) {
    for (const each of takeAll(pools, 1, true)) pools.give(1, each);
    tick(ticker);
  }
  assertEquals(shared(takeAll(pools, 1, true), taken), 8);
});

Deno.test("64 small buffers stay, however long they were not needed", () => {
  const ticker = stoppedTicker();
  const pools = new BufferPools(ticker, [SMALL, LARGE]);
  const taken = takeAll(pools, 0, false, 100);
  for (const each of taken) pools.give(0, each);
  pass(ticker);
  const later = takeAll(pools, 0, false, 100);
  assertEquals(shared(later, taken), 64);
});

Deno.test("the ticker looks at the pools while there is something to let go of, and no longer", () => {
  const ticker = stoppedTicker();
  const pools = new BufferPools(ticker, [SMALL, LARGE]);
  // Again and again: each time after the ticker had nothing to do.
  for (const [level, count] of [[1, 4], [0, 65], [1, 4], [0, 500]] as const) {
    const taken = takeAll(pools, level, true, count);
    assertEquals([taken.length, ticker.ticking.size], [count, 0]);
    for (const each of taken) pools.give(level, each);
    assertEquals(ticker.ticking.size, 1, `after ${count} of class ${level}`);
    pass(ticker);
    assertEquals(ticker.ticking.size, 0, `later, after ${count} of class ${level}`);
    const later = takeAll(pools, level, true, level === 0 ? 64 : 4);
    assertEquals(shared(later, taken), level === 0 ? 64 : 0);
    // Who keeps them wakes nobody.
    assertEquals(ticker.ticking.size, 0);
  }
});

Deno.test("64 free small buffers do not keep the ticker awake", () => {
  const ticker = stoppedTicker();
  const pools = new BufferPools(ticker, [SMALL, LARGE]);
  for (const each of takeAll(pools, 0, false, 64)) pools.give(0, each);
  assertEquals(ticker.ticking.size, 0);
});
