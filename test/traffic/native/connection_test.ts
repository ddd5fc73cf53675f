/** One client's way to a server on the native engine, and what goes wrong on it. */
import { assertEquals } from "../../kit/assert.ts";
import { EngineBench, type Script } from "../../kit/engine_bench.ts";
import { BlackHole, nativeTest, RawListener, systemLibc } from "../../kit/libc.ts";
import { EPOLL_CTL, ERRNO, LEVEL, OPTION } from "../../../lib/traffic/native/abi.ts";
import type { EdgeRules } from "../../../lib/core/edge/edge_config.ts";
import { createClientMemory } from "../../../lib/core/edge/client_counts.ts";
import { refusalCounts, waitingCount } from "../../../lib/core/table/clients.ts";
import { parseOptions } from "../../../lib/core/command_line/options.ts";

const REFUSED = "127.0.0.1:1";
/** No more inotify or epoll watches. */
const ENOSPC = 28;

/** The edge of a command line. */
function edgeOf(...options: string[]): { edge: EdgeRules & { clients: undefined } } {
  return {
    edge: { ...parseOptions(["-f", ...options, "80", "127.0.0.1:80"]).edge, clients: undefined },
  };
}

/** Gives turns until no client is left. */
function* gone(bench: EngineBench): Script {
  yield () => bench.engine.connections().connections.length === 0;
}

nativeTest(
  "a server is sent its client's words at once, and has SO_KEEPALIVE only if the connection lasts",
  () => {
    const calls: string[] = [];
    const { quickAck } = OPTION.tcp;
    const { keepAlive } = OPTION.socket;
    using bench = new EngineBench();
    bench.play(function* (): Script {
      bench.faults.setOption = (_fd, level, option, value) => {
        calls.push(`${level}.${option}=${value}`);
        return undefined;
      };
      for (const lasts of [false, true]) {
        const client = bench.connect();
        client.send("hello");
        const server = yield* bench.accept();
        yield () => server.has("hello");
        if (lasts) yield* bench.age();
        server.shut();
        client.shut();
        yield* gone(bench);
      }
    });
    assertEquals(calls, [
      ...[0, 0].map((value) => `${LEVEL.tcp}.${quickAck}=${value}`),
      `${LEVEL.socket}.${keepAlive}=1`,
    ]);
  },
);

nativeTest("a server that refuses is passed over, and one that resets at once is too", () => {
  using resetting = new RawListener();
  using server = new RawListener();
  const trace: string[] = [];
  using bench = new EngineBench({
    channels: `${REFUSED} ! 127.0.0.1:${resetting.port} ! 127.0.0.1:${server.port}`,
    faults: {
      setOption: (_fd, level, option, value) =>
        level === LEVEL.tcp && option === OPTION.tcp.quickAck && value === 0 ? 0 : undefined,
    },
    trace: (line) => trace.push(line),
  });
  bench.play(function* (): Script {
    const client = bench.connect();
    yield () => bench.servers.length === 2;
    // The engine is told of the connect and of the reset at once, of which else it would say that it is there.
    resetting.accepted().reset();
    client.send("hello");
    const wire = yield* bench.accept(server);
    yield () => wire.has("hello");
    assertEquals([0, 1, 2].map((at) => bench.channel(at).c), [0, 0, 1]);
  });
  assertEquals(trace.slice(1), [
    "trying group 0 channel 0 ... connection refused group 0 channel 0",
    "trying group 1 channel 0 ... connection refused group 1 channel 0",
    "trying group 2 channel 0 ... connect to channel 0 successful",
  ]);
});

nativeTest(
  "a client that every server refuses is closed, and with --when-down reset it is reset",
  () => {
    for (const resetsRefused of [false, true]) {
      using bench = new EngineBench({
        channels: `${REFUSED} ${REFUSED}`,
        config: { resetsRefused },
      });
      bench.play(function* (): Script {
        const client = bench.connect();
        yield () => client.receive().end !== "open";
        assertEquals(client.end, resetsRefused ? "reset" : "end of file");
        assertEquals([bench.channel(0).c, bench.channel(1).c], [0, 0]);
      });
    }
  },
);

