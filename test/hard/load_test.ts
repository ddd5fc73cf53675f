/**
 * Many: idle connections, short ones, and everything back where it was afterwards.
 *
 * @module
 */
import { assert, assertEquals } from "../kit/assert.ts";
import { cpuMs, descriptors, residentBytes } from "../kit/processes.ts";
import { eventually, sleep, within } from "../kit/wait.ts";
import { LONG } from "../kit/needs.ts";
import type { Instance } from "../kit/instance.ts";
import { startInstance } from "../kit/start.ts";
import { Backend, echo } from "../kit/backends.ts";
import { close } from "../../lib/system/close.ts";
import { checkEcho } from "../kit/clients.ts";

async function shortOnes(balance: Instance, count: number): Promise<void> {
  let left = count;
  await Promise.all(Array.from({ length: 20 }, async () => {
    while (left-- > 0) {
      using client = await balance.connect();
      await checkEcho(client);
    }
  }));
}

for (const workers of ["1", "2"]) {
  Deno.test(`short connections leave no place, descriptor or memory (${workers} workers)`, async () => {
    const count = LONG ? 20_000 : 1500;
    await using backend = new Backend(echo);
    await using balance = await startInstance([backend.port, backend.port], {
      options: ["--workers", workers],
    });
    // The engine lets each thread's heap grow for a while before it cleans up.
    const warm = LONG ? 3 * count : count;
    await shortOnes(balance, warm);
    await balance.idle();
    const before = { descriptors: descriptors(balance.pid), memory: residentBytes(balance.pid) };
    await shortOnes(balance, count);
    await balance.idle();
    const rows = await balance.show();
    const each = (warm + count) / 2;
    assertEquals(rows.map(({ c, totalc }) => [c, totalc]), [[0, each], [0, each]]);
    await eventually(() => descriptors(balance.pid) <= before.descriptors, "descriptors back");
    const grown = (residentBytes(balance.pid) - before.memory) / 1e6;
    assert(grown < 25, `${grown.toFixed(1)} MB more`);
  });
}

Deno.test("idle connections cost no CPU, stay alive, and go without a trace", async () => {
  const count = LONG ? 5000 : 1000;
  await using backend = new Backend(echo);
  await using balance = await startInstance([backend.port], { options: ["-T", "600"] });
  const before = descriptors(balance.pid);
  const clients: Deno.TcpConn[] = [];
  for (let have = 0; have < count; have++) clients.push(await balance.connect());
  await eventually(async () => (await balance.show())[0]?.c === count, "all of them");
  const cpu = cpuMs(balance.pid);
  await sleep(1000);
  assert(cpuMs(balance.pid) - cpu < 300, `${cpuMs(balance.pid) - cpu} ms of CPU a second`);
  for (const at of [0, count / 2, count - 1]) {
    const client = clients[at];
    if (client !== undefined) await within(checkEcho(client), "an echo", 2000);
  }
  for (const each of clients) close(each);
  await balance.idle();
  await eventually(() => descriptors(balance.pid) <= before, "descriptors back");
});
