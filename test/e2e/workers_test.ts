/** Several threads behind one port. */
import { assert, assertEquals } from "../kit/assert.ts";
import { Backends, hold } from "../kit/backends.ts";
import { get, gets, HeldClient } from "../kit/clients.ts";
import { startBalance } from "../kit/start.ts";
import { freePort } from "../kit/ports.ts";
import { commands, NATIVE, running } from "../kit/programs.ts";
import type { Instance } from "../kit/instance.ts";

/** Rows of `workers`, without the header. */
async function workerRows(balance: Instance): Promise<string[][]> {
  const [, ...lines] = (await balance.ask("workers")).split("\n");
  return lines.map((line) => line.trim().split(/ +/));
}

for (const command of commands()) {
  const test = (name: string, body: () => Promise<void>): void =>
    Deno.test(running(command, `--workers 2: ${name}`), body);

  test("round robin is exact over both, and the counters add up", async () => {
    await using backends = new Backends(3);
    const port = freePort();
    const args = ["-f", "--workers", 2, port, ...backends.operands];
    await using balance = await startBalance(args, { command });
    const sequence = (await gets(60, port)).replaceAll(" ", "");
    assertEquals(sequence, "ABC".repeat(20));
    await balance.idle();
    assertEquals(await balance.column("totalc"), [20, 20, 20]);
    assertEquals(await balance.column("received"), [40, 40, 40]);
    const rows = await workerRows(balance);
    assertEquals(rows.map(([worker, state]) => [worker, state]), [["0", "running"], [
      "1",
      "running",
    ]]);
    const totals = rows.map(([, , , totalc]) => Number(totalc));
    assertEquals((totals[0] ?? 0) + (totals[1] ?? 0), 60);
    assert(totals.every((total) => total > 0), `${totals}`);
  });

  test("maxc is exact with clients at once", async () => {
    await using backends = new Backends(2, hold);
    const port = freePort();
    const operands = backends.operands.map((operand) => `${operand}:5`);
    const args = ["-f", "--workers=2", port, operands[0] ?? "", "!", operands[1] ?? ""];
    await using balance = await startBalance(args, { command });
    const clients = await Promise.all(Array.from({ length: 30 }, () => HeldClient.open(port)));
    using stack = new DisposableStack();
    for (const client of clients) stack.use(client);
    const names = clients.map(({ name }) => name).sort().join("");
    assertEquals(names, "AAAAABBBBB");
    assertEquals(await balance.column("c"), [5, 5]);
    stack[Symbol.dispose]();
    await balance.idle();
    using next = await HeldClient.open(port);
    assertEquals(next.name, "A");
  });

  test("a change acts on all workers, and kill drains them", async () => {
    await using backends = new Backends(2, hold);
    const port = freePort();
    const args = ["--workers=2", port, ...backends.operands];
    await using balance = await startBalance(args, { command });
    const before = await Promise.all(Array.from({ length: 6 }, () => HeldClient.open(port)));
    await balance.ask("disable 0");
    const after = await Promise.all(Array.from({ length: 12 }, () => HeldClient.open(port)));
    assertEquals(after.map(({ name }) => name).join(""), "B".repeat(12));
    assertEquals(await balance.column("c"), [3, 15]);
    assertEquals(await balance.ask("kill"), "shutdown complete, exiting.");
    const refused = await get(port).catch((error: Error) => error.name);
    assertEquals(refused, "ConnectionRefused");
    assertEquals(backends.at(0).open + backends.at(1).open, 18);
    for (const client of [...before, ...after]) client[Symbol.dispose]();
    await balance.gone();
  });
}

Deno.test("--workers 2: a port in use is refused with exit code 71", async () => {
  const port = freePort();
  await using _first = await startBalance(["-f", "--workers=2", port]);
  const second = startBalance(["-f", "--workers=2", port]);
  const message = await second.then(() => "", (error: Error) => error.message);
  assertEquals(message, "exit 71: bind(): Address already in use\n");
});

Deno.test("--workers 2 with -p uses one worker, and says so", async () => {
  const port = freePort();
  await using balance = await startBalance(["-fp", "--workers=2", port]);
  const lines = [
    "balance: one worker instead of 2: the packet dump (-p) uses one\n",
    ...(NATIVE
      ? ["balance: no native engine: the packet dump (-p) goes with the portable one\n"]
      : []),
  ];
  await balance.stderr.until(lines.join(""));
  assertEquals(balance.stderr.text, lines.join(""));
  assertEquals((await workerRows(balance)).length, 1);
});
