/** Clients that wait for a channel, on real sockets, with one worker and with two. */
import { DeathSwitch } from "../kit/death_switch.ts";
import { eventually, sleep, within } from "../kit/wait.ts";
import { deadPort, freePort } from "../kit/ports.ts";
import { dial, HeldClient, Resetter } from "../kit/clients.ts";
import { receiveAll, receiveLine, send } from "../kit/streams.ts";
import { echo, hold, startBackend } from "../kit/backends.ts";
import { OPEN_EDGE } from "../../lib/core/edge/edge_config.ts";
import { claim, release } from "../../lib/core/table/access.ts";
import { apply } from "../../lib/core/table/change.ts";
import { refusalCounts, waitingCount } from "../../lib/core/table/clients.ts";
import { createTable, type Refusal, slotOf, type Table } from "../../lib/core/table/schema.ts";
import { viewChannel } from "../../lib/core/table/view.ts";
import { bind } from "../../lib/traffic/deno/listener.ts";
import { InProcessWorker } from "../../lib/workers/in_process.ts";
import type { Workers } from "../../lib/workers/messages.ts";
import { WorkerPool } from "../../lib/workers/pool.ts";
import { assert, assertEquals } from "../kit/assert.ts";
import { PLAIN_ENGINE } from "../kit/engine_config.ts";
import { ipv4Place } from "../kit/make_table.ts";

const SLOT = slotOf(0, 0);

/** Workers in front of one channel with a limit. */
class Scene implements AsyncDisposable {
  readonly port: number = freePort();
  readonly table: Table;
  readonly pool: Workers;

  private constructor(table: Table, pool: (port: number) => Workers) {
    this.table = table;
    this.pool = pool(this.port);
  }

  static async start(
    workers: number,
    to: number,
    queue: { most: number; seconds: number },
  ): Promise<Scene> {
    const table = createTable(workers);
    const place = ipv4Place(0x7f000001, to);
    apply(table, [{ kind: "create", group: 0, place, maxc: 1, enabled: true }]);
    const config = { ...PLAIN_ENGINE, edge: { ...OPEN_EDGE, queue } };
    const reporter = { log: () => {}, outOfDescriptors: () => {}, trace: undefined };
    const scene = new Scene(table, (port) => {
      const address = { hostname: "127.0.0.1", port };
      return workers === 1
        ? new InProcessWorker(bind(address, false), config, table, reporter)
        : new WorkerPool(address, config, table, reporter);
    });
    if (scene.pool instanceof WorkerPool) await scene.pool.start();
    return scene;
  }

  /** A client that has come so far that it waits. */
  async wait(): Promise<Deno.TcpConn> {
    const before = waitingCount(this.table);
    const connection = await dial(this.port);
    await this.waiting(before + 1);
    return connection;
  }

  /** Waits until so many clients do. */
  waiting(count: number): Promise<void> {
    return eventually(() => waitingCount(this.table) === count, `${count} clients that wait`);
  }

  refused(reason: Refusal): number {
    return refusalCounts(this.table)[reason];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    void this.pool.stopListening();
    this.pool.endAll();
    await within(this.pool.done, "the end");
    assertEquals([waitingCount(this.table), viewChannel(this.table, SLOT).c], [0, 0]);
  }
}

