/**
 * The relay against the simplest model there is: what goes in comes out.
 *
 * Random scripts of writes, pauses, half-closes and early closes on both sides, over real sockets.
 *
 * @module
 */
import { assert, assertEquals } from "../kit/assert.ts";
import { BUFFER_CLASSES, BufferPools } from "../../lib/traffic/deno/buffer_pools.ts";
import { Ticker } from "../../lib/traffic/deno/ticker.ts";
import { GRACE } from "../../lib/traffic/grace.ts";
import { Relay } from "../../lib/traffic/deno/relay.ts";
import { Random } from "../kit/random.ts";
import type { Target } from "./target.ts";
import { close } from "../../lib/system/close.ts";
import { readAll, send } from "../kit/streams.ts";
import { sleep } from "../kit/wait.ts";

/** Two ends of a connection. */
async function pair(listener: Deno.TcpListener): Promise<[Deno.TcpConn, Deno.TcpConn]> {
  const { port } = listener.addr as Deno.NetAddr;
  const [near, far] = await Promise.all([
    Deno.connect({ hostname: "127.0.0.1", port }),
    listener.accept(),
  ]);
  return [near, far];
}

/** What one side does: pieces with pauses in between, then its end of file, or its sudden leave. */
interface Script {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly leaves: boolean;
  readonly seed: number;
}

function script(random: Random, mayLeave: boolean): Script {
  return {
    bytes: random.bytes(random.chance(0.1) ? 0 : random.size(300_000)),
    leaves: mayLeave && random.chance(0.3),
    seed: random.between(0, 2 ** 31),
  };
}

async function play(connection: Deno.TcpConn, { bytes, leaves, seed }: Script): Promise<void> {
  const random = new Random(seed);
  const until = leaves ? random.between(0, bytes.length) : bytes.length;
  try {
    for (let at = 0; at < until;) {
      const piece = Math.min(random.size(bytes.length), until - at);
      await send(connection, bytes.subarray(at, at + piece));
      at += piece;
      if (random.chance(0.2)) {
        await sleep(random.between(0, 3));
      }
    }
    if (leaves) close(connection);
    else await connection.closeWrite();
  } catch {
    // The other side has left.
  }
}

async function hear(connection: Deno.TcpConn): Promise<Uint8Array | undefined> {
  try {
    return await readAll(connection);
  } catch {
    return undefined;
  }
}

/** Every property of the relay. */
export const targets: readonly Target[] = [
  {
    name: "what one side sends the other side gets, and both are counted",
    round: async (random): Promise<void> => {
      using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      const [client, clientFar] = await pair(listener);
      const [server, serverFar] = await pair(listener);
      using ticker = new Ticker();
      const pools = new BufferPools(ticker, BUFFER_CLASSES);
      const floats = new Float64Array(new SharedArrayBuffer(16));
      const relay = new Relay(
        { ticker, pools, idleTimeout: 0, grace: GRACE },
        clientFar,
        serverFar,
        {
          floats,
          sent: 0,
          received: 1,
        },
      );
      const up = script(random, true);
      const down = script(random, !up.leaves);
      // As a session does: both are closed when the relay has ended.
      const running = relay.run().then(() => {
        for (const each of [clientFar, serverFar]) close(each);
      });
      const [atClient, atServer] = await Promise.all([
        hear(client),
        hear(server),
        play(client, up),
        play(server, down),
      ]);
      for (const each of [client, server]) close(each);
      await running;
      if (!up.leaves && !down.leaves) {
        assertEquals([atServer, atClient], [up.bytes, down.bytes]);
        assertEquals([...floats], [up.bytes.length, down.bytes.length]);
        assertEquals([relay.sent, relay.received], [...floats]);
      }
      for (const [got, sent] of [[atServer, up.bytes], [atClient, down.bytes]] as const) {
        if (got !== undefined) assertEquals(got, sent.slice(0, got.length), "not what was sent");
      }
      assert(floats[0] !== undefined && floats[0] <= up.bytes.length);
    },
  },
];
