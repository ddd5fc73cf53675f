/**
 * Output that nobody reads, or that cannot be written, is never in the way of traffic.
 *
 * @module
 */
import { assert, assertStringIncludes } from "../assert.ts";
import { Instance, within } from "./kit.ts";
import { Backend, echo, readExactly, writeAll } from "./peers.ts";

const BLOCK = new Uint8Array(20_000).fill(0xff);

/** Some connections, each with an echoed block, one after the other. */
async function traffic(balance: Instance, connections: number): Promise<void> {
  for (let count = 0; count < connections; count++) {
    using client = await balance.connect();
    const [back] = await Promise.all([
      readExactly(client, BLOCK.length),
      writeAll(client, BLOCK),
    ]);
    assert(back.every((byte) => byte === 0xff));
  }
}

Deno.test("a packet dump that is never read stops the dump, not the traffic", async () => {
  await using backend = new Backend(echo);
  await using balance = await Instance.start([backend.port], { options: ["-p"], deaf: true });
  await within("traffic", traffic(balance, 150));
  await balance.settle();
  await balance[Symbol.asyncDispose]();
  await balance.stdout.cancel();
  await balance.stderr.cancel();
});

Deno.test("a packet dump whose reader closes is told to the log, once, and traffic goes on", async () => {
  await using backend = new Backend(echo);
  await using balance = await Instance.start([backend.port], { options: ["-p"], deaf: true });
  await balance.stdout.cancel();
  await within("traffic", traffic(balance, 20));
  await balance.settle();
  await balance[Symbol.asyncDispose]();
  const log = await new Response(balance.stderr).text();
  assertStringIncludes(log, "packet dump stopped");
  assert(log.trim().split("\n").length === 1, log);
});

for (const option of ["--log-connections", "-d"]) {
  Deno.test(`a log on stderr that is never read does not stop the traffic (${option})`, async () => {
    await using backend = new Backend(echo);
    await using balance = await Instance.start([backend.port], { options: [option], deaf: true });
    await within("traffic", traffic(balance, 1000), 15_000);
    await balance.settle();
    await balance[Symbol.asyncDispose]();
    await balance.stdout.cancel();
    await balance.stderr.cancel();
  });
}
