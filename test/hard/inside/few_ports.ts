/**
 * An instance on a machine that has no local port left; run in a network namespace of its own, with what is to happen.
 *
 * @module
 */
import { connect, type Socket } from "node:net";
import { once } from "node:events";
import { assert, assertEquals } from "../../kit/assert.ts";
import { eventually, Instance, within } from "../kit.ts";
import { Backend, echo, readExactly, writeAll } from "../peers.ts";

const RANGE = "/proc/sys/net/ipv4/ip_local_port_range";
const HELLO = new TextEncoder().encode("hello");
const LOG_LINE = "out of local ports";

/** Every local port that can reach a port of 127.0.0.1, in use. */
class Hog {
  readonly #sockets: Socket[] = [];

  /** Takes them all. */
  async take(port: number): Promise<void> {
    for (;;) {
      const socket = connect({ host: "127.0.0.1", port });
      try {
        await once(socket, "connect");
        this.#sockets.push(socket.on("error", () => {}));
      } catch {
        assert(this.#sockets.length > 0, "it got none");
        return;
      }
    }
  }

  /** Frees them by resets, which leave nothing behind. */
  free(): void {
    for (const each of this.#sockets) each.resetAndDestroy();
  }
}

/** Has a client wait in the queue of a stopped instance while ports are taken, so that it needs none itself. */
async function strand(balance: Instance, take: () => Promise<void>): Promise<Deno.TcpConn> {
  balance.kill("SIGSTOP");
  const client = await balance.connect();
  await Deno.writeTextFile(RANGE, "33000 33005");
  await take();
  balance.kill("SIGCONT");
  await writeAll(client, HELLO);
  return client;
}

async function toldOnce(balance: Instance): Promise<void> {
  await eventually("the log line", () => balance.text.stderr.includes(LOG_LINE));
}

const happenings: Record<string, () => Promise<void>> = {
  async "the client waits for a port"(): Promise<void> {
    await using backend = new Backend(echo);
    await using balance = await Instance.start([backend.port], { options: ["-a", "-t", "20"] });
    const hog = new Hog();
    using client = await strand(balance, () => hog.take(backend.port));
    await toldOnce(balance);
    const [waiting] = await balance.show();
    assertEquals([waiting?.enabled, waiting?.c], [true, 1]);
    hog.free();
    assertEquals(await within("the echo", readExactly(client, HELLO.length)), HELLO);
    assertEquals((await balance.show())[0]?.enabled, true);
    assertEquals(balance.text.stderr.split(LOG_LINE).length, 2, balance.text.stderr);
  },

  async "the client is closed after the connect timeout"(): Promise<void> {
    await using backend = new Backend(echo);
    await using balance = await Instance.start([backend.port], { options: ["-a", "-t", "1"] });
    const hog = new Hog();
    using client = await strand(balance, () => hog.take(backend.port));
    const end = client.read(new Uint8Array(1)).catch(() => null);
    assertEquals(await within("its end", end), null);
    await balance.settle();
    assertEquals((await balance.show())[0]?.enabled, true);
    hog.free();
  },

  async "failover goes on, and blames nobody"(): Promise<void> {
    await using first = new Backend(echo);
    await using second = new Backend(echo);
    await using balance = await Instance.start([first.port, second.port], {
      options: ["-a", "-t", "1"],
    });
    const hog = new Hog();
    using client = await strand(balance, () => hog.take(first.port));
    assertEquals(await within("the echo", readExactly(client, HELLO.length)), HELLO);
    assertEquals(second.accepted, 1);
    assertEquals((await balance.show()).map(({ enabled }) => enabled), [true, true]);
    hog.free();
  },

  async "a source address that has none is not passed over"(): Promise<void> {
    await using backend = new Backend(echo);
    await using other = new Backend(echo);
    await using balance = await Instance.start([backend.port], {
      options: ["-a", "-t", "20", "-B", "127.0.0.1"],
    });
    const hog = new Hog();
    // What leads elsewhere hinders binding, but no connect without a source address.
    using client = await strand(balance, () => hog.take(other.port));
    await toldOnce(balance);
    assertEquals((await balance.show())[0]?.enabled, true);
    assertEquals(backend.accepted, 0);
    hog.free();
    assertEquals(await within("the echo", readExactly(client, HELLO.length)), HELLO);
  },
};

const happening = happenings[Deno.args[0] ?? ""];
assert(happening !== undefined, "nothing is to happen");
await happening();