nativeTest("a full channel closes a client as ever, with --when-down reset too", () => {
  using server = new RawListener();
  using bench = new EngineBench({
    channels: `127.0.0.1:${server.port}:1`,
    config: { resetsRefused: true },
  });
  bench.play(function* (): Script {
    bench.connect();
    yield* bench.accept(server);
    const client = bench.connect();
    yield () => client.receive().end !== "open";
    assertEquals(client.end, "end of file");
  });
});

nativeTest(
  "a connect that takes too long is given up for the next channel, no sooner than it was told",
  () => {
    using hole = new BlackHole();
    using server = new RawListener();
    using bench = new EngineBench({
      channels: `127.0.0.1:${hole.port} ! 127.0.0.1:${server.port}`,
      config: { connectTimeout: 3 },
    });
    const open = bench.open.size;
    bench.play(function* (): Script {
      const client = bench.connect();
      yield () => bench.servers.length === 1;
      bench.pass(2900);
      yield* bench.rest();
      assertEquals([bench.channel(0).c, bench.servers.length], [1, 1]);
      assertEquals(bench.engine.connections().connections[0]?.phase, "connecting");
      bench.pass(700);
      const wire = yield* bench.accept(server);
      assertEquals([bench.channel(0).c, bench.channel(1).c], [0, 1]);
      client.send("hello");
      yield () => wire.has("hello");
      // The socket for the hole is closed.
      assertEquals(bench.open.size, open + 2);
    });
  },
);

nativeTest(
  "a client that resets while its server is being connected has no channel any more, and its server nobody",
  () => {
    using bench = new EngineBench();
    bench.play(function* (): Script {
      using hole = new BlackHole();
      void hole;
      const client = bench.connect();
      yield () => bench.servers.length === 1;
      client.reset();
      yield* gone(bench);
      assertEquals([bench.server.accept(), bench.channel().c], [undefined, 0]);
    });
  },
);

for (const errno of [ERRNO.EMFILE, ERRNO.ENFILE, ERRNO.ENOBUFS, ERRNO.ENOMEM]) {
  for (const call of ["socket", "connect"] as const) {
    nativeTest(
      `${call} without descriptors or memory (${errno}) is tried again, and is no server's fault`,
      () => {
        using bench = new EngineBench({ config: { autodisable: true } });
        let shortages = 0;
        Object.assign(bench.log, { outOfDescriptors: () => shortages++ });
        bench.play(function* (): Script {
          const [first] = yield* bench.pair();
          const open = bench.open.size;
          let tries = 0;
          bench.faults[call] = () => ++tries <= 2 ? -errno : undefined;
          const client = bench.connect();
          yield () => tries === 1;
          yield* bench.rest();
          assertEquals([tries, bench.channel().c, shortages], [1, 2, 1]);
          assertEquals(bench.open.size, open + 1);
          bench.pass(260);
          yield () => tries === 2;
          bench.pass(260);
          const wire = yield* bench.accept();
          client.send("hello");
          yield () => wire.has("hello");
          assertEquals([bench.channel().enabled, bench.channel().c], [true, 2]);
          first.send("unharmed");
        });
        assertEquals(bench.log.lines, []);
      },
    );
  }
}

nativeTest("without descriptors a client is given up after the connect timeout", () => {
  using bench = new EngineBench({ config: { connectTimeout: 1 } });
  bench.play(function* (): Script {
    bench.faults.socket = () => -ERRNO.EMFILE;
    const client = bench.connect();
    yield () => bench.channel().c === 1;
    for (let waited = 0; waited < 1000; waited += 250) {
      assertEquals(client.receive().end, "open");
      bench.pass(250);
      yield* bench.rest();
    }
    bench.pass(500);
    yield () => client.receive().end === "end of file";
    assertEquals(bench.channel().c, 0);
  });
});

for (const errno of [ERRNO.EADDRNOTAVAIL, ERRNO.EADDRINUSE, ERRNO.EAGAIN]) {
  nativeTest(`a connect without a local port (${errno}) waits, and one line says so`, () => {
    using bench = new EngineBench();
    bench.play(function* (): Script {
      let tries = 0;
      bench.faults.connect = () => ++tries <= 3 ? -errno : undefined;
      const client = bench.connect();
      for (let at = 1; at <= 3; at++) {
        yield () => tries === at;
        bench.pass(260);
      }
      const wire = yield* bench.accept();
      client.send("hello");
      yield () => wire.has("hello");
    });
    assertEquals(bench.log.messages(), ["out of local ports: connects wait until some are free"]);
  });
}

