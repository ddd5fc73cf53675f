/**
 * The buffer of one direction: when it grows, when it shrinks, and what idle peers can keep from others.
 *
 * @module
 */
import { assert, assertEquals } from "../kit/assert.ts";
import {
  type BufferClass,
  BufferPools,
  LADDER,
  MOVING,
} from "../../lib/traffic/deno/buffer_pools.ts";
import { Ladder } from "../../lib/traffic/deno/read_buffer.ts";

/** Bursts after which a connection may wait with a large buffer. */
const EARN = 8;
const SIZES = LADDER.map(({ size }) => size);
const LARGEST = LADDER.length - 1;

/** Takes in so many bytes that are there at once, as the relay does. */
function receive(ladder: Ladder, bytes: number): void {
  for (let rest = bytes; rest > 0;) {
    let read = Math.min(rest, ladder.buffer.length);
    rest -= read;
    if (ladder.widen(read)) {
      const more = Math.min(rest, ladder.buffer.length - read);
      // What fills the smallest buffer and is all there is leaves the read waiting in the larger one.
      if (more === 0) return;
      read += more;
      rest -= more;
    }
    ladder.settle(read);
  }
}

/** Has many peers send so many bytes each and stay. */
function idlers(pools: BufferPools, count: number, bytes: number): Ladder[] {
  return Array.from({ length: count }, () => {
    const ladder = new Ladder(pools);
    receive(ladder, bytes);
    return ladder;
  });
}

/** Has many transfers move so many bytes each, whose receivers then stop. */
function stalled(pools: BufferPools, count: number, bytes: number): Ladder[] {
  return Array.from({ length: count }, () => {
    const ladder = new Ladder(pools);
    for (let moved = 0; moved < bytes; moved += ladder.buffer.length) {
      ladder.widen(ladder.buffer.length);
      ladder.settle(ladder.buffer.length);
    }
    return ladder;
  });
}

/** Bytes that a transfer moves before it has the largest buffer; undefined if it never gets it. */
function effort(pools: BufferPools): number | undefined {
  const ladder = new Ladder(pools);
  let moved = 0;
  while (ladder.level < LARGEST && moved < 4 * MOVING) {
    ladder.widen(ladder.buffer.length);
    moved += ladder.buffer.length;
    ladder.settle(ladder.buffer.length);
  }
  const reached = ladder.level === LARGEST;
  ladder.end();
  return reached ? moved : undefined;
}

Deno.test("a transfer that fills every buffer climbs one class a read", () => {
  const pools = new BufferPools(LADDER, () => 0);
  const ladder = new Ladder(pools);
  const lengths = [ladder.buffer.length];
  assert(ladder.widen(ladder.buffer.length));
  for (let read = 0; read < 4; read++) {
    lengths.push(ladder.buffer.length);
    ladder.settle(ladder.buffer.length);
  }
  assertEquals(lengths, [...SIZES, SIZES[LARGEST]]);
});

Deno.test("what was read stays when the buffer is widened", () => {
  const ladder = new Ladder(new BufferPools(LADDER));
  ladder.buffer.forEach((_, at) => ladder.buffer[at] = at * 31);
  const before = ladder.buffer.slice();
  assert(ladder.widen(before.length));
  assertEquals(ladder.view(0, before.length), before);
});

Deno.test("a buffer that was not filled is not widened", () => {
  const ladder = new Ladder(new BufferPools(LADDER));
  assertEquals(ladder.widen(ladder.buffer.length - 1), false);
  assertEquals(ladder.level, 0);
});

Deno.test("the view of the same part is the same object, and never one of an earlier buffer", () => {
  const ladder = new Ladder(new BufferPools(LADDER));
  const view = ladder.view(0, 100);
  assert(ladder.view(0, 100) === view);
  assertEquals(ladder.view(10, 100).length, 90);
  assert(ladder.view(0, 100) === view);
  ladder.widen(ladder.buffer.length);
  assert(ladder.view(0, 100).buffer === ladder.buffer.buffer);
});

Deno.test("a connection that is seldom busy waits with the smallest buffer", () => {
  const ladder = new Ladder(new BufferPools(LADDER));
  for (let burst = 0; burst < EARN; burst++) {
    receive(ladder, 20_000);
    assertEquals(ladder.level, 0, `after ${burst + 1} bursts`);
  }
});