for (const workers of [1, 2]) {
  const test = (name: string, body: () => Promise<void>): void =>
    Deno.test(`${name} (${workers} ${workers === 1 ? "worker" : "workers"})`, body);

  test("clients wait while every channel is full, and are served in the order in which they came", async () => {
    await using backend = startBackend("A", hold);
    await using scene = await Scene.start(workers, backend.port, { most: 6, seconds: 60 });
    using first = await HeldClient.open(scene.port);
    const order: number[] = [];
    const served: Promise<void>[] = [];
    for (let client = 0; client < 6; client++) {
      const connection = await scene.wait();
      served.push(
        receiveLine(connection).then((line) => {
          assertEquals(line, "A\n");
          order.push(client);
          connection.close();
        }),
      );
    }
    using extra = await HeldClient.open(scene.port);
    assertEquals([extra.name, scene.refused("queue full")], ["", 1]);
    first[Symbol.dispose]();
    await within(Promise.all(served), "the clients that wait");
    assertEquals(order, [0, 1, 2, 3, 4, 5]);
  });

  test("what a client sends while it waits reaches its server, more than is read ahead too", async () => {
    await using backend = startBackend("A", echo);
    await using scene = await Scene.start(workers, backend.port, { most: 2, seconds: 60 });
    using first = await dial(scene.port);
    await send(first, "one\n");
    assertEquals(await receiveLine(first), "one\n");
    using second = await scene.wait();
    using third = await scene.wait();
    const long = "0123456789abcdef".repeat(5000) + "\n";
    await send(second, "two\n");
    const sending = send(third, long);
    first.close();
    assertEquals(await within(receiveLine(second), "the second's answer"), "two\n");
    second.close();
    assertEquals(await within(receiveLine(third), "the third's answer"), long);
    await sending;
    third.close();
    await eventually(() => viewChannel(scene.table, SLOT).c === 0, "the end of all");
    assertEquals(viewChannel(scene.table, SLOT).sent, 8 + long.length);
  });

  test("a client that closes or resets its connection leaves", async () => {
    await using backend = startBackend("A", hold);
    await using scene = await Scene.start(workers, backend.port, { most: 3, seconds: 60 });
    using _first = await HeldClient.open(scene.port);
    const resetter = await Resetter.connect(scene.port);
    await resetter.write(new TextEncoder().encode("request"));
    await scene.waiting(1);
    const closer = await scene.wait();
    using finisher = await scene.wait();
    await resetter.reset();
    await scene.waiting(2);
    closer.close();
    await scene.waiting(1);
    await send(finisher, "request");
    await finisher.closeWrite();
    assertEquals(await within(receiveAll(finisher), "its end"), "");
    assertEquals([waitingCount(scene.table), viewChannel(scene.table, SLOT).totalc], [0, 1]);
  });

  test("who has waited long enough is closed", async () => {
    await using backend = startBackend("A", hold);
    await using scene = await Scene.start(workers, backend.port, { most: 3, seconds: 1 });
    using _first = await HeldClient.open(scene.port);
    const began = performance.now();
    const late = await Promise.all([HeldClient.open(scene.port), HeldClient.open(scene.port)]);
    const lasted = performance.now() - began;
    assertEquals(late.map(({ name }) => name), ["", ""]);
    assert(lasted >= 999, `${lasted} ms`);
    assertEquals(scene.refused("queue timeout"), 2);
    for (const guest of late) guest[Symbol.dispose]();
  });

  test("nobody waits for a disabled channel, and a higher limit serves who waits", async () => {
    await using backend = startBackend("A", hold);
    await using scene = await Scene.start(workers, backend.port, { most: 3, seconds: 60 });
    const enable = (enabled: boolean): void =>
      apply(scene.table, [{ kind: "enabled", slot: SLOT, enabled }]);
    enable(false);
    using none = await HeldClient.open(scene.port);
    enable(true);
    using first = await HeldClient.open(scene.port);
    using second = await scene.wait();
    apply(scene.table, [{ kind: "maxc", slot: SLOT, maxc: 2 }]);
    const line = await within(receiveLine(second), "the second's server");
    assertEquals([none.name, first.name, line], ["", "A", "A\n"]);
    using third = await scene.wait();
    enable(false);
    assertEquals(await within(receiveAll(third), "its end"), "");
    assertEquals([scene.refused("queue full"), scene.refused("queue timeout")], [0, 0]);
  });

  test("a client that waits a second time, after a failed connect, may send meanwhile", async () => {
    await using backend = startBackend("A", echo);
    await using scene = await Scene.start(workers, deadPort(), { most: 2, seconds: 60 });
    const good = { kind: "create", group: 0, place: ipv4Place(0x7f000001, backend.port) } as const;
    apply(scene.table, [{ ...good, maxc: 1, enabled: true }]);
    assert(claim(scene.table, 0, SLOT));
    assert(claim(scene.table, 0, SLOT + 1));
    using client = await scene.wait();
    // Its connect to the dead one fails, and the other one is full still.
    release(scene.table, 0, SLOT);
    await eventually(() => viewChannel(scene.table, SLOT).totalc === 2, "a connect");
    await scene.waiting(1);
    await send(client, "hello\n");
    await sleep(100);
    assertEquals(waitingCount(scene.table), 1);
    release(scene.table, 0, SLOT + 1);
    assertEquals(await within(receiveLine(client), "the answer"), "hello\n");
  });

  test("a drain serves who waits, and its end ends them", async () => {
    await using backend = startBackend("A", hold);
    await using scene = await Scene.start(workers, backend.port, { most: 3, seconds: 60 });
    const first = await HeldClient.open(scene.port);
    using second = await scene.wait();
    using third = await scene.wait();
    await scene.pool.stopListening();
    first[Symbol.dispose]();
    assertEquals(await within(receiveLine(second), "the second's server"), "A\n");
    scene.pool.endAll();
    assertEquals(await within(receiveAll(third), "its end"), "");
    await within(scene.pool.done, "the end");
    assertEquals(scene.refused("queue timeout"), 0);
  });
}