for (const who of ["server", "client"] as const) {
  nativeTest(`a ${who} that cannot be watched costs its client, and nothing stays behind`, () => {
    using bench = new EngineBench();
    bench.play(function* (): Script {
      yield* bench.pair();
      const open = bench.open.size;
      bench.faults.epollControl = (_epoll, operation, fd) => {
        const isServer = fd === bench.servers[1];
        return operation === EPOLL_CTL.add && isServer === (who === "server") ? -ENOSPC : undefined;
      };
      const client = bench.connect();
      yield () => client.receive().end !== "open";
      yield* bench.rest();
      client[Symbol.dispose]();
      bench.server.accept()?.[Symbol.dispose]();
      assertEquals([bench.channel().c, bench.open.size], [1, open]);
    });
    assertEquals(bench.log.lines, []);
  });
}

nativeTest("a client that goes while its header is awaited leaves nothing", () => {
  for (const how of ["reset", "close", "half-close"] as const) {
    using bench = new EngineBench({ config: edgeOf("--proxy-in", "127.0.0.1") });
    bench.play(function* (): Script {
      const open = bench.open.size;
      const client = bench.connect();
      client.send("PROXY TCP4 ");
      yield () => bench.clients.length === 1;
      yield* bench.rest();
      if (how === "reset") client.reset();
      else if (how === "close") client[Symbol.dispose]();
      else client.shut();
      if (how === "half-close") yield () => client.receive().end !== "open";
      yield* bench.rest();
      client[Symbol.dispose]();
      assertEquals([bench.channel().c, bench.open.size], [0, open]);
    });
  }
});

nativeTest("a header that does not come is awaited for three seconds", () => {
  using bench = new EngineBench({ config: edgeOf("--proxy-in", "127.0.0.1") });
  bench.play(function* (): Script {
    const client = bench.connect();
    client.send("PROXY ");
    yield () => bench.clients.length === 1;
    bench.pass(2900);
    yield* bench.rest();
    assertEquals(client.receive().end, "open");
    bench.pass(700);
    yield () => client.receive().end !== "open";
  });
});

nativeTest(
  "a header in pieces lets its client in, and what came behind it goes to the server first",
  () => {
    using bench = new EngineBench({ config: edgeOf("--proxy-in", "127.0.0.1") });
    bench.play(function* (): Script {
      const client = bench.connect();
      for (const piece of ["PRO", "XY TCP4 192.0.2.1 192.0", ".2.2 77 80\r", "\nearly"]) {
        client.send(piece);
        yield* bench.rest();
      }
      const wire = yield* bench.accept();
      client.send(" and late");
      yield () => wire.has("early and late");
      assertEquals(bench.engine.connections().connections[0]?.client, "192.0.2.1:77");
    });
  },
);

nativeTest("early bytes for which a server has no room yet still come first", () => {
  using bench = new EngineBench({ config: edgeOf("--proxy-in", "127.0.0.1") });
  bench.play(function* (): Script {
    let refused = 0;
    bench.faults.send = (fd) => {
      if (++refused > 3) return undefined;
      bench.nudge(fd);
      return -ERRNO.EAGAIN;
    };
    const client = bench.connect();
    client.send("PROXY UNKNOWN\r\nearly");
    const wire = yield* bench.accept();
    client.send(" and late");
    client.shut();
    yield () => wire.receive().end === "end of file";
    assertEquals(wire.text, "early and late");
  });
});

nativeTest("a server that does not take its header whole is a failed one", () => {
  using server = new RawListener();
  using bench = new EngineBench({
    channels: `127.0.0.1:${server.port} ! 127.0.0.1:${server.port}`,
    config: edgeOf("--proxy-out", "v1"),
  });
  bench.play(function* (): Script {
    let sends = 0;
    bench.faults.send = () => ++sends === 1 ? 3 : undefined;
    const client = bench.connect();
    const failed = yield* bench.accept(server);
    yield () => failed.receive().end !== "open";
    const wire = yield* bench.accept(server);
    client.send("hello");
    yield () => wire.receive().text.endsWith("\r\nhello");
    assertEquals([bench.channel(0).c, bench.channel(1).c], [0, 1]);
  });
});

