/**
 * The relay over made-up streams and a ticker turned by hand: what real sockets show too seldom, or too late.
 *
 * @module
 */
import { assert, assertEquals, assertRejects } from "../kit/assert.ts";
import { BUFFER_CLASSES, BufferPools } from "../../lib/traffic/deno/buffer_pools.ts";
import { stoppedTicker, tick } from "../kit/make_pools.ts";
import { TICK_MS, Ticker } from "../../lib/traffic/deno/ticker.ts";
import { GRACE, type GracePeriods } from "../../lib/traffic/grace.ts";
import type { Cause } from "../../lib/core/table/schema.ts";
import { Relay } from "../../lib/traffic/deno/relay.ts";
import { DeliveryFailure, type Stream } from "../../lib/traffic/deno/stream.ts";
import { sleep } from "../kit/wait.ts";

const SMALL = BUFFER_CLASSES[0]?.size ?? 0;
const SHORT: GracePeriods = { client: 4, server: 8, lost: 2, blocked: 6 };

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

/** One end as its peer moves it: what is read and written, and whether it is open. */
class Peer implements Stream {
  written = 0;
  ended = false;
  closed = false;
  /** Bytes that were sent and not read. */
  unread = 0;
  /** What a write waits for. */
  gate: Promise<unknown> = Promise.resolve();
  #eof = false;
  #error: Error | undefined;
  #wake: () => void = () => {};

  send(bytes: number): void {
    this.unread += bytes;
    this.#wake();
  }

  end(): void {
    this.#eof = true;
    this.#wake();
  }

