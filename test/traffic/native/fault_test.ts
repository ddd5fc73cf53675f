/** A fault of the program's own in one connection's handling ends that connection, is logged, and nothing else. */
import { assertEquals } from "../../kit/assert.ts";
import { type BenchOptions, EngineBench, type Script } from "../../kit/engine_bench.ts";
import { Backends, echo } from "../../kit/backends.ts";
import { outliveFault } from "../../kit/clients.ts";
import { PLAIN_ENGINE } from "../../kit/engine_config.ts";
import {
  BlackHole,
  type Faults,
  nativeTest,
  RawListener,
  systemLibc,
  type Wire,
} from "../../kit/libc.ts";
import { makeTable } from "../../kit/make_table.ts";
import { freePort } from "../../kit/ports.ts";
import { type LogLine, recorder } from "../../kit/reporter.ts";
import { receiveLine, send } from "../../kit/streams.ts";
import { eventually, within } from "../../kit/wait.ts";
import { parseOptions } from "../../../lib/core/command_line/options.ts";
import { clientCount, waitingCount } from "../../../lib/core/table/clients.ts";
import { slotOf } from "../../../lib/core/table/schema.ts";
import { viewChannel } from "../../../lib/core/table/view.ts";
import { NativeThreads } from "../../../lib/workers/native_threads.ts";
import { ListeningSocket } from "../../../lib/traffic/native/listening_socket.ts";
import { WorkerPool } from "../../../lib/workers/pool.ts";

/** What the log says of a planted fault. */
const PLANTED: LogLine = {
  level: "error",
  message: "internal error",
  fields: { reason: "Error: planted" },
};

/** A place where a fault is planted, and what a victim has to do to come there. */
interface Place {
  readonly call: keyof Faults;
  /** Options of the command line. */
  readonly options?: readonly string[];
  /** Called with the victim's client, and the server's end when there is one. */
  readonly then?: (client: Wire, server?: Wire) => void;
  /** Whether the fault comes only once the victim is relayed. */
  readonly relayed?: boolean;
}

const PLACES: Record<string, Place> = {
  "its server's socket is opened": { call: "socket" },
  "that socket's options are set": { call: "setOption" },
  "it is connected": { call: "connect" },
  "its client is watched": { call: "epollControl" },
  "its header is read": {
    call: "recv",
    options: ["--proxy-in", "127.0.0.1"],
    then: (client) => client.send("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n"),
  },
  "its server gets a header": {
    call: "send",
    options: ["--proxy-out", "v1"],
  },
  "its bytes are received": {
    call: "recv",
    relayed: true,
    then: (client) => client.send("hello"),
  },
  "its bytes are sent": { call: "send", relayed: true, then: (client) => client.send("hello") },
  "its end of file is sent on": {
    call: "shutdown",
    relayed: true,
    then: (client) => client.shut(),
  },
  "it is looked whether its bytes are confirmed": {
    call: "unconfirmed",
    relayed: true,
    then: (client) => client.reset(),
  },
  "its reset is sent on": { call: "resetOnClose", relayed: true, then: (client) => client.reset() },
};

function benchOptions(options: readonly string[] = []): BenchOptions {
  const { edge } = parseOptions(["-f", "--max-conns=5", ...options, "80", "127.0.0.1:80"]);
  return { config: { edge: { ...edge, clients: undefined } } };
}

for (const [when, place] of Object.entries(PLACES)) {
  nativeTest(`a fault when ${when} ends that connection, and others go on`, () => {
    const { call, options = [], then, relayed = false } = place;
    using bench = new EngineBench(benchOptions(options));
    const header = options[0] === "--proxy-in" ? "PROXY UNKNOWN\r\n" : "";
    let planted = false;
    const plant = (): void => {
      Reflect.set(bench.faults, call, () => {
        if (planted) return;
        planted = true;
        throw new Error("planted");
      });
    };
    bench.play(function* (): Script {
      const other = bench.connect();
      other.send(`${header}first`);
      const server = yield* behind(bench, "first");
      const open = bench.open.size;

      const victim = bench.connect();
      if (relayed) {
        using far = yield* bench.accept();
        yield* relaying(bench);
        plant();
        then?.(victim, far);
        yield () => far.receive().end !== "open";
      } else {
        plant();
        then?.(victim);
        yield () => victim.receive().end !== "open";
      }
      victim[Symbol.dispose]();
      yield () => planted;
      Reflect.deleteProperty(bench.faults, call);
      yield* bench.rest();
      assertEquals(bench.log.lines, [PLANTED]);
      // It has given everything back.
      bench.server.accept()?.[Symbol.dispose]();
      assertEquals(bench.engine.connections().connections.length, 1);
      assertEquals([bench.channel().c, clientCount(bench.table)], [1, 1]);
      assertEquals(bench.open.size, open);

      // The other has noticed nothing, and new ones come in.
      const before = server.receive().text;
      other.send("still there");
      yield () => server.has(`${before}still there`);
      server.send("yes");
      yield () => other.has("yes");
      bench.connect().send(`${header}next`);
      yield* behind(bench, "next");
    });
    assertEquals(bench.log.lines, [PLANTED]);
  });
}