nativeTest("an end of everything ends clients in every phase, and no other server is tried", () => {
  using hole = new BlackHole();
  using server = new RawListener();
  using bench = new EngineBench({
    channels: `127.0.0.1:${hole.port}:1 ! 127.0.0.1:${server.port}:1`,
    config: { ...edgeOf("--queue", "5:10"), connectTimeout: 60 },
  });
  bench.play(function* (): Script {
    const clients = [bench.connect()];
    yield () => bench.servers.length === 1;
    clients.push(bench.connect());
    yield* bench.accept(server);
    clients.push(bench.connect());
    yield () => bench.engine.connections().connections.length === 3;
    yield* bench.rest();
    assertEquals(bench.engine.connections().connections.map(({ phase }) => phase), [
      "connecting",
      "relaying",
      "queued",
    ]);
    bench.engine.endAll();
    for (const client of clients) yield () => client.receive().end !== "open";
    assertEquals(waitingCount(bench.table), 0);
    assertEquals([bench.channel(0).c, bench.channel(1).c, bench.servers.length], [0, 0, 2]);
    assertEquals(server.accept(), undefined);
  });
});

nativeTest("the end of a channel ends its relayed connections, and no others", () => {
  using one = new RawListener();
  using other = new RawListener();
  using bench = new EngineBench({ channels: `127.0.0.1:${one.port} 127.0.0.1:${other.port}` });
  bench.play(function* (): Script {
    const first = bench.connect();
    yield* bench.accept(one);
    const second = bench.connect();
    const wire = yield* bench.accept(other);
    yield* bench.rest();
    bench.engine.endChannel(0);
    yield () => first.receive().end !== "open";
    second.send("still here");
    yield () => wire.has("still here");
    assertEquals([bench.channel(0).c, bench.channel(1).c], [0, 1]);
  });
});

nativeTest("the end of a channel leaves those alone that are still being connected to it", () => {
  using hole = new BlackHole();
  using server = new RawListener();
  using bench = new EngineBench({
    channels: `127.0.0.1:${hole.port} ! 127.0.0.1:${server.port}`,
    config: { connectTimeout: 1 },
  });
  bench.play(function* (): Script {
    const client = bench.connect();
    yield () => bench.servers.length === 1;
    bench.engine.endChannel(0);
    yield* bench.rest();
    assertEquals(client.receive().end, "open");
    bench.pass(1600);
    yield* bench.accept(server);
  });
});

nativeTest("whoever ends everything has no other server tried for those who come later", () => {
  using server = new RawListener();
  using bench = new EngineBench({ channels: `${REFUSED} ! 127.0.0.1:${server.port}` });
  bench.play(function* (): Script {
    bench.engine.endAll();
    const client = bench.connect();
    yield () => client.receive().end !== "open";
    assertEquals([server.accept(), bench.servers.length], [undefined, 1]);
  });
});

nativeTest("a client that has left before it would have to wait does not", () => {
  using hole = new BlackHole();
  using server = new RawListener();
  using bench = new EngineBench({
    channels: `127.0.0.1:${hole.port}:1 ! 127.0.0.1:${server.port}:1`,
    config: { ...edgeOf("--queue", "5:10"), connectTimeout: 1 },
  });
  bench.play(function* (): Script {
    const leaver = bench.connect();
    yield () => bench.servers.length === 1;
    bench.connect();
    yield* bench.accept(server);
    leaver.reset();
    yield* bench.rest();
    bench.pass(1600);
    yield () => bench.engine.connections().connections.length === 1;
    assertEquals([waitingCount(bench.table), bench.channel(0).c], [0, 0]);
  });
});

nativeTest("what a client had of its limits is free when it has gone, whoever let it in", () => {
  const edge = {
    ...edgeOf("--max-conns-per-client", "1").edge,
    clients: createClientMemory(1, 7),
  };
  using bench = new EngineBench({ config: { edge } });
  bench.play(function* (): Script {
    for (let round = 0; round < 3; round++) {
      const [client] = yield* bench.pair();
      const refused = bench.connect();
      yield () => refused.receive().end !== "open";
      client.reset();
      yield* gone(bench);
    }
  });
});