Deno.test("the end of a drain ends who waits although no place comes free", async () => {
  await using backend = startBackend("A", hold);
  await using scene = await Scene.start(1, backend.port, { most: 3, seconds: 60 });
  assert(claim(scene.table, 0, SLOT));
  using client = await scene.wait();
  await scene.pool.stopListening();
  scene.pool.endAll();
  assertEquals(await within(receiveAll(client), "its end"), "");
  await within(scene.pool.done, "the end");
  release(scene.table, 0, SLOT);
});

Deno.test("a crowd that waits on two workers is served whole, one at a time", async () => {
  await using backend = startBackend("A", async (connection) => {
    await send(connection, "A\n");
    await receiveAll(connection);
  });
  await using scene = await Scene.start(2, backend.port, { most: 100, seconds: 60 });
  let most = 0;
  const names = await Promise.all(Array.from({ length: 80 }, async () => {
    const guest = await HeldClient.open(scene.port);
    most = Math.max(most, viewChannel(scene.table, SLOT).c);
    guest[Symbol.dispose]();
    return guest.name;
  }));
  assertEquals([names.join(""), most], ["A".repeat(80), 1]);
});

Deno.test("a worker that dies leaves the queue, and its place is the others'", async () => {
  await using death = new DeathSwitch();
  await using backend = startBackend("A", hold);
  const table = createTable(2);
  const place = ipv4Place(0x7f000001, backend.port);
  apply(table, [{ kind: "create", group: 0, place, maxc: 1, enabled: true }]);
  const port = freePort();
  const queue = { most: 40, seconds: 60 };
  const pool = new WorkerPool(
    { hostname: "127.0.0.1", port },
    { ...PLAIN_ENGINE, edge: { ...OPEN_EDGE, queue } },
    table,
    { log: () => {}, outOfDescriptors: () => {}, trace: undefined },
    { module: death.module },
  );
  await pool.start();
  const first = await HeldClient.open(port);
  const holder = pool.views().findIndex(({ c }) => c === 1);
  const waiting = await Promise.all(Array.from({ length: 30 }, () => dial(port)));
  const lines = waiting.map((each) => receiveLine(each).catch(() => ""));
  await eventually(() => waitingCount(table) === 30, "30 that wait");
  await eventually(() => death.wires.length === 2, "both wires");
  await death.kill(holder);
  // Whoever lives gets the place of the dead worker's client, though nobody released it.
  const served = await within(
    Promise.any(lines.map(async (line) => {
      if (await line !== "A\n") throw new Error("ended");
    })),
    "one of the other worker's clients",
  );
  assertEquals(served, undefined);
  assert(waitingCount(table) < 30 && viewChannel(table, SLOT).c === 1);
  void pool.stopListening();
  pool.endAll();
  await within(pool.done, "the end");
  await Promise.all(lines);
  for (const each of [first.connection, ...waiting]) {
    try {
      each.close();
    } catch {
      // Closed before.
    }
  }
  assertEquals([waitingCount(table), viewChannel(table, SLOT).c], [0, 0]);
});