  reset(error: Error = new Deno.errors.ConnectionReset()): void {
    this.#error = error;
    this.#wake();
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    for (;;) {
      if (this.closed) throw new Deno.errors.Interrupted();
      const count = Math.min(this.unread, buffer.length);
      this.unread -= count;
      if (count > 0) return count;
      if (this.#eof) return null;
      if (this.#error !== undefined) throw this.#error;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  async write(bytes: Uint8Array): Promise<number> {
    await this.gate;
    if (this.#error !== undefined) throw this.#error;
    this.written += bytes.length;
    return bytes.length;
  }

  closeWrite(): Promise<void> {
    this.ended = true;
    return Promise.resolve();
  }

  close(): void {
    this.closed = true;
    this.#wake();
  }
}

/** Lets everything that is ready happen. */
async function turn(): Promise<void> {
  await sleep(0);
}

/** A relay between two peers whose time is turned by hand. */
class Scene implements Disposable {
  readonly client = new Peer();
  readonly server = new Peer();
  readonly ticker: Ticker;
  readonly pools: BufferPools;
  readonly floats = new Float64Array(new SharedArrayBuffer(16));
  readonly relay: Relay;
  readonly run: Promise<Cause>;
  cause: Cause | undefined;

  /** Without a ticker of its own only the test moves the time. */
  constructor({ idleTimeout = 0, grace = SHORT, ticker = stoppedTicker() } = {}) {
    const pools = new BufferPools(ticker, BUFFER_CLASSES, () => 0);
    this.ticker = ticker;
    this.pools = pools;
    const { client, server, floats } = this;
    const context = { ticker, pools, idleTimeout, grace };
    this.relay = new Relay(context, client, server, { floats, sent: 0, received: 1 });
    this.run = this.relay.run();
    this.run.then((cause) => this.cause = cause, () => {});
  }

  /** One tick, and all that follows from it. */
  async tick(): Promise<void> {
    tick(this.ticker);
    await turn();
  }

  /**
   * Turns the time until the relay has ended.
   *
   * @returns The seconds that took; `limit` if it has not ended by then.
   */
  async seconds(limit: number, each: (ticks: number) => void = () => {}): Promise<number> {
    let ticks = 0;
    await turn();
    for (; this.cause === undefined && ticks * TICK_MS < limit * 1000; ticks++) {
      each(ticks);
      await turn();
      await this.tick();
    }
    return ticks * TICK_MS / 1000;
  }

  [Symbol.dispose](): void {
    this.relay.end("ended by balance");
    this.server.gate = this.client.gate = Promise.resolve();
  }
}

/** Whether a time is what was asked for: at least that, and two ticks more at most. */
function assertTime(seconds: number, wanted: number, what = ""): void {
  const most = wanted + 2 * TICK_MS / 1000;
  assert(seconds >= wanted && seconds <= most, `${what} ${seconds} s instead of ${wanted} s`);
}

Deno.test("the grace periods are those of the manual page", () => {
  assertEquals(GRACE, { client: 10, server: 3600, lost: 2, blocked: 60 });
  const manual = Deno.readTextFileSync(new URL("../../man/balance.1", import.meta.url));
  const text = manual.replace(/\s+/g, " ");
  for (
    const each of [
      "the client may be silent for 10 seconds",
      "or for an hour without it",
      "for 2 seconds in total",
      "the time is a minute at least",
    ]
  ) assert(text.includes(each), each);
});

for (const [idleTimeout, wanted] of [[0, 4], [2, 2], [20, 4]] as const) {
  Deno.test(`after its server's end a silent client has ${wanted} s with -T ${idleTimeout}`, async () => {
    using scene = new Scene({ idleTimeout });
    scene.server.end();
    assertTime(await scene.seconds(30), wanted);
    assertEquals(scene.cause, "half-close timeout");
    assert(scene.client.ended && scene.client.closed && scene.server.closed);
  });
}

for (const [idleTimeout, wanted] of [[0, 8], [2, 2], [20, 20]] as const) {
  Deno.test(`after its client's end a silent server has ${wanted} s with -T ${idleTimeout}`, async () => {
    using scene = new Scene({ idleTimeout });
    scene.client.end();
    assertTime(await scene.seconds(30), wanted);
    assertEquals(scene.cause, "half-close timeout");
  });
}

for (const [idleTimeout, wanted] of [[2, 6], [20, 20]] as const) {
  Deno.test(`a blocked write has ${wanted} s of silence with -T ${idleTimeout}`, async () => {
    using scene = new Scene({ idleTimeout });
    scene.client.gate = Promise.withResolvers<void>().promise;
    scene.server.send(100);
    assertTime(await scene.seconds(30), wanted);
    assertEquals(scene.cause, "idle timeout");
  });
}

Deno.test("once a blocked write is done, -T counts again", async () => {
  using scene = new Scene({ idleTimeout: 2 });
  const gate = Promise.withResolvers<void>();
  scene.client.gate = gate.promise;
  scene.server.send(100);
  assertEquals(await scene.seconds(3), 3);
  gate.resolve();
  await turn();
  scene.client.send(100);
  assertTime(await scene.seconds(30), 2);
});

const LOSSES: [string, (scene: Scene) => void, Cause][] = [
  ["a reset, the client silent", ({ server }) => server.reset(), "server reset"],
  ["an end of file, then a reset", ({ server, client }) => {
    server.end();
    server.reset();
    client.send(100);
  }, "server closed"],
  ["a reset that a write finds", ({ server, client }) => {
    server.reset();
    client.send(100);
  }, "server reset"],
];

/** What a client does whose server has gone: the ticks before which it sends. */
const DOINGS: [string, (ticks: number) => boolean][] = [
  ["is silent", () => false],
  ["sends once more, a second later", (ticks) => ticks === 4],
  ["sends all the time", () => true],
];

for (const [name, lose, cause] of LOSSES) {
  for (const [doing, sends] of DOINGS) {
    Deno.test(`after ${name}, a client that ${doing} has 2 s in total`, async () => {
      using scene = new Scene();
      scene.client.send(5);
      await turn();
      lose(scene);
      const each = (ticks: number): void => scene.client.send(sends(ticks) ? 1000 : 0);
      assertTime(await scene.seconds(30, each), SHORT.lost);
      assertEquals(scene.cause, cause);
      assert(scene.client.closed && scene.server.closed);
      // What was dropped counts nowhere.
      assertEquals([scene.relay.sent, ...scene.floats], [5, 5, 0]);
      // Unread data makes the system reset the client.
      if (sends(0)) assert(scene.client.unread > 0, "nothing is left unread");
      assertEquals(scene.ticker.ticking.size, 0);
    });
  }
}

/** What limits a connection for the first time after the ticker has slept for an hour, and for how long. */
const AFTER_SLEEP: [string, number, (scene: Scene) => void][] = [
  ["the server's end of file", SHORT.client, ({ server }) => server.end()],
  ["the client's end of file", SHORT.server, ({ client }) => client.end()],
  ["a reset of the server", SHORT.lost, ({ server }) => server.reset()],
];

for (const [name, limit, happen] of AFTER_SLEEP) {
  Deno.test(`after an hour of silence, ${name} allows its whole grace`, async () => {
    let ms = 0;
    const ticker = new Ticker(undefined, () => ms);
    using scene = new Scene({ ticker });
    ms = 3_600_000;
    happen(scene);
    await turn();
    assert(ticker.now >= ms / TICK_MS, "the ticker is not awake");
    // From now on only this test moves the time.
    ticker[Symbol.dispose]();
    assertTime(await scene.seconds(30), limit);
  });
}

Deno.test("with -T, silence before the connection began does not count", async () => {
  let ms = 0;
  const ticker = new Ticker(undefined, () => ms);
  ms = 3_600_000;
  using scene = new Scene({ ticker, idleTimeout: 5 });
  ticker[Symbol.dispose]();
  assertTime(await scene.seconds(30), 5);
});

Deno.test("a reset by the server is passed on as an end of file, after its last words", async () => {
  using scene = new Scene();
  scene.server.send(100);
  scene.server.reset();
  await turn();
  assertEquals([scene.client.written, scene.client.ended], [100, true]);
  assertEquals(scene.client.closed, false);
});

Deno.test("a write that may have lost bytes ends the connection without reading the rest", async () => {
  using scene = new Scene();
  scene.server.end();
  await turn();
  scene.server.reset(new DeliveryFailure());
  scene.client.send(100 * SMALL);
  assertEquals(await scene.seconds(1), 0);
  assertEquals([scene.cause, scene.relay.undelivered], ["server reset", true]);
  assert(scene.client.closed && scene.client.unread > 0);
});

Deno.test("an end of the whole names its cause, unless a side had ended before", async () => {
  for (const begin of [undefined, "client closed", "server closed"] as const) {
    using scene = new Scene();
    if (begin === "client closed") scene.client.end();
    if (begin === "server closed") scene.server.end();
    await turn();
    scene.relay.end("ended by balance");
    assertEquals(await scene.run, begin ?? "ended by balance");
    // Nothing that fails afterwards keeps the relay alive.
    await turn();
    assertEquals(scene.ticker.ticking.size, 0);
  }
});

/** Streams with a mistake in them. */
const FAULTS: [string, (scene: Scene) => void][] = [
  ["a read that throws at once", ({ client }) => {
    client.read = () => {
      throw new TypeError("injected");
    };
    client.send(1);
  }],
  ["a write", ({ server, client }) => {
    server.write = () => Promise.reject(new TypeError("injected"));
    client.send(1);
  }],
  ["passing the end of file", ({ server, client }) => {
    server.closeWrite = () => Promise.reject(new TypeError("injected"));
    client.end();
  }],
];

for (const [name, inject] of FAULTS) {
  Deno.test(`a fault of this program in ${name} ends its connection and is told`, async () => {
    using scene = new Scene();
    // The first read is under way: what is injected meets the next one.
    inject(scene);
    assertEquals(String(await assertRejects(() => scene.run)), "TypeError: injected");
    assert(scene.client.closed && scene.server.closed);
    await turn();
    assertEquals(scene.ticker.ticking.size, 0);
  });
}

Deno.test("a fault of this program in the meter ends its connection and is told", async () => {
  using ticker = new Ticker();
  const client = new Peer();
  const server = new Peer();
  const floats = new Proxy(new Float64Array(new SharedArrayBuffer(16)), {
    set: () => {
      throw new Error("injected");
    },
  });
  const context = {
    ticker,
    pools: new BufferPools(ticker, BUFFER_CLASSES, () => 0),
    idleTimeout: 1,
    grace: SHORT,
  };
  const relay = new Relay(context, client, server, { floats, sent: 0, received: 1 });
  client.send(1);
  assertEquals(String(await assertRejects(() => relay.run())), "Error: injected");
  assert(client.closed && server.closed);
  assertEquals(ticker.ticking.size, 0);
});

Deno.test("a fault of this program in a tick ends its connection and is told", async () => {
  const broken = {
    ...SHORT,
    get blocked(): number {
      throw new Error("injected");
    },
  };
  using scene = new Scene({ idleTimeout: 1, grace: broken });
  scene.client.gate = Promise.withResolvers<void>().promise;
  scene.server.send(1);
  await turn();
  await scene.tick();
  assertEquals(String(await assertRejects(() => scene.run)), "Error: injected");
  assert(scene.client.closed && scene.server.closed);
});

Deno.test("a buffer is nobody else's while a read that the relay gave up may still fill it", async () => {
  using ticker = new Ticker();
  const pools = new BufferPools(ticker, BUFFER_CLASSES, () => 0);
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
  await relayOf(pools, ticker, client, server).run();
  await turn();
  const given = pools.take(1);
  assert(given !== undefined && buffers[1] !== undefined);
  assert(given.buffer !== buffers[1].buffer, "the buffer of the pending read was given away");
  late.resolve(null);
  await turn();
  assertEquals(pools.take(1)?.buffer, buffers[1].buffer);
});

Deno.test("the same when a fault or the deadline gives the read up", async () => {
  for (const fail of [new TypeError("injected"), new Deno.errors.ConnectionReset()]) {
    using scene = new Scene();
    const late = Promise.withResolvers<number | null>();
    const buffers: Uint8Array[] = [];
    scene.run.catch(() => {});
    scene.server.write = () => Promise.reject(fail);
    scene.client.send(SMALL);
    scene.client.read = (buffer) => {
      buffers.push(buffer);
      return late.promise;
    };
    await scene.seconds(3);
    assert(buffers[0] !== undefined);
    const taken = [scene.pools.take(1), scene.pools.take(1)];
    assert(taken.every((each) => each?.buffer !== buffers[0]?.buffer), "it was given away");
    late.resolve(null);
    await turn();
    assertEquals(scene.pools.take(1)?.buffer, buffers[0].buffer);
  }
});

Deno.test("large buffers are still to be had after many relays", async () => {
  using ticker = new Ticker();
  const pools = new BufferPools(ticker, BUFFER_CLASSES, () => 0);
  for (let count = 0; count < 1000; count++) {
    // Each reads enough to climb to the largest class, then both sides end.
    let left = 4;
    const server = fake({
      read: (buffer) => Promise.resolve(left-- > 0 ? buffer.length : null),
    });
    await relayOf(pools, ticker, fake({ read: () => Promise.resolve(null) }), server).run();
  }
  await turn();
  for (const [level, { limit }] of BUFFER_CLASSES.entries()) {
    if (limit === Infinity) continue;
    for (let count = 0; count < limit; count++) assert(pools.take(level, true) !== undefined);
    assertEquals(pools.take(level, true), undefined);
  }
});

function relayOf(pools: BufferPools, ticker: Ticker, client: Stream, server: Stream): Relay {
  const floats = new Float64Array(new SharedArrayBuffer(16));
  const context = { ticker, pools, idleTimeout: 0, grace: SHORT };
  return new Relay(context, client, server, { floats, sent: 0, received: 1 });
}