for (
  const [source, binds, peer] of [
    ["127.0.0.5", 1, [127, 0, 0, 5]],
    // Not local: ignored, as the classic does.
    ["192.0.2.1", 1, [127, 0, 0, 1]],
    // Of another family.
    ["::1", 0, [127, 0, 0, 1]],
  ] as const
) {
  nativeTest(`-B ${source}: a server sees ${peer.join(".")}`, () => {
    using bench = new EngineBench({ config: { source } });
    bench.play(function* (): Script {
      let calls = 0;
      bench.faults.bind = () => {
        calls++;
        return undefined;
      };
      bench.connect();
      yield* bench.accept();
      assertEquals([...systemLibc().address.subarray(4, 8)], [...peer]);
      assertEquals(calls, binds);
    });
  });
}

nativeTest("-B without a port that is free waits for one", () => {
  using bench = new EngineBench({ config: { source: "127.0.0.5" } });
  bench.play(function* (): Script {
    let tries = 0;
    bench.faults.bind = () => ++tries === 1 ? -ERRNO.EADDRINUSE : undefined;
    bench.connect();
    yield () => tries === 1;
    bench.pass(260);
    yield* bench.accept();
  });
  assertEquals(bench.log.messages(), ["out of local ports: connects wait until some are free"]);
});

nativeTest("a client that sends half a header and leaves at once is not waited for", () => {
  using bench = new EngineBench({ config: edgeOf("--proxy-in", "127.0.0.1") });
  bench.play(function* (): Script {
    const client = bench.connect();
    client.send("PROXY TCP4 ");
    client.shut();
    yield () => client.receive().end !== "open";
    assertEquals(refusalCounts(bench.table)["bad header"], 1);
  });
});

nativeTest("--eject and an idle timeout: who has proven its server still has limits", () => {
  using bench = new EngineBench({ config: { ejectAfter: 1, idleTimeout: 30 } });
  bench.play(function* (): Script {
    yield* bench.pair();
    bench.pass(1600);
    yield* bench.rest();
    bench.pass(30_500);
    yield* gone(bench);
  });
});

nativeTest("a cut ends those that are meant, and says how many", () => {
  using bench = new EngineBench();
  bench.play(function* (): Script {
    const [first] = yield* bench.pair();
    const [second] = yield* bench.pair();
    assertEquals(bench.engine.cut({ kind: "client", address: "192.0.2.1" }), 0);
    assertEquals(bench.engine.cut({ kind: "channel", slot: 1 }), 0);
    assertEquals(bench.engine.cut({ kind: "client", address: "127.0.0.1" }), 2);
    yield () => first.receive().end !== "open" && second.receive().end !== "open";
    assertEquals(bench.channel().c, 0);
  });
});

nativeTest("how connections ended last is told by channel and cause", () => {
  using first = new RawListener();
  using second = new RawListener();
  using bench = new EngineBench({
    channels: `127.0.0.1:${first.port} 127.0.0.1:${second.port}`,
  });
  bench.play(function* (): Script {
    const client = bench.connect();
    const server = yield* bench.accept(first);
    client.shut();
    yield () => server.receive().end !== "open";
    server.shut();
    yield* gone(bench);
    const next = bench.connect();
    const wire = yield* bench.accept(second);
    wire.shut();
    yield () => next.receive().end !== "open";
    next.shut();
    yield* gone(bench);
    const other = bench.connect();
    yield* bench.accept(first);
    yield* bench.rest();
    other.reset();
    yield* gone(bench);
    const ends = bench.engine.lastEnds().map(({ slot, cause }) => `${slot} ${cause}`);
    assertEquals(ends.sort(), ["0 client closed", "0 client reset", "1 server closed"]);
  });
});

nativeTest(
  "--eject: a server is proven by a byte, or by a second, and nobody is woken after that",
  () => {
    for (const sends of [false, true]) {
      using bench = new EngineBench({ config: { ejectAfter: 1 } });
      bench.play(function* (): Script {
        const [client, server] = yield* bench.pair();
        yield* bench.rest();
        assertEquals(bench.patienceMs >= 0, true);
        if (sends) {
          server.send("x");
          yield () => client.has("x");
        }
        bench.pass(260);
        yield* bench.rest();
        assertEquals(bench.patienceMs < 0, sends);
        bench.pass(1300);
        yield* bench.rest();
        assertEquals(bench.patienceMs < 0, true);
      });
    }
  },
);
