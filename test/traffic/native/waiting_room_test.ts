/** The queue of a thread on the native engine: who waits, how long, and who is served next. */
import { assertEquals } from "../../kit/assert.ts";
import { EngineBench, type Script } from "../../kit/engine_bench.ts";
import { nativeTest, RawListener, type Wire } from "../../kit/libc.ts";
import { OPEN_EDGE } from "../../../lib/core/edge/edge_config.ts";
import { announceRoom } from "../../../lib/core/table/access.ts";
import { apply } from "../../../lib/core/table/change.ts";
import { refusalCounts, waitingCount } from "../../../lib/core/table/clients.ts";

/** A bench whose only server takes one client at a time. */
function makeBench(server: RawListener, most: number, seconds: number): EngineBench {
  return new EngineBench({
    channels: `127.0.0.1:${server.port}:1`,
    config: { edge: { ...OPEN_EDGE, queue: { most, seconds } } },
  });
}

/** Gives turns until so many wait. */
function* waiting(bench: EngineBench, count: number): Script {
  yield () => waitingCount(bench.table) === count;
}

nativeTest("clients are served in the order in which they came, each when one has gone", () => {
  using server = new RawListener();
  using bench = makeBench(server, 10, 10);
  bench.play(function* (): Script {
    bench.connect();
    let served = yield* bench.accept(server);
    const clients: Wire[] = [];
    for (let at = 0; at < 3; at++) {
      clients.push(bench.connect());
      yield* waiting(bench, at + 1);
      clients[at]?.send(`${at}`);
    }
    for (let at = 0; at < 3; at++) {
      served.reset();
      served = yield* bench.accept(server);
      yield () => served.has(`${at}`);
      assertEquals([waitingCount(bench.table), bench.channel().c], [2 - at, 1]);
    }
    bench.pass(260);
    yield* bench.rest();
    assertEquals(bench.patienceMs, -1);
  });
  assertEquals(bench.log.lines, []);
});

nativeTest("a client that has waited for its time is closed, and the others wait on", () => {
  using server = new RawListener();
  using bench = makeBench(server, 10, 2);
  bench.play(function* (): Script {
    bench.connect();
    yield* bench.accept(server);
    const first = bench.connect();
    yield* waiting(bench, 1);
    bench.pass(1500);
    yield* bench.rest();
    const second = bench.connect();
    yield* waiting(bench, 2);
    assertEquals(first.receive().end, "open");
    bench.pass(900);
    yield () => first.receive().end !== "open";
    assertEquals([second.receive().end, waitingCount(bench.table)], ["open", 1]);
    assertEquals(refusalCounts(bench.table)["queue timeout"], 1);
    bench.pass(1600);
    yield () => second.receive().end !== "open";
    assertEquals([waitingCount(bench.table), bench.channel().c], [0, 1]);
  });
});

nativeTest("a client for whom there is no room in the queue is closed at once", () => {
  using server = new RawListener();
  using bench = makeBench(server, 1, 10);
  bench.play(function* (): Script {
    bench.connect();
    yield* bench.accept(server);
    bench.connect();
    yield* waiting(bench, 1);
    const third = bench.connect();
    yield () => third.receive().end !== "open";
    assertEquals([waitingCount(bench.table), refusalCounts(bench.table)["queue full"]], [1, 1]);
  });
});

for (const how of ["reset", "end of file"] as const) {
  nativeTest(`a client that leaves by ${how} waits no more, and the next one is served`, () => {
    using server = new RawListener();
    using bench = makeBench(server, 10, 10);
    bench.play(function* (): Script {
      bench.connect();
      const served = yield* bench.accept(server);
      const leaver = bench.connect();
      yield* waiting(bench, 1);
      const next = bench.connect();
      next.send("next");
      yield* waiting(bench, 2);
      if (how === "reset") leaver.reset();
      else leaver.shut();
      yield* waiting(bench, 1);
      served.reset();
      const wire = yield* bench.accept(server);
      yield () => wire.has("next");
    });
  });
}

nativeTest("who is served may still have to wait for another server", () => {
  using server = new RawListener();
  using bench = new EngineBench({
    channels: `127.0.0.1:1:1 127.0.0.1:${server.port}:1`,
    config: { edge: { ...OPEN_EDGE, queue: { most: 10, seconds: 10 } } },
  });
  bench.play(function* (): Script {
    // The first one refuses, so that both are the second one's.
    bench.connect();
    const served = yield* bench.accept(server);
    const next = bench.connect();
    yield* waiting(bench, 1);
    yield* bench.rest();
    served.reset();
    next.send("next");
    const wire = yield* bench.accept(server);
    yield () => wire.has("next");
    assertEquals([bench.channel(0).c, bench.channel(1).c], [0, 1]);
  });
});

nativeTest("room that another thread or an operator makes is seen soon", () => {
  using server = new RawListener();
  using bench = makeBench(server, 10, 10);
  bench.play(function* (): Script {
    bench.connect();
    yield* bench.accept(server);
    const next = bench.connect();
    yield* waiting(bench, 1);
    yield* bench.rest();
    assertEquals(bench.patienceMs <= 10, true);
    apply(bench.table, [{ kind: "maxc", slot: 0, maxc: 2 }]);
    announceRoom(bench.table);
    next.send("next");
    const wire = yield* bench.accept(server);
    yield () => wire.has("next");
    bench.pass(260);
    yield* bench.rest();
    assertEquals(bench.patienceMs, -1);
  });
});

nativeTest("a wait in the queue is no part of the connect's time", () => {
  using server = new RawListener();
  using bench = new EngineBench({
    channels: `127.0.0.1:${server.port}:1`,
    config: {
      connectTimeout: 1,
      edge: { ...OPEN_EDGE, queue: { most: 10, seconds: 60 } },
    },
  });
  bench.play(function* (): Script {
    bench.connect();
    const served = yield* bench.accept(server);
    const next = bench.connect();
    yield* waiting(bench, 1);
    bench.pass(30_000);
    yield* bench.rest();
    let tries = 0;
    bench.faults.socket = () => ++tries <= 2 ? -24 : undefined;
    served.reset();
    yield () => tries === 1;
    bench.pass(260);
    yield () => tries === 2;
    bench.pass(260);
    next.send("next");
    const wire = yield* bench.accept(server);
    yield () => wire.has("next");
  });
});
