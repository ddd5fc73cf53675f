/** Signals and draining. */
import { assert, assertEquals, assertRejects } from "../kit/assert.ts";
import { Backend, Backends, echo, hold } from "../kit/backends.ts";
import { checkEcho, get, HeldClient } from "../kit/clients.ts";
import { startBalance } from "../kit/start.ts";
import { freePort, isOpen } from "../kit/ports.ts";
import { eventually, within } from "../kit/wait.ts";
import { commands, running } from "../kit/programs.ts";
import { receiveAll } from "../kit/streams.ts";

async function isRefused(port: number): Promise<boolean> {
  return !await isOpen(port);
}

for (const command of commands()) {
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
    Deno.test(running(command, `${signal} ends an instance at once, by that signal`), async () => {
      await using backends = new Backends(1, hold);
      const port = freePort();
      await using balance = await startBalance(["-f", port, ...backends.operands], { command });
      using client = await HeldClient.open(port);
      balance.signal(signal);
      const status = await within(balance.status, "the end", 2000);
      assertEquals(status.signal, signal);
      assertEquals(await within(receiveAll(client.connection), "the client's end"), "");
      assertEquals([balance.stdout.text, balance.stderr.text], ["", ""]);
    });
  }

  for (const workers of [1, 2]) {
    const name = `SIGQUIT drains with --workers ${workers}: no new clients, then exit code 0`;
    Deno.test(running(command, name), async () => {
      await using backend = new Backend(echo);
      const port = freePort();
      const args = ["-f", `--workers=${workers}`, port, backend.operand];
      await using balance = await startBalance(args, { command });
      using client = await balance.connect();
      await checkEcho(client);
      balance.signal("SIGQUIT");
      await eventually(() => isRefused(port), "the port is closed");
      await checkEcho(client);
      await eventually(() => backend.open === 1, "the client alone stays");
      await assertRejects(() => balance.ask("show"));
      client.close();
      const status = await within(balance.status, "the end");
      assertEquals([status.code, status.signal], [0, null]);
      assertEquals([balance.stdout.text, balance.stderr.text], ["", ""]);
    });
  }
}

Deno.test("SIGUSR1 is harmless", async () => {
  await using backends = new Backends(1);
  const port = freePort();
  await using balance = await startBalance(["-f", port, ...backends.operands]);
  balance.signal("SIGUSR1");
  assertEquals(await get(port), "A");
});

Deno.test("--drain makes SIGTERM drain, and ends what lasts longer", async () => {
  await using backend = new Backend(echo);
  const port = freePort();
  await using balance = await startBalance(["-f", "--drain=1", port, backend.operand]);
  using client = await balance.connect();
  await checkEcho(client);
  const start = performance.now();
  balance.signal("SIGTERM");
  await eventually(() => isRefused(port), "the port is closed");
  await checkEcho(client);
  const status = await within(balance.status, "the end", 3000);
  assertEquals([status.code, status.signal], [0, null]);
  const seconds = (performance.now() - start) / 1000;
  assert(seconds > 0.9 && seconds < 4, `${seconds} s`);
  assertEquals(await client.read(new Uint8Array(1)), null);
});

Deno.test("a second SIGTERM ends a drain at once, by that signal", async () => {
  await using backends = new Backends(1, hold);
  const port = freePort();
  await using balance = await startBalance(["-f", "--drain=600", port, ...backends.operands]);
  using client = await HeldClient.open(port);
  balance.signal("SIGTERM");
  await eventually(() => isRefused(port), "the port is closed");
  await eventually(() => backends.at(0).open === 1, "the client alone stays");
  balance.signal("SIGTERM");
  const status = await within(balance.status, "the end");
  assertEquals([status.signal, status.code], ["SIGTERM", 143]);
  assertEquals(await within(receiveAll(client.connection), "the client's end"), "");
});

Deno.test("--drain=0 ends connections with the kill command at once", async () => {
  await using backends = new Backends(1, hold);
  const port = freePort();
  await using balance = await startBalance(["-f", "--drain=0", port, ...backends.operands]);
  using client = await HeldClient.open(port);
  assertEquals(await balance.ask("kill"), "shutdown complete, exiting.");
  assertEquals(await within(receiveAll(client.connection), "the client's end"), "");
  const status = await within(balance.status, "the end");
  assertEquals(status.code, 0);
});

Deno.test("a drain that waits for connections ends with them, long before its limit", async () => {
  await using backends = new Backends(1, hold);
  const port = freePort();
  await using balance = await startBalance(["-f", "--drain=600", port, ...backends.operands]);
  const client = await HeldClient.open(port);
  balance.signal("SIGTERM");
  await eventually(() => isRefused(port), "the port is closed");
  client[Symbol.dispose]();
  const status = await within(balance.status, "the end", 5000);
  assertEquals(status.code, 0);
});

Deno.test("a client that is still being connected is served to its end while draining", async () => {
  await using backends = new Backends(1, hold);
  const port = freePort();
  await using balance = await startBalance(["-f", port, ...backends.operands]);
  const clients = await Promise.all(Array.from({ length: 10 }, () => HeldClient.open(port)));
  balance.signal("SIGQUIT");
  await eventually(() => isRefused(port), "the port is closed");
  for (const client of clients) {
    assertEquals(client.name, "A");
    client[Symbol.dispose]();
  }
  const status = await within(balance.status, "the end");
  assertEquals(status.code, 0);
});
