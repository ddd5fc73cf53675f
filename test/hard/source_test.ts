/**
 * Uploads with a chosen source address (`-B`): whole, or a failure that the client and the operator see.
 *
 * The runtime fails a write that finds the socket full once the server has half-closed; CAVEATS in the manual page.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "../kit/assert.ts";
import { eventually, sleep, within } from "../kit/wait.ts";
import type { Instance } from "../kit/instance.ts";
import { NATIVE } from "../kit/programs.ts";
import { startInstance } from "../kit/start.ts";
import { Backend } from "../kit/backends.ts";
import { send } from "../kit/streams.ts";

const MEGABYTE = 1_000_000;
const ANSWER = new Uint8Array(6000).fill(65);
const SOURCE = { options: ["-B", "127.0.0.1", "--log-connections"] };
const CUT = "cut short";

/** Counts what comes until the connection ends. */
async function count(connection: Deno.TcpConn): Promise<number> {
  const buffer = new Uint8Array(65536);
  let bytes = 0;
  for (;;) {
    const got = await connection.read(buffer);
    if (got === null) return bytes;
    bytes += got;
  }
}

/** Sends, then one byte more until the connection fails; resolves with the failure, or the end of the test. */
async function sendUntilError(
  client: Deno.TcpConn,
  bytes: number,
  whole: Promise<unknown>,
): Promise<unknown> {
  let over = false;
  whole.then(() => over = true);
  try {
    await send(client, new Uint8Array(bytes));
    while (!over) {
      await sleep(20);
      if (!over) await client.write(new Uint8Array(1));
    }
  } catch (error) {
    return error;
  }
}

/** When the server half-closes: at once, or in the middle of an upload that it has not read. */
const MOMENTS: [string, (balance: Instance) => Promise<void>][] = [
  ["at once", () => Promise.resolve()],
  ["in the middle", (balance) => balance.backPressure("sent")],
];

for (const [when, moment] of MOMENTS) {
  for (const size of [5 * MEGABYTE, 20 * MEGABYTE]) {
    const name = `-B: ${size / MEGABYTE} MB to a server that half-closes ${when} and reads late`;
    Deno.test(`${name} arrive whole, or client and log tell`, async () => {
      const received = Promise.withResolvers<number>();
      const failed = Promise.withResolvers<void>();
      const sent = async (): Promise<number> => (await balance.show())[0]?.sent ?? 0;
      await using backend = new Backend(async (connection) => {
        await moment(balance);
        await send(connection, ANSWER);
        await connection.closeWrite();
        // Late: not before the upload has failed, or has been blocked for a while.
        const timer = setTimeout(failed.resolve, 1500);
        await failed.promise;
        clearTimeout(timer);
        received.resolve(await count(connection));
      });
      await using balance = await startInstance([backend.port], SOURCE);
      using client = await balance.connect();
      const answer = count(client).catch((error) => error);
      // The native engine has no such failure: all of it arrives.
      const upload = NATIVE
        ? send(client, new Uint8Array(size)).then(() => client.closeWrite())
        : sendUntilError(client, size, received.promise);
      const error = await within(upload, "a failure", 30_000);
      failed.resolve();
      const got = await received.promise;
      if (NATIVE) assertEquals(got, size);
      // The answer has come all the same.
      assertEquals(await answer, ANSWER.length);
      if (got < size) {
        assert(error instanceof Error, "the client has seen nothing");
        await eventually(() => balance.stderr.text.includes('cause="server reset"'), "the end");
        assertStringIncludes(balance.stderr.text, CUT);
      }
      // What the server did not get is not counted.
      assert(await sent() <= got, `${await sent()} sent, ${got} received`);
      client.close();
      await balance.idle();
    });
  }
}

for (const size of [5 * MEGABYTE, 20 * MEGABYTE]) {
  Deno.test(`-B: ${size / MEGABYTE} MB to a server that reads late and half-closes last arrive whole`, async () => {
    const received = Promise.withResolvers<number>();
    const start = Promise.withResolvers<void>();
    await using backend = new Backend(async (connection) => {
      await start.promise;
      received.resolve(await count(connection));
    });
    await using balance = await startInstance([backend.port], SOURCE);
    using client = await balance.connect();
    const upload = send(client, new Uint8Array(size)).then(() => client.closeWrite());
    await balance.backPressure("sent");
    start.resolve();
    assertEquals(await within(received.promise, "the upload", 30_000), size);
    await upload;
    await balance.idle();
    assertEquals((await balance.show())[0]?.sent, size);
    assert(!balance.stderr.text.includes(CUT));
  });
}
