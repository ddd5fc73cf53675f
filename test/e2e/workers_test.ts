/** Several threads behind one port. */
import { PLAIN_ENGINE } from "../kit/engine_config.ts";
import { ipv4Place } from "../kit/make_table.ts";
import { apply } from "../../lib/core/table/change.ts";
import { createTable, slotOf } from "../../lib/core/table/schema.ts";
import { viewChannel } from "../../lib/core/table/view.ts";
import { WorkerPool } from "../../lib/workers/pool.ts";
import type { Fields } from "../../lib/core/events.ts";
import { assert, assertEquals, assertStringIncludes } from "../kit/assert.ts";
import { Backends, hold, receiveAll } from "./backends.ts";
import { get, gets, Guest } from "./clients.ts";
import { commands, type Instance, running, startBalance } from "./harness.ts";
import { freePort } from "./ports.ts";
import { eventually, within } from "./wait.ts";

/** Rows of `workers`, without the header. */
async function workerRows(balance: Instance): Promise<string[][]> {
  const [, ...lines] = (await balance.ctl("workers")).split("\n");
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
    assertEquals(await balance.column("rcvd"), [40, 40, 40]);
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
    const guests = await Promise.all(Array.from({ length: 30 }, () => Guest.come(port)));
    using stack = new DisposableStack();
    for (const guest of guests) stack.use(guest);
    const names = guests.map(({ name }) => name).sort().join("");
    assertEquals(names, "AAAAABBBBB");
    assertEquals(await balance.column("c"), [5, 5]);
    stack[Symbol.dispose]();
    await balance.idle();
    using next = await Guest.come(port);
    assertEquals(next.name, "A");
  });

  test("a change acts on all workers, and kill drains them", async () => {
    await using backends = new Backends(2, hold);
    const port = freePort();
    const args = ["--workers=2", port, ...backends.operands];
    await using balance = await startBalance(args, { command });
    const before = await Promise.all(Array.from({ length: 6 }, () => Guest.come(port)));
    await balance.ctl("disable 0");
    const after = await Promise.all(Array.from({ length: 12 }, () => Guest.come(port)));
    assertEquals(after.map(({ name }) => name).join(""), "B".repeat(12));
    assertEquals(await balance.column("c"), [3, 15]);
    assertEquals(await balance.ctl("kill"), "shutdown complete, exiting.");
    const refused = await get(port).catch((error: Error) => error.name);
    assertEquals(refused, "ConnectionRefused");
    assertEquals(backends.at(0).open + backends.at(1).open, 18);
    for (const guest of [...before, ...after]) guest[Symbol.dispose]();
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
  await balance.stderr?.until("\n");
  assertEquals(
    balance.stderr?.text,
    "balance: one worker instead of 2: the packet dump (-p) uses one\n",
  );
  assertEquals((await workerRows(balance)).length, 1);
});

Deno.test("a worker that dies is logged and restarted, and only its connections are lost", async () => {
  await using backends = new Backends(1, hold);
  const table = createTable(2);
  const { port: to } = backends.at(0);
  apply(table, [{
    kind: "create",
    group: 0,
    place: ipv4Place(0x7f000001, to),
    maxc: 40,
    enabled: true,
  }]);
  const logged: { message: string; fields: Fields }[] = [];
  const reporter = {
    log: (_level: string, message: string, fields: Fields = {}): void => {
      logged.push({ message, fields });
    },
    trace: undefined,
    outOfDescriptors: () => {},
  };
  const port = freePort();
  const module = new URL("./mortal_worker.ts", import.meta.url);
  const pool = new WorkerPool(
    { hostname: "127.0.0.1", port },
    PLAIN_ENGINE,
    table,
    reporter,
    { module },
  );
  await pool.start();
  const guests = await Promise.all(Array.from({ length: 20 }, () => Guest.come(port)));
  const [zero, one] = pool.views();
  assert((zero?.c ?? 0) > 0 && (one?.c ?? 0) > 0, "both carry some");
  assertEquals((zero?.c ?? 0) + (one?.c ?? 0), 20);

  const orders = new BroadcastChannel("mortal worker");
  orders.postMessage(0);
  await eventually(() => pool.views()[0]?.restarts === 1, "the death is noticed");
  orders.close();
  assertEquals(viewChannel(table, slotOf(0, 0)).c, one?.c);
  assertEquals(logged[0]?.message, "worker {worker} died, its connections are lost");
  assertStringIncludes(String(logged[0]?.fields["reason"]), "told to die");

  const lost = Promise.all(guests.map(async ({ connection }) => {
    const text = await receiveAll(connection);
    assertEquals(text, "");
    return connection;
  }));
  // The survivors' clients hear nothing; the dead worker's are told the end.
  await eventually(() => backends.at(0).open === one?.c, "the dead worker's connections end");
  await eventually(() => pool.views()[0]?.state === "running", "it is restarted");
  assertEquals(logged.at(-1)?.message, "worker {worker} restarted");
  assertEquals(viewChannel(table, slotOf(0, 0)).totalc, 20);
  const again = await Promise.all(Array.from({ length: 20 }, () => Guest.come(port)));
  assert(again.every(({ name }) => name === "A"));
  assert((pool.views()[0]?.c ?? 0) > 0, "the new worker serves");

  pool.stopListening();
  for (const guest of [...guests, ...again]) guest[Symbol.dispose]();
  await within(pool.done, "the pool's end");
  await lost;
  assertEquals(viewChannel(table, slotOf(0, 0)).c, 0);
});
