/**
 * The relay over real sockets: what only the runtime's own reads show.
 *
 * @module
 */
import { assertEquals } from "../kit/assert.ts";
import { BUFFER_CLASSES, BufferPools } from "../../lib/traffic/deno/buffer_pools.ts";
import { Ticker } from "../../lib/traffic/deno/ticker.ts";
import { GRACE } from "../../lib/traffic/grace.ts";
import { Relay } from "../../lib/traffic/deno/relay.ts";
import type { Stream } from "../../lib/traffic/deno/stream.ts";
import { send } from "../kit/streams.ts";

/** A client that asks for nothing and keeps the lengths of what is written to it, until it has got so many bytes. */
function reader(total: number): { stream: Stream; lengths: number[]; full: Promise<void> } {
  const { promise: full, resolve } = Promise.withResolvers<void>();
  const lengths: number[] = [];
  const stream: Stream = {
    read: () => Promise.resolve(null),
    write: (bytes) => {
      lengths.push(bytes.length);
      if (lengths.reduce((sum, each) => sum + each, 0) >= total) resolve();
      return Promise.resolve(bytes.length);
    },
    closeWrite: () => Promise.resolve(),
    close: () => {},
  };
  return { stream, lengths, full };
}

for (const size of [3000, 20_000, 60_000]) {
  Deno.test(`${size} bytes that are there already go out in one write`, async () => {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr as Deno.NetAddr;
    using far = await Deno.connect({ hostname: "127.0.0.1", port });
    using near = await listener.accept();
    using ticker = new Ticker();
    const { stream, lengths, full } = reader(size);
    await send(far, new Uint8Array(size));
    const context = {
      ticker,
      pools: new BufferPools(ticker, BUFFER_CLASSES),
      idleTimeout: 0,
      grace: GRACE,
    };
    const floats = new Float64Array(new SharedArrayBuffer(16));
    const relay = new Relay(context, stream, near, { floats, sent: 0, received: 1 });
    const running = relay.run();
    await full;
    await far.closeWrite();
    await running;
    assertEquals(lengths, [size]);
  });
}
