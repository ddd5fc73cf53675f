/**
 * Receivers that stall, senders that trickle: bounded memory, and every limit still holds.
 *
 * @module
 */
import { assert, assertEquals } from "../kit/assert.ts";
import { LONG, needing, patience } from "../kit/needs.ts";
import { peakBytes, residentBytes } from "../kit/processes.ts";
import { eventually, sleep, within } from "../kit/wait.ts";
import { startInstance } from "../kit/start.ts";
import { Backend, echo, sendForever, sink } from "../kit/backends.ts";
import { close } from "../../lib/system/close.ts";
import { readExactly, send } from "../kit/streams.ts";

const MEGABYTE = 1024 * 1024;
const BLOCK = new Uint8Array(MEGABYTE);

Deno.test({
  ...needing(
    patience(),
    "a receiver that stalls is ended by the idle timeout, after a minute at the earliest",
  ),
  fn: async (): Promise<void> => {
    await using backend = new Backend(sendForever);
    await using balance = await startInstance([backend.port], { options: ["-T", "1"] });
    using _client = await balance.connect();
    await balance.backPressure("received");
    await balance.idle(70_000);
    await eventually(
      () => balance.stderr.text.includes("timed out after 1 second"),
      "the log line",
    );
  },
});

Deno.test("a receiver slower than the system tells is not taken for idle", async () => {
  const size = 4 * MEGABYTE;
  await using backend = new Backend((connection) => send(connection, new Uint8Array(size)));
  await using balance = await startInstance([backend.port], { options: ["-T", "1"] });
  using client = await balance.connect();
  // At first nothing at all for longer than the timeout, then everything.
  await balance.backPressure("received");
  await sleep(2500);
  assertEquals((await within(readExactly(client, size), "all of it")).length, size);
});

Deno.test("a receiver that stalls is ended by the drain's limit", async () => {
  await using backend = new Backend(sendForever);
  await using balance = await startInstance([backend.port], { options: ["--drain", "1"] });
  using _client = await balance.connect();
  await balance.backPressure("received");
  balance.signal("SIGTERM");
  assertEquals((await within(balance.status, "the end", 4000)).code, 0);
});

Deno.test("a receiver that is slow but takes bytes all the time is not idle", async () => {
  await using backend = new Backend(sendForever);
  await using balance = await startInstance([backend.port], { options: ["-T", "1"] });
  using client = await balance.connect();
  await balance.backPressure("received");
  // The system tells a sender of room in steps of a third of its buffer: with so few bytes it tells nothing for longer
  // than the timeout.
  const chunk = new Uint8Array(10_000);
  for (let turn = 0; turn < 40; turn++) {
    assert(await within(client.read(chunk), "some bytes") !== null, `ended after ${turn} reads`);
    await sleep(100);
  }
  assertEquals([balance.stderr.text, (await balance.show())[0]?.c], ["", 1]);
});

Deno.test("stalled receivers share a bounded memory", async () => {
  const receivers = LONG ? 500 : 200;
  await using backend = new Backend(sendForever);
  await using balance = await startInstance([backend.port]);
  const base = residentBytes(balance.pid);
  const clients = await Promise.all(Array.from({ length: receivers }, () => balance.connect()));
  await balance.backPressure("received");
  const grown = (peakBytes(balance.pid) - base) / MEGABYTE;
  for (const each of clients) close(each);
  await balance.idle();
  assert(grown < 120, `${grown.toFixed(0)} MB more for ${receivers} stalled receivers`);
});

Deno.test("bulk both ways at once: back-pressure, and memory stays", async () => {
  const size = (LONG ? 1024 : 128) * MEGABYTE;
  await using backend = new Backend(echo);
  await using balance = await startInstance([backend.port]);
  const base = residentBytes(balance.pid);
  using client = await balance.connect();
  const block = BLOCK.map((_, at) => at * 31);
  const up = (async () => {
    for (let sent = 0; sent < size; sent += MEGABYTE) await send(client, block);
    await client.closeWrite();
  })();
  for (let got = 0; got < size; got += MEGABYTE) {
    const back = await readExactly(client, MEGABYTE);
    assert(back[1] === 31 && back[MEGABYTE - 1] === block[MEGABYTE - 1], `wrong at ${got}`);
  }
  await up;
  assertEquals(await client.read(new Uint8Array(1)), null);
  await balance.idle();
  const [row] = await balance.show();
  assertEquals([row?.sent, row?.received], [size, size]);
  const grown = (peakBytes(balance.pid) - base) / MEGABYTE;
  assert(grown < 80, `${grown.toFixed(0)} MB more`);
});

Deno.test("clients that trickle take nothing away from others", async () => {
  await using backend = new Backend(sink);
  await using other = new Backend(echo);
  await using balance = await startInstance([`127.0.0.1:${backend.port}:50`, "!", other.port]);
  const slow = await Promise.all(Array.from({ length: 50 }, () => balance.connect()));
  for (const each of slow) await each.write(new TextEncoder().encode("G"));
  await eventually(() => backend.open === 50, "all of them");
  using quick = await balance.connect();
  await send(quick, BLOCK.subarray(0, 1000));
  await within(readExactly(quick, 1000), "an echo", 1000);
  for (const each of slow) close(each);
  quick.close();
  await balance.idle();
});
