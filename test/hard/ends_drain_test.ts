/**
 * Draining: no new client, the others to their end, and no longer than allowed.
 *
 * @module
 */
import { assertEquals, assertRejects } from "../kit/assert.ts";
import { eventually, Instance, within } from "./kit.ts";
import { Backend, BlackHole, echo, readExactly, writeAll } from "./peers.ts";

const HELLO = new TextEncoder().encode("hello");

async function talk(connection: Deno.TcpConn): Promise<void> {
  await writeAll(connection, HELLO);
  await readExactly(connection, HELLO.length);
}

async function refuses(balance: Instance): Promise<boolean> {
  try {
    (await balance.connect()).close();
    return false;
  } catch (error) {
    return error instanceof Deno.errors.ConnectionRefused;
  }
}

for (const workers of ["1", "2"]) {
  Deno.test(`SIGQUIT drains: clients finish, nobody new, exit 0 (${workers} workers)`, async () => {
    await using backend = new Backend(echo);
    await using balance = await Instance.start([backend.port], {
      options: ["--workers", workers],
    });
    using client = await balance.connect();
    await talk(client);
    balance.kill("SIGQUIT");
    await eventually("a free port", async () => {
      try {
        (await balance.connect()).close();
        return false;
      } catch {
        return true;
      }
    });
    await talk(client);
    await assertRejects(() => balance.ask("show"));
    client.close();
    assertEquals((await within("the end", balance.status)).code, 0);
  });
}

Deno.test("--drain ends what lasts too long, with SIGTERM too", async () => {
  await using backend = new Backend(echo);
  await using balance = await Instance.start([backend.port], { options: ["--drain", "1"] });
  using client = await balance.connect();
  await talk(client);
  balance.kill("SIGTERM");
  await talk(client);
  assertEquals((await within("the end", balance.status, 3000)).code, 0);
  assertEquals(await client.read(new Uint8Array(1)), null);
});

Deno.test("--drain also ends a client that was still being connected", async () => {
  await using backend = new Backend(echo);
  await using hole = await BlackHole.open();
  await using balance = await Instance.start([hole.port, backend.port], {
    options: ["--drain", "1", "-t", "2"],
  });
  using _client = await balance.connect();
  await eventually("an attempt", async () => (await balance.show())[0]?.c === 1);
  balance.kill("SIGTERM");
  await within("the end", balance.status, 4500);
});

Deno.test("a drain limit of many days is not none at all", async () => {
  await using backend = new Backend(echo);
  await using balance = await Instance.start([backend.port], { options: ["--drain", "3000000"] });
  using client = await balance.connect();
  await talk(client);
  balance.kill("SIGTERM");
  await eventually("it drains", () => refuses(balance));
  for (let round = 0; round < 50; round++) await talk(client);
});

Deno.test("when `kill` has answered the port is free, with workers too", async () => {
  await using backend = new Backend(echo);
  for (const workers of ["1", "2"]) {
    for (let round = 0; round < 3; round++) {
      await using balance = await Instance.start([backend.port], {
        options: ["--workers", workers],
      });
      assertEquals(await balance.ask("kill"), "shutdown complete, exiting.\n");
      Deno.listen({ hostname: "127.0.0.1", port: balance.port }).close();
      assertEquals((await within("the end", balance.status)).code, 0);
    }
  }
});
