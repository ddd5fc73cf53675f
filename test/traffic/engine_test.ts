/**
 * A fault of the program in one connection's handling ends that connection and nothing else.
 *
 * @module
 */
import { assert, assertEquals, assertMatch } from "../kit/assert.ts";
import { PLAIN_ENGINE } from "../kit/engine_config.ts";
import { ipv4Place, makeTable } from "../kit/make_table.ts";
import { Backends, echo } from "../kit/backends.ts";
import { dial, HeldClient, outliveFault } from "../kit/clients.ts";
import { freePort } from "../kit/ports.ts";
import { eventually, within } from "../kit/wait.ts";
import { apply } from "../../lib/core/table/change.ts";
import { counterIndex, slotOf, type Table } from "../../lib/core/table/schema.ts";
import { viewChannel } from "../../lib/core/table/view.ts";
import { Ticker } from "../../lib/traffic/deno/ticker.ts";
import { WorkerPool } from "../../lib/workers/pool.ts";
import { Engine } from "../../lib/traffic/deno/engine.ts";
import { bind } from "../../lib/traffic/deno/listener.ts";
import { receiveAll, receiveLine, send } from "../kit/streams.ts";
import { type LogLine, recorder } from "../kit/reporter.ts";
import { BlackHole } from "../kit/black_hole.ts";

/** What the log says of the injected fault. */
const INJECTED: readonly LogLine[] = [{
  level: "error",
  message: "internal error",
  fields: { reason: "Error: injected" },
}];

/** The same table with a meter that fails when bytes from clients are counted. */
function breakMeter(table: Table): Table {
  const sent = String(counterIndex(0, slotOf(0, 0), "sent"));
  const floats = new Proxy(table.floats, {
    get: (target, name) => Reflect.get(target, name),
    set: (target, name, value) => {
      if (name === sent) throw new Error("injected");
      return Reflect.set(target, name, value);
    },
  });
  return { ...table, floats };
}

/** Where a fault is, as what the trace says there; the last one is no line of the trace. */
const PLACES: [string, RegExp | undefined][] = [
  ["before a channel is chosen", /^connect from/],
  ["when the server is connected", /successful$/],
  ["while bytes are relayed", undefined],
];

for (const [place, line] of PLACES) {
  Deno.test(`a fault ${place} ends its connection with one line, and a drain still ends`, async () => {
    await using backends = new Backends(1, echo);
    const table = makeTable(`${backends.at(0).operand}:5`);
    let armed = false;
    const log = recorder((text) => {
      if (!armed || line === undefined || !line.test(text)) return;
      armed = false;
      throw new Error("injected");
    });
    const port = freePort();
    const broken = line === undefined ? breakMeter(table) : table;
    const engine = new Engine(
      bind({ hostname: "127.0.0.1", port }, false),
      { ...PLAIN_ENGINE, logConnections: true },
      { table: broken, worker: 0 },
      log,
    );
    using other = await dial(port);
    await eventually(() => backends.at(0).open === 1, "another connection");
    armed = true;
    using client = await dial(port);
    await send(client, "hello\n").catch(() => {});
    assertEquals(await within(receiveAll(client).catch(() => ""), "the client's end"), "");
    assertEquals(log.lines, INJECTED);
    await eventually(() => backends.at(0).open === 1, "the server's end");
    assertEquals(viewChannel(table, slotOf(0, 0)).c, 1);

    await engine.stopListening();
    if (line !== undefined) {
      await send(other, "still there\n");
      assertEquals(await receiveLine(other), "still there\n");
    }
    other.close();
    await within(engine.done, "the end of the drain");
    assertEquals(viewChannel(table, slotOf(0, 0)).c, 0);
  });
}

Deno.test("a fault in one connection of a worker leaves the worker and the others alone", async () => {
  await using backends = new Backends(1, echo);
  const table = makeTable(`${backends.at(0).operand}:5`);
  const log = recorder();
  const port = freePort();
  const pool = new WorkerPool(
    { hostname: "127.0.0.1", port },
    PLAIN_ENGINE,
    table,
    log,
    { module: new URL("./faulty_worker.ts", import.meta.url) },
  );
  await pool.start();
  using good = await outliveFault(port);
  await eventually(() => log.lines.length > 0, "the line");
  assertEquals(log.lines, INJECTED);
  assertEquals(pool.views().map(({ state, restarts, c }) => [state, restarts, c]), [[
    "running",
    0,
    1,
  ]]);
  await send(good, "still there\n");
  assertEquals(await receiveLine(good), "still there\n");
  pool.stopListening();
  good.close();
  await within(pool.done, "the end of the drain");
  assertEquals(viewChannel(table, slotOf(0, 0)).c, 0);
});

