/**
 * The buffer of one direction: when it grows, when it shrinks, and what idle peers can keep from others.
 *
 * @module
 */
import { assert, assertEquals } from "../kit/assert.ts";
import {
  BUFFER_CLASSES,
  type BufferClass,
  BufferPools,
  MOVING,
} from "../../lib/traffic/deno/buffer_pools.ts";
import { makePools, stoppedTicker, tick } from "../kit/make_pools.ts";
import { TICK_MS, Ticker } from "../../lib/traffic/deno/ticker.ts";
import { ReadBuffer } from "../../lib/traffic/deno/read_buffer.ts";

/** Bursts after which a connection may wait with a large buffer. */
const BURSTS_TO_KEEP = 8;
const SIZES = BUFFER_CLASSES.map(({ size }) => size);
const LARGEST = BUFFER_CLASSES.length - 1;

/** Takes in so many bytes that are there at once, as the relay does. */
function receive(readBuffer: ReadBuffer, bytes: number): void {
  for (let rest = bytes; rest > 0;) {
    let read = Math.min(rest, readBuffer.buffer.length);
    rest -= read;
    if (readBuffer.grow(read)) {
      const more = Math.min(rest, readBuffer.buffer.length - read);
      // What fills the smallest buffer and is all there is leaves the read waiting in the larger one.
      if (more === 0) return;
      read += more;
      rest -= more;
    }
    readBuffer.resize(read);
  }
}

/** Has many peers send so many bytes each and stay. */
function idlers(pools: BufferPools, count: number, bytes: number): ReadBuffer[] {
  return Array.from({ length: count }, () => {
    const readBuffer = new ReadBuffer(pools);
    receive(readBuffer, bytes);
    return readBuffer;
  });
}

/** Has many transfers move so many bytes each, whose receivers then stop. */
function stalled(pools: BufferPools, count: number, bytes: number): ReadBuffer[] {
  return Array.from({ length: count }, () => {
    const readBuffer = new ReadBuffer(pools);
    for (let moved = 0; moved < bytes; moved += readBuffer.buffer.length) {
      readBuffer.grow(readBuffer.buffer.length);
      readBuffer.resize(readBuffer.buffer.length);
    }
    return readBuffer;
  });
}

/** Bytes that a transfer moves before it has the largest buffer; undefined if it never gets it. */
function effort(pools: BufferPools): number | undefined {
  const readBuffer = new ReadBuffer(pools);
  let moved = 0;
  while (readBuffer.level < LARGEST && moved < 4 * MOVING) {
    readBuffer.grow(readBuffer.buffer.length);
    moved += readBuffer.buffer.length;
    readBuffer.resize(readBuffer.buffer.length);
  }
  const reached = readBuffer.level === LARGEST;
  readBuffer.end();
  return reached ? moved : undefined;
}

/** Waits for the next tick, after which a ticker has nothing to do. */
async function fallAsleep(ticker: Ticker): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const last = {
    onTick: (): void => {
      ticker.unwatch(last);
      resolve();
    },
  };
  ticker.watch(last);
  await promise;
}

Deno.test("a transfer that fills every buffer climbs one class a read", () => {
  const pools = makePools(BUFFER_CLASSES, () => 0);
  const readBuffer = new ReadBuffer(pools);
  const lengths = [readBuffer.buffer.length];
  assert(readBuffer.grow(readBuffer.buffer.length));
  for (let read = 0; read < 4; read++) {
    lengths.push(readBuffer.buffer.length);
    readBuffer.resize(readBuffer.buffer.length);
  }
  assertEquals(lengths, [...SIZES, SIZES[LARGEST]]);
});

Deno.test("what was read stays when the buffer is widened", () => {
  const readBuffer = new ReadBuffer(makePools(BUFFER_CLASSES));
  readBuffer.buffer.forEach((_, at) => readBuffer.buffer[at] = at * 31);
  const before = readBuffer.buffer.slice();
  assert(readBuffer.grow(before.length));
  assertEquals(readBuffer.view(0, before.length), before);
});

Deno.test("a buffer that was not filled is not widened", () => {
  const readBuffer = new ReadBuffer(makePools(BUFFER_CLASSES));
  assertEquals(readBuffer.grow(readBuffer.buffer.length - 1), false);
  assertEquals(readBuffer.level, 0);
});

Deno.test("the view of the same part is the same object, and never one of an earlier buffer", () => {
  const readBuffer = new ReadBuffer(makePools(BUFFER_CLASSES));
  const view = readBuffer.view(0, 100);
  assert(readBuffer.view(0, 100) === view);
  assertEquals(readBuffer.view(10, 100).length, 90);
  assert(readBuffer.view(0, 100) === view);
  readBuffer.grow(readBuffer.buffer.length);
  assert(readBuffer.view(0, 100).buffer === readBuffer.buffer.buffer);
});

Deno.test("a connection that is seldom busy waits with the smallest buffer", () => {
  const readBuffer = new ReadBuffer(makePools(BUFFER_CLASSES));
  for (let burst = 0; burst < BURSTS_TO_KEEP; burst++) {
    receive(readBuffer, 20_000);
    assertEquals(readBuffer.level, 0, `after ${burst + 1} bursts`);
  }
});

Deno.test("one that is busy again and again waits with a large one, and loses it when little comes", () => {
  const readBuffer = new ReadBuffer(makePools(BUFFER_CLASSES));
  for (let burst = 0; burst <= BURSTS_TO_KEEP; burst++) receive(readBuffer, 20_000);
  assertEquals(readBuffer.level, 1);
  for (let read = 0; read < 8; read++) {
    assertEquals(readBuffer.level, 1, `after ${read} small messages`);
    readBuffer.resize(100);
  }
  assertEquals(readBuffer.level, 0);
});