Deno.test("one that is busy again and again waits with a large one, and loses it when little comes", () => {
  const ladder = new Ladder(new BufferPools(LADDER));
  for (let burst = 0; burst <= EARN; burst++) receive(ladder, 20_000);
  assertEquals(ladder.level, 1);
  for (let read = 0; read < 8; read++) {
    assertEquals(ladder.level, 1, `after ${read} small messages`);
    ladder.settle(100);
  }
  assertEquals(ladder.level, 0);
});

Deno.test("only so many wait with large buffers, and those that end make room for others", () => {
  const pools = new BufferPools(LADDER);
  const busy = (): Ladder => {
    const ladder = new Ladder(pools);
    for (let burst = 0; burst <= EARN; burst++) receive(ladder, 20_000);
    return ladder;
  };
  const allowed = LADDER[1]?.waiting ?? 0;
  const all = Array.from({ length: allowed + 20 }, busy);
  assertEquals(all.filter(({ level }) => level === 1).length, allowed);
  all[0]?.end();
  assertEquals([busy().level, busy().level], [1, 0]);
  // One that goes down by itself makes room, too.
  for (let read = 0; read < 8; read++) all[1]?.settle(100);
  assertEquals([busy().level, busy().level], [1, 0]);
});

Deno.test("a ladder that has ended has given back all that it had", () => {
  const only: BufferClass = { size: 10, spread: 1, limit: 1, reserve: 0, waiting: 1 };
  const pools = new BufferPools([only, { ...only, size: 20 }]);
  for (let turn = 0; turn < 3; turn++) {
    const ladder = new Ladder(pools);
    for (let burst = 0; burst <= EARN; burst++) {
      assert(ladder.widen(ladder.buffer.length), `turn ${turn} burst ${burst}`);
      ladder.settle(15);
    }
    assertEquals(ladder.level, 1);
    ladder.end();
  }
});

Deno.test("a class that has none left is skipped", () => {
  const pools = new BufferPools(LADDER);
  const limit = LADDER[1]?.limit ?? 0;
  for (let count = 0; count < limit; count++) pools.take(1);
  const ladder = new Ladder(pools);
  assert(ladder.widen(ladder.buffer.length));
  assertEquals(ladder.level, 2);
});

const NOBODY = effort(new BufferPools(LADDER, () => 0)) ?? 0;

for (const bytes of [2048, 65536, 131072, 2048 + 65536, 196608]) {
  Deno.test(`1000 peers that sent ${bytes} bytes and stay keep no large buffers from others`, () => {
    const pools = new BufferPools(LADDER);
    const held = idlers(pools, 1000, bytes).filter(({ level }) => level > 0).length;
    // One in 128 at the most, with room for chance.
    assert(held < 40, `${held} hold a large buffer`);
    const needed = effort(pools);
    assert(needed !== undefined && needed < 2 * NOBODY, `${needed} bytes`);
  });
}

Deno.test("256 receivers that stop reading leave the largest buffer to a transfer that moves on", () => {
  const pools = new BufferPools(LADDER);
  const held = stalled(pools, 256, MOVING / 2);
  assert(held.every(({ level }) => level > 0), "not all of them had a large buffer");
  const ladder = new Ladder(pools);
  ladder.widen(ladder.buffer.length);
  assert(ladder.level > 0, "it has to begin with the smallest");
  ladder.end();
  const needed = effort(pools);
  assert(needed !== undefined && needed < MOVING + MOVING / 4, `${needed} bytes`);
});

Deno.test("1000 receivers that stop reading cost a transfer its first bytes only", () => {
  const pools = new BufferPools(LADDER);
  stalled(pools, 1000, MOVING / 2);
  const needed = effort(pools);
  assert(needed !== undefined && needed < MOVING + MOVING / 4, `${needed} bytes`);
});

Deno.test("bytes from before a pause do not count as moving", () => {
  const pools = new BufferPools(LADDER);
  stalled(pools, 1000, MOVING / 2);
  const ladder = new Ladder(pools);
  for (let now = 1; now < 9; now += 2) {
    pools.beat(now);
    for (let moved = 0; moved < MOVING / 2; moved += ladder.buffer.length) {
      ladder.settle(ladder.buffer.length);
    }
  }
  assertEquals(ladder.level, 0);
});
