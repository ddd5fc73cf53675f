/**
 * The relay over made-up streams: what real sockets show too seldom.
 *
 * @module
 */
import { assert, assertEquals } from "./assert.ts";
import { BufferPools, LADDER } from "../lib/buffers.ts";
import { Clock } from "../lib/clock.ts";
import { Relay, type Stream } from "../lib/relay.ts";

/** A stream whose reads and writes are given; closing it does nothing else. */
function fake(parts: Partial<Stream>): Stream {
  return {
    read: () => new Promise(() => {}),
    write: (bytes) => Promise.resolve(bytes.length),
    closeWrite: () => Promise.resolve(),
    close: () => {},
    ...parts,
  };
}

function relayOf(pools: BufferPools, clock: Clock, client: Stream, server: Stream): Relay {
  const floats = new Float64Array(new SharedArrayBuffer(16));
  return new Relay({ clock, pools, idleTimeout: 0 }, client, server, { floats, sent: 0 });
}

/** Lets everything that is ready happen. */
async function turn(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
}

Deno.test("a buffer is nobody else's while a read that the relay gave up may still fill it", async () => {
  using clock = new Clock();
  const pools = new BufferPools(LADDER);
  const late = Promise.withResolvers<number | null>();
  const buffers: Uint8Array[] = [];
  // The server fills the smallest buffer, then its next read hangs, while writing to the client fails.
  const server = fake({
    read: (buffer) => {
      buffers.push(buffer);
      return buffers.length === 1 ? Promise.resolve(buffer.length) : late.promise;
    },
  });
  const client = fake({ write: () => Promise.reject(new Error("gone")) });
  const relay = relayOf(pools, clock, client, server);
  await relay.run();
  await turn();
  const given = pools.take(1);
  assert(given !== undefined && buffers[1] !== undefined);
  assert(given.buffer !== buffers[1].buffer, "the buffer of the pending read was given away");
  late.resolve(null);
  await turn();
  assertEquals(pools.take(1)?.buffer, buffers[1].buffer);
});

Deno.test("large buffers are still to be had after many relays", async () => {
  using clock = new Clock();
  const pools = new BufferPools(LADDER);
  for (let count = 0; count < 1000; count++) {
    // Each reads enough to climb to the largest class, then both sides end.
    let left = 4;
    const server = fake({
      read: (buffer) => Promise.resolve(left-- > 0 ? buffer.length : null),
    });
    await relayOf(pools, clock, fake({ read: () => Promise.resolve(null) }), server).run();
  }
  for (const [level, { limit }] of LADDER.entries()) {
    if (limit === Infinity) continue;
    for (let count = 0; count < limit; count++) assert(pools.take(level, true) !== undefined);
    assertEquals(pools.take(level, true), undefined);
  }
});
