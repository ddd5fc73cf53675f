/**
 * Draining: no new client, the others to their end, and no longer than allowed.
 *
 * @module
 */
import { assertEquals } from "../kit/assert.ts";
import { eventually, within } from "../kit/wait.ts";
import { startInstance } from "../kit/start.ts";
import { Backend, echo } from "../kit/backends.ts";
import { BlackHole } from "../kit/black_hole.ts";
import { checkEcho } from "../kit/clients.ts";
import { isOpen } from "../kit/ports.ts";

Deno.test("--drain also ends a client that was still being connected", async () => {
  await using backend = new Backend(echo);
  await using hole = await BlackHole.open();
  await using balance = await startInstance([hole.port, backend.port], {
    options: ["--drain", "1", "-t", "2"],
  });
  using _client = await balance.connect();
  await eventually(async () => (await balance.show())[0]?.c === 1, "an attempt");
  balance.signal("SIGTERM");
  await within(balance.status, "the end", 4500);
});

Deno.test("a drain limit of many days is not none at all", async () => {
  await using backend = new Backend(echo);
  await using balance = await startInstance([backend.port], { options: ["--drain", "3000000"] });
  using client = await balance.connect();
  await checkEcho(client);
  balance.signal("SIGTERM");
  await eventually(async () => !await isOpen(balance.port), "it drains");
  for (let round = 0; round < 50; round++) await checkEcho(client);
});

Deno.test("when `kill` has answered the port is free, with workers too", async () => {
  await using backend = new Backend(echo);
  for (const workers of ["1", "2"]) {
    for (let round = 0; round < 3; round++) {
      await using balance = await startInstance([backend.port], {
        options: ["--workers", workers],
      });
      assertEquals(await balance.ask("kill"), "shutdown complete, exiting.");
      Deno.listen({ hostname: "127.0.0.1", port: balance.port }).close();
      assertEquals((await within(balance.status, "the end")).code, 0);
    }
  }
});