Deno.test("what throws on a tick is told once, and the others are looked at", async () => {
  const faults: unknown[] = [];
  using ticker = new Ticker((fault) => faults.push(fault));
  const { promise, resolve } = Promise.withResolvers<void>();
  ticker.watch({
    onTick: () => {
      throw new Error("injected");
    },
  });
  ticker.watch({ onTick: (now) => now >= 2 && resolve() });
  await within(promise, "two ticks");
  assertEquals(faults.map(String), ["Error: injected"]);
});

Deno.test("a fault on a tick that nobody is told goes to the thread's last resort", async () => {
  const { promise, resolve } = Promise.withResolvers<unknown>();
  const hear = (event: PromiseRejectionEvent): void => {
    event.preventDefault();
    resolve(event.reason);
  };
  globalThis.addEventListener("unhandledrejection", hear);
  using ticker = new Ticker();
  ticker.watch({
    onTick: () => {
      throw new Error("injected");
    },
  });
  assertMatch(String(await within(promise, "the rejection")), /injected/);
  globalThis.removeEventListener("unhandledrejection", hear);
});

Deno.test("the log names the server that was connected, whatever the channel leads to by now", async () => {
  await using backends = new Backends(2, echo);
  const table = makeTable(`${backends.at(0).operand}:5`);
  const log = recorder();
  const port = freePort();
  const engine = new Engine(
    bind({ hostname: "127.0.0.1", port }, false),
    { ...PLAIN_ENGINE, logConnections: true },
    { table, worker: 0 },
    log,
  );
  {
    using client = await dial(port);
    await send(client, "x\n");
    assertEquals(await receiveLine(client), "x\n");
    reassign(table, backends.at(1).port);
  }
  await eventually(() => log.lines.length > 0, "the line");
  const servers = log.lines.map(({ fields }) =>
    fields["server"] ?? `${fields["address"]}:${fields["port"]}`
  );
  assertEquals(servers, [backends.at(0).operand]);
  await engine.stopListening();
  await within(engine.done, "the end");
});

Deno.test("-a disables no channel that has got another server during the connect", async () => {
  await using backends = new Backends(1);
  await using hole = await BlackHole.open();
  const table = makeTable(`127.0.0.1:${hole.port}:5`);
  const log = recorder();
  const port = freePort();
  const engine = new Engine(
    bind({ hostname: "127.0.0.1", port }, false),
    { ...PLAIN_ENGINE, autodisable: true, connectTimeout: 1 },
    { table, worker: 0 },
    log,
  );
  using client = await dial(port);
  await eventually(() => viewChannel(table, slotOf(0, 0)).c === 1, "the attempt");
  reassign(table, backends.at(0).port);
  await within(receiveAll(client), "the client's end");
  assertEquals(log.lines, []);
  assert(viewChannel(table, slotOf(0, 0)).enabled);
  using next = await HeldClient.open(port);
  assertEquals(next.name, "A");
  await engine.stopListening();
  next[Symbol.dispose]();
  await within(engine.done, "the end");
});

/** What `disable`, `assign` and `enable` do. */
function reassign(table: Table, port: number): void {
  const slot = slotOf(0, 0);
  apply(table, [
    { kind: "enabled", slot, enabled: false },
    { kind: "address", slot, place: ipv4Place(0x7f000001, port) },
    { kind: "enabled", slot, enabled: true },
  ]);
}

Deno.test("whoever ends every connection wants no other server tried", async () => {
  await using hole = await BlackHole.open();
  await using backends = new Backends(1, echo);
  const table = makeTable(`127.0.0.1:${hole.port} ${backends.at(0).operand}`);
  const port = freePort();
  const engine = new Engine(
    bind({ hostname: "127.0.0.1", port }, false),
    PLAIN_ENGINE,
    { table, worker: 0 },
    recorder(),
  );
  using client = await dial(port);
  await eventually(() => viewChannel(table, slotOf(0, 0)).c === 1, "a connect is under way");
  void engine.stopListening();
  engine.endAll();
  assertEquals(await within(receiveAll(client), "the client's end"), "");
  await within(engine.done, "the end");
  assertEquals([backends.at(0).accepted, viewChannel(table, slotOf(0, 1)).totalc], [0, 0]);
});
