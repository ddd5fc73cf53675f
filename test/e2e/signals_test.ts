/** Signals and draining. */
import { assert, assertEquals } from "../kit/assert.ts";
import { Backends, hold, receiveAll } from "./backends.ts";
import { get, Guest } from "./clients.ts";
import { commands, running, startBalance } from "./harness.ts";
import { freePort } from "./ports.ts";
import { eventually, within } from "./wait.ts";

async function isRefused(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ port })).close();
    return false;
  } catch {
    return true;
  }
}

for (const command of commands()) {
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
    Deno.test(running(command, `${signal} ends an instance at once, by that signal`), async () => {
      await using backends = new Backends(1, hold);
      const port = freePort();
      await using balance = await startBalance(["-f", port, ...backends.operands], { command });
      using guest = await Guest.come(port);
      balance.signal(signal);
      const status = await within(balance.status ?? Promise.reject(), "the end");
      assertEquals(status.signal, signal);
      assertEquals(await within(receiveAll(guest.connection), "the client's end"), "");
      assertEquals([balance.stdout?.text, balance.stderr?.text], ["", ""]);
    });
  }

  Deno.test(running(command, "SIGQUIT drains: no new clients, then exit code 0"), async () => {
    await using backends = new Backends(1, hold);
    const port = freePort();
    await using balance = await startBalance(["-f", port, ...backends.operands], { command });
    using guest = await Guest.come(port);
    balance.signal("SIGQUIT");
    await eventually(() => isRefused(port), "the port is closed");
    await eventually(() => backends.at(0).open === 1, "the guest alone stays");
    guest[Symbol.dispose]();
    const status = await within(balance.status ?? Promise.reject(), "the end");
    assertEquals([status.code, status.signal], [0, null]);
    assertEquals([balance.stdout?.text, balance.stderr?.text], ["", ""]);
  });
}

Deno.test("SIGUSR1 is harmless", async () => {
  await using backends = new Backends(1);
  const port = freePort();
  await using balance = await startBalance(["-f", port, ...backends.operands]);
  balance.signal("SIGUSR1");
  assertEquals(await get(port), "A");
});

Deno.test("--drain makes SIGTERM drain, and ends what lasts longer", async () => {
  await using backends = new Backends(1, hold);
  const port = freePort();
  await using balance = await startBalance(["-f", "--drain=1", port, ...backends.operands]);
  using guest = await Guest.come(port);
  const start = performance.now();
  balance.signal("SIGTERM");
  await eventually(() => isRefused(port), "the port is closed");
  const status = await within(balance.status ?? Promise.reject(), "the end");
  assertEquals([status.code, status.signal], [0, null]);
  const seconds = (performance.now() - start) / 1000;
  assert(seconds > 0.9 && seconds < 4, `${seconds} s`);
  assertEquals(await within(receiveAll(guest.connection), "the client's end"), "");
});

Deno.test("a second SIGTERM ends a drain at once, by that signal", async () => {
  await using backends = new Backends(1, hold);
  const port = freePort();
  await using balance = await startBalance(["-f", "--drain=600", port, ...backends.operands]);
  using guest = await Guest.come(port);
  balance.signal("SIGTERM");
  await eventually(() => isRefused(port), "the port is closed");
  assertEquals(backends.at(0).open, 1);
  balance.signal("SIGTERM");
  const status = await within(balance.status ?? Promise.reject(), "the end");
  assertEquals([status.signal, status.code], ["SIGTERM", 143]);
  assertEquals(await within(receiveAll(guest.connection), "the client's end"), "");
});

Deno.test("--drain=0 ends connections with the kill command at once", async () => {
  await using backends = new Backends(1, hold);
  const port = freePort();
  await using balance = await startBalance(["-f", "--drain=0", port, ...backends.operands]);
  using guest = await Guest.come(port);
  assertEquals(await balance.ctl("kill"), "shutdown complete, exiting.");
  assertEquals(await within(receiveAll(guest.connection), "the client's end"), "");
  const status = await within(balance.status ?? Promise.reject(), "the end");
  assertEquals(status.code, 0);
});

Deno.test("a drain that waits for connections ends with them, long before its limit", async () => {
  await using backends = new Backends(1, hold);
  const port = freePort();
  await using balance = await startBalance(["-f", "--drain=600", port, ...backends.operands]);
  const guest = await Guest.come(port);
  balance.signal("SIGTERM");
  await eventually(() => isRefused(port), "the port is closed");
  guest[Symbol.dispose]();
  const status = await within(balance.status ?? Promise.reject(), "the end", 5000);
  assertEquals(status.code, 0);
});

Deno.test("a client that is still being connected is served to its end while draining", async () => {
  await using backends = new Backends(1, hold);
  const port = freePort();
  await using balance = await startBalance(["-f", port, ...backends.operands]);
  const guests = await Promise.all(Array.from({ length: 10 }, () => Guest.come(port)));
  balance.signal("SIGQUIT");
  await eventually(() => isRefused(port), "the port is closed");
  for (const guest of guests) {
    assertEquals(guest.name, "A");
    guest[Symbol.dispose]();
  }
  const status = await within(balance.status ?? Promise.reject(), "the end");
  assertEquals(status.code, 0);
});
