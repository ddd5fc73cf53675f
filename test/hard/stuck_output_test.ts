/**
 * Output that nobody reads, or that cannot be written, is never in the way of traffic.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "../kit/assert.ts";
import { eventually, exists, Instance, within } from "./kit.ts";
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

Deno.test("a log on stderr that is never read does not keep an ended instance", async () => {
  await using backend = new Backend(echo);
  const options = ["-d", "--log-connections"];
  await using balance = await Instance.start([backend.port], { options, deaf: true });
  await within("traffic", traffic(balance, 400), 15_000);
  await balance.settle();
  balance.kill("SIGQUIT");
  assertEquals((await within("the end", balance.status, 5000)).code, 0);
  await balance.stdout.cancel();
  await balance.stderr.cancel();
});

Deno.test("a slow reader of stderr gets all lines of an instance that has ended", async () => {
  await using backend = new Backend(echo);
  const options = ["-d", "--log-connections"];
  await using balance = await Instance.start([backend.port], { options, deaf: true });
  const connections = 400;
  await within("traffic", traffic(balance, connections), 15_000);
  await balance.settle();
  balance.kill("SIGQUIT");
  await eventually("the control socket has gone", () => !exists(balance.socket));
  const text = await within("the end", new Response(balance.stderr).text());
  assertEquals(text.match(/^connection ended /gm)?.length, connections);
  await balance.stdout.cancel();
});