Deno.test("only so many wait with large buffers, and those that end make room for others", () => {
  const pools = makePools(BUFFER_CLASSES);
  const busy = (): ReadBuffer => {
    const readBuffer = new ReadBuffer(pools);
    for (let burst = 0; burst <= BURSTS_TO_KEEP; burst++) receive(readBuffer, 20_000);
    return readBuffer;
  };
  const allowed = BUFFER_CLASSES[1]?.waiting ?? 0;
  const all = Array.from({ length: allowed + 20 }, busy);
  assertEquals(all.filter(({ level }) => level === 1).length, allowed);
  all[0]?.end();
  assertEquals([busy().level, busy().level], [1, 0]);
  // One that goes down by itself makes room, too.
  for (let read = 0; read < 8; read++) all[1]?.resize(100);
  assertEquals([busy().level, busy().level], [1, 0]);
});

Deno.test("a readBuffer that has ended has given back all that it had", () => {
  const only: BufferClass = { size: 10, spread: 1, limit: 1, reserve: 0, waiting: 1 };
  const pools = makePools([only, { ...only, size: 20 }]);
  for (let turn = 0; turn < 3; turn++) {
    const readBuffer = new ReadBuffer(pools);
    for (let burst = 0; burst <= BURSTS_TO_KEEP; burst++) {
      assert(readBuffer.grow(readBuffer.buffer.length), `turn ${turn} burst ${burst}`);
      readBuffer.resize(15);
    }
    assertEquals(readBuffer.level, 1);
    readBuffer.end();
  }
});

Deno.test("a class that has none left is skipped", () => {
  const pools = makePools(BUFFER_CLASSES);
  const limit = BUFFER_CLASSES[1]?.limit ?? 0;
  for (let count = 0; count < limit; count++) pools.take(1);
  const readBuffer = new ReadBuffer(pools);
  assert(readBuffer.grow(readBuffer.buffer.length));
  assertEquals(readBuffer.level, 2);
});

const NOBODY = effort(makePools(BUFFER_CLASSES, () => 0)) ?? 0;

for (const bytes of [2048, 65536, 131072, 2048 + 65536, 196608]) {
  Deno.test(`1000 peers that sent ${bytes} bytes and stay keep no large buffers from others`, () => {
    const pools = makePools(BUFFER_CLASSES);
    const held = idlers(pools, 1000, bytes).filter(({ level }) => level > 0).length;
    // One in 128 at the most, with room for chance.
    assert(held < 40, `${held} hold a large buffer`);
    const needed = effort(pools);
    assert(needed !== undefined && needed < 2 * NOBODY, `${needed} bytes`);
  });
}

Deno.test("256 receivers that stop reading leave the largest buffer to a transfer that moves on", () => {
  const pools = makePools(BUFFER_CLASSES);
  const held = stalled(pools, 256, MOVING / 2);
  assert(held.every(({ level }) => level > 0), "not all of them had a large buffer");
  const readBuffer = new ReadBuffer(pools);
  readBuffer.grow(readBuffer.buffer.length);
  assert(readBuffer.level > 0, "it has to begin with the smallest");
  readBuffer.end();
  const needed = effort(pools);
  assert(needed !== undefined && needed < MOVING + MOVING / 4, `${needed} bytes`);
});

Deno.test("1000 receivers that stop reading cost a transfer its first bytes only", () => {
  const pools = makePools(BUFFER_CLASSES);
  stalled(pools, 1000, MOVING / 2);
  const needed = effort(pools);
  assert(needed !== undefined && needed < MOVING + MOVING / 4, `${needed} bytes`);
});

Deno.test("bytes from before a pause do not count as moving", () => {
  const ticker = stoppedTicker();
  const pools = new BufferPools(ticker, BUFFER_CLASSES);
  stalled(pools, 1000, MOVING / 2);
  const readBuffer = new ReadBuffer(pools);
  for (let now = 1; now < 9; now += 2) {
    ticker.now = now;
    for (let moved = 0; moved < MOVING / 2; moved += readBuffer.buffer.length) {
      readBuffer.resize(readBuffer.buffer.length);
    }
  }
  assertEquals(readBuffer.level, 0);
});

Deno.test("small messages do not keep the ticker awake, much data does while it flows", () => {
  const ticker = stoppedTicker();
  const readBuffer = new ReadBuffer(new BufferPools(ticker, BUFFER_CLASSES));
  for (let message = 0; message < 1000; message++) receive(readBuffer, 1000);
  assertEquals(ticker.ticking.size, 0);
  receive(readBuffer, 20_000);
  assertEquals(ticker.ticking.size, 1);
  readBuffer.end();
  for (let count = 0; count < 16; count++) tick(ticker);
  assertEquals(ticker.ticking.size, 0);
});

Deno.test("a pause that the ticker slept through is a pause", async () => {
  let ms = 0;
  const moveHalf = (readBuffer: ReadBuffer): void => {
    for (let moved = 0; moved < MOVING / 2; moved += readBuffer.buffer.length) {
      readBuffer.resize(readBuffer.buffer.length);
    }
  };
  for (const [ticks, level] of [[0, 2], [2, 0]] as const) {
    using ticker = new Ticker(undefined, () => ms);
    const pools = new BufferPools(ticker, BUFFER_CLASSES);
    const readBuffer = new ReadBuffer(pools);
    stalled(pools, 1000, MOVING / 2);
    moveHalf(readBuffer);
    ticker.unwatch(pools);
    await fallAsleep(ticker);
    ms += ticks * TICK_MS;
    moveHalf(readBuffer);
    assertEquals(readBuffer.level, level, `${ticks} ticks`);
  }
});
