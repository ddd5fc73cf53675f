/**
 * Output that nobody reads, or that cannot be written, is never in the way of traffic.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "../kit/assert.ts";
import { eventually, within } from "../kit/wait.ts";
import { exists } from "../kit/temp_dir.ts";
import type { Instance } from "../kit/instance.ts";
import { NATIVE } from "../kit/programs.ts";
import { startInstance } from "../kit/start.ts";
import { Backend, echo } from "../kit/backends.ts";
import { readExactly, send } from "../kit/streams.ts";

const BLOCK = new Uint8Array(20_000).fill(0xff);

/** Some connections, each with an echoed block, one after the other. */
async function traffic(balance: Instance, connections: number): Promise<void> {
  for (let count = 0; count < connections; count++) {
    using client = await balance.connect();
    const [back] = await Promise.all([
      readExactly(client, BLOCK.length),
      send(client, BLOCK),
    ]);
    assert(back.every((byte) => byte === 0xff));
  }
}

Deno.test("a packet dump that is never read stops the dump, not the traffic", async () => {
  await using backend = new Backend(echo);
  await using balance = await startInstance([backend.port], {
    options: ["-p"],
    ignoreOutput: true,
  });
  await within(traffic(balance, 150), "traffic");
  await balance.idle();
});

Deno.test("a packet dump whose reader closes is told to the log, once, and traffic goes on", async () => {
  await using backend = new Backend(echo);
  await using balance = await startInstance([backend.port], {
    options: ["-p"],
    ignoreOutput: true,
  });
  await balance.process.stdout.cancel();
  await within(traffic(balance, 20), "traffic");
  await balance.idle();
  balance.signal("SIGKILL");
  await balance.gone();
  const log = await new Response(balance.process.stderr).text();
  assertStringIncludes(log, "packet dump stopped");
  // One line more says that the packet dump goes with the portable engine.
  assert(log.trim().split("\n").length === (NATIVE ? 2 : 1), log);
});

for (const option of ["--log-connections", "-d"]) {
  Deno.test(`a log on stderr that is never read does not stop the traffic (${option})`, async () => {
    await using backend = new Backend(echo);
    await using balance = await startInstance([backend.port], {
      options: [option],
      ignoreOutput: true,
    });
    await within(traffic(balance, 1000), "traffic", 15_000);
    await balance.idle();
  });
}

Deno.test("a log on stderr that is never read does not keep an ended instance", async () => {
  await using backend = new Backend(echo);
  const options = ["-d", "--log-connections"];
  await using balance = await startInstance([backend.port], { options, ignoreOutput: true });
  await within(traffic(balance, 400), "traffic", 15_000);
  await balance.idle();
  balance.signal("SIGQUIT");
  assertEquals((await within(balance.status, "the end", 5000)).code, 0);
});

Deno.test("a slow reader of stderr gets all lines of an instance that has ended", async () => {
  await using backend = new Backend(echo);
  const options = ["-d", "--log-connections"];
  await using balance = await startInstance([backend.port], { options, ignoreOutput: true });
  const connections = 400;
  await within(traffic(balance, connections), "traffic", 15_000);
  await balance.idle();
  balance.signal("SIGQUIT");
  await eventually(() => !exists(balance.socket), "the control socket has gone");
  const text = await within(new Response(balance.process.stderr).text(), "the end");
  assertEquals(text.match(/^connection ended /gm)?.length, connections);
});