/** The server's end of a client that has sent a text, behind those that came in vain. */
function* behind(bench: EngineBench, text: string): Generator<() => boolean, Wire, void> {
  for (;;) {
    const wire = yield* bench.accept();
    yield () => wire.receive().end !== "open" || wire.text.endsWith(text);
    if (wire.text.endsWith(text)) return wire;
  }
}

/** Gives turns until all are relayed. */
function* relaying(bench: EngineBench): Script {
  yield () => bench.engine.connections().connections.every(({ phase }) => phase === "relaying");
}

nativeTest("a fault on a tick ends that connection, and the others are looked at", () => {
  using hole = new BlackHole();
  using server = new RawListener();
  using bench = new EngineBench({
    config: { connectTimeout: 1 },
    channels: `127.0.0.1:${hole.port} ! 127.0.0.1:${server.port}`,
  });
  bench.play(function* (): Script {
    const victim = bench.connect();
    yield () => bench.servers.length === 1;
    const other = bench.connect();
    other.send("served");
    yield () => bench.servers.length === 2;
    let planted = false;
    // Their connects have had their time, and the next channel is tried.
    bench.faults.socket = () => {
      if (planted) return undefined;
      planted = true;
      throw new Error("planted");
    };
    bench.pass(1600);
    yield () => victim.receive().end !== "open";
    const wire = yield* bench.accept(server);
    yield () => wire.has("served");
    assertEquals([bench.channel(0).c, bench.channel(1).c], [0, 1]);
  });
  assertEquals(bench.log.lines, [PLANTED]);
});

nativeTest("a fault of a client that comes out of the queue ends that client", () => {
  using server = new RawListener();
  using bench = new EngineBench({
    ...benchOptions(["--queue", "5:10"]),
    channels: `127.0.0.1:${server.port}:1`,
  });
  bench.play(function* (): Script {
    bench.connect();
    const first = yield* bench.accept(server);
    const victim = bench.connect();
    yield () => waitingCount(bench.table) === 1;
    const next = bench.connect();
    yield () => waitingCount(bench.table) === 2;
    let planted = false;
    bench.faults.socket = () => {
      if (planted) return undefined;
      planted = true;
      throw new Error("planted");
    };
    first.reset();
    yield () => victim.receive().end !== "open";
    next.send("served");
    const wire = yield* bench.accept(server);
    yield () => wire.has("served");
    assertEquals([bench.channel().c, waitingCount(bench.table)], [1, 0]);
  });
  assertEquals(bench.log.lines, [PLANTED]);
});

nativeTest("a thread in which a connection has a fault lives, and so do its others", async () => {
  await using backends = new Backends(1, echo);
  const table = makeTable(backends.at(0).operand);
  const log = recorder();
  const port = freePort();
  const module = new URL("./faulty_worker.ts", import.meta.url);
  const address = { hostname: "127.0.0.1", port };
  const bound = ListeningSocket.bind(systemLibc(), address);
  if ("failure" in bound) throw new Error(bound.failure);
  const { socket } = bound;
  const threads = new NativeThreads(systemLibc(), 1, [], module);
  const pool = new WorkerPool(address, PLAIN_ENGINE, table, log, { threads, socket });
  await pool.start();
  using good = await outliveFault(port);
  await eventually(() => log.lines.length > 0, "the line");
  assertEquals(log.lines, [PLANTED]);
  await eventually(() => pool.views()[0]?.c === 1, "its place is free");
  assertEquals(pool.views().map(({ state, restarts }) => [state, restarts]), [["running", 0]]);
  await send(good, "still there\n");
  assertEquals(await receiveLine(good), "still there\n");
  void pool.stopListening();
  good.close();
  await within(pool.done, "the end of the drain");
  assertEquals(viewChannel(table, slotOf(0, 0)).c, 0);
});
