/**
 * Bytes: nothing lost, doubled, reordered or crossed, however they are cut and however the sides end.
 *
 * @module
 */
import { assertEquals } from "../kit/assert.ts";
import { Random, withSeed } from "../kit/random.ts";
import { eventually, sleep, within } from "../kit/wait.ts";
import { LONG } from "../kit/needs.ts";
import { startInstance } from "../kit/start.ts";
import { Backend, REFUSED } from "../kit/backends.ts";
import { BlackHole } from "../kit/black_hole.ts";
import { digest, readAll, readExactly, send } from "../kit/streams.ts";

/** One conversation: what each side sends, and how it is cut. */
interface Talk {
  readonly up: Uint8Array<ArrayBuffer>;
  readonly down: Uint8Array<ArrayBuffer>;
  readonly seed: number;
}

/** Writes in random pieces with random pauses, then ends. */
async function speak(
  connection: Deno.TcpConn,
  bytes: Uint8Array,
  random: Random,
): Promise<void> {
  for (let at = 0; at < bytes.length;) {
    const piece = random.size(bytes.length);
    await send(connection, bytes.subarray(at, at + piece));
    at += piece;
    if (random.chance(0.1)) {
      await sleep(random.between(0, 9));
    }
  }
  await connection.closeWrite();
}

/** The client's first four bytes number the conversation, so that the backend knows what to say. */
function numbered(bytes: Uint8Array<ArrayBuffer>, number: number): Uint8Array<ArrayBuffer> {
  const framed = new Uint8Array(4 + bytes.length);
  new DataView(framed.buffer).setUint32(0, number);
  framed.set(bytes, 4);
  return framed;
}

async function converse(talks: readonly Talk[], options: readonly string[]): Promise<void> {
  const heard = new Map<number, string>();
  await using backend = new Backend(async (connection) => {
    const number = new DataView((await readExactly(connection, 4)).buffer).getUint32(0);
    const talk = talks[number];
    if (talk === undefined) return;
    const [up] = await Promise.all([
      readAll(connection),
      speak(connection, talk.down, new Random(talk.seed + 1)),
    ]);
    heard.set(number, await digest(up));
  });
  await using balance = await startInstance([backend.port, backend.port], { options });
  const waiting = [...talks.entries()];
  const worker = async (): Promise<void> => {
    for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
      const [number, talk] = next;
      using client = await balance.connect();
      const [down] = await Promise.all([
        readAll(client),
        speak(client, numbered(talk.up, number), new Random(talk.seed)),
      ]);
      assertEquals(await digest(down), await digest(talk.down), `answer ${number}`);
    }
  };
  await within(Promise.all(Array.from({ length: 16 }, worker)), "all conversations", 120_000);
  await balance.idle();
  await eventually(() => heard.size === talks.length, "all requests");
  for (const [number, talk] of talks.entries()) {
    assertEquals(heard.get(number), await digest(talk.up), `request ${number}`);
  }
}

function someTalks(random: Random, count: number): Talk[] {
  return Array.from({ length: count }, () => ({
    up: random.bytes(random.chance(0.1) ? 0 : random.size(300_000)),
    down: random.bytes(random.chance(0.1) ? 0 : random.size(300_000)),
    seed: random.between(0, 2 ** 31),
  }));
}

Deno.test("random sizes, pieces and pauses both ways arrive as they were sent", () =>
  withSeed((random) => converse(someTalks(random, LONG ? 3000 : 80), [])));

Deno.test("the same over two workers", () =>
  withSeed((random) => converse(someTalks(random, LONG ? 3000 : 60), ["--workers", "2"])));

Deno.test("the same from a chosen source address", () =>
  withSeed((random) => converse(someTalks(random, LONG ? 1000 : 60), ["-B", "127.0.0.1"])));

Deno.test("the same through the packet dump", () =>
  withSeed((random) => converse(someTalks(random, LONG ? 500 : 20), ["-p"])));

Deno.test("what a client sends before a failover reaches the backend finally chosen", () =>
  withSeed(async (random) => {
    const sent = random.bytes(100_000);
    await using hole = await BlackHole.open();
    const heard = Promise.withResolvers<string>();
    await using backend = new Backend(async (connection) => {
      heard.resolve(await digest(await readAll(connection)));
    });
    await using balance = await startInstance([hole.port, REFUSED, backend.port], {
      options: ["-t", "1"],
    });
    using client = await balance.connect();
    await speak(client, sent, random);
    assertEquals(await within(heard.promise, "delivery"), await digest(sent));
  }));

for (const source of [[], ["-B", "127.0.0.1"]]) {
  const how = source.length === 0 ? "" : " (-B)";
  Deno.test(`what a client sends after its server's end of file is delivered${how}`, () =>
    withSeed(async (random) => {
      const sent = random.bytes(30_000);
      const heard = Promise.withResolvers<string>();
      await using backend = new Backend(async (connection) => {
        await connection.closeWrite();
        heard.resolve(await digest(await readAll(connection)));
      });
      await using balance = await startInstance([backend.port], { options: source });
      using client = await balance.connect();
      assertEquals((await readAll(client)).length, 0);
      await speak(client, sent, random);
      assertEquals(await within(heard.promise, "delivery"), await digest(sent));
      await balance.idle();
    }));
}

Deno.test("an early answer to an upload that the server does not read is not lost", () =>
  withSeed(async (random) => {
    const answer = random.bytes(60_000);
    await using backend = new Backend(async (connection) => {
      await connection.read(new Uint8Array(100));
      await send(connection, answer);
    });
    await using balance = await startInstance([backend.port]);
    for (let round = 0; round < (LONG ? 200 : 20); round++) {
      using client = await balance.connect();
      const upload = send(client, new Uint8Array(3_000_000)).catch(() => {});
      const got = await readExactly(client, answer.length);
      assertEquals(await digest(got), await digest(answer), `round ${round}`);
      client.close();
      await upload;
    }
    await balance.idle();
  }));
