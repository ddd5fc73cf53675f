/** Accepting on the native engine: pauses, limits, and failures that are nobody's fault. */
import { assert, assertEquals } from "../../kit/assert.ts";
import { EngineBench, type Script } from "../../kit/engine_bench.ts";
import { nativeTest, systemLibc, type Wire } from "../../kit/libc.ts";
import { ERRNO, LEVEL, OPTION } from "../../../lib/traffic/native/abi.ts";
import { ListeningSocket } from "../../../lib/traffic/native/listening_socket.ts";
import { OPEN_EDGE } from "../../../lib/core/edge/edge_config.ts";
import { clientCount, leave } from "../../../lib/core/table/clients.ts";

/** Software caused connection abort: the client has gone already. */
const ECONNABORTED = 103;

/** Gives turns until so many are served. */
function* serving(bench: EngineBench, count: number): Script {
  yield () => bench.engine.connections().connections.length === count;
}

nativeTest("many clients at once are all served, in more than one turn", () => {
  using bench = new EngineBench();
  bench.play(function* (): Script {
    const clients = Array.from({ length: 300 }, () => bench.connect());
    let most = 0;
    let before = 0;
    yield () => {
      most = Math.max(most, bench.clients.length - before);
      before = bench.clients.length;
      return before === 300;
    };
    // The turns grow with those who come, and do not grow without an end.
    assert(bench.turns < 100, `${bench.turns} turns`);
    assert(most > 1 && most <= 64, `${most} in a turn`);
    yield* serving(bench, 300);
    assertEquals([bench.channel().c, bench.channel().totalc], [300, 300]);
    for (const client of clients) client.reset();
    yield* serving(bench, 0);
  });
});

for (const errno of [ERRNO.EMFILE, ERRNO.ENFILE, ERRNO.ENOBUFS, ERRNO.ENOMEM]) {
  nativeTest(
    `an accept without descriptors or memory (${errno}) is told and pauses; then clients are served`,
    () => {
      using bench = new EngineBench();
      let shortages = 0;
      Object.assign(bench.log, { outOfDescriptors: () => shortages++ });
      bench.play(function* (): Script {
        let tries = 0;
        bench.faults.accept4 = () => {
          tries++;
          return -errno;
        };
        const client = bench.connect();
        yield () => tries === 1;
        yield* bench.rest();
        // It does not turn in vain: nothing is tried before the pause is over.
        assertEquals([tries, shortages, bench.patienceMs], [1, 1, 100]);
        bench.pass(99);
        yield* bench.rest();
        assertEquals([tries, bench.patienceMs], [1, 1]);
        Reflect.deleteProperty(bench.faults, "accept4");
        bench.pass(1);
        const wire = yield* bench.accept();
        client.send("hello");
        yield () => wire.has("hello");
        yield* bench.age();
        assertEquals(bench.patienceMs, -1);
      });
    },
  );
}

nativeTest("want of descriptors has four clients fewer served, for five seconds", () => {
  using bench = new EngineBench();
  bench.play(function* (): Script {
    const clients: Wire[] = [];
    for (let at = 0; at < 10; at++) clients.push((yield* bench.pair())[0]);
    const want = function* (): Script {
      bench.faults.accept4 = () => -ERRNO.EMFILE;
      bench.connect();
      yield () => bench.patienceMs === 100;
      Reflect.deleteProperty(bench.faults, "accept4");
      bench.pass(150);
      yield* bench.rest();
    };
    yield* want();
    assertEquals(bench.clients.length, 10);
    for (const client of clients.slice(0, 4)) client.reset();
    yield* serving(bench, 6);
    yield* bench.rest();
    assertEquals(bench.clients.length, 10);
    clients[4]?.reset();
    yield () => bench.clients.length === 11;
    bench.connect();
    bench.pass(4800);
    yield* bench.rest();
    assertEquals(bench.clients.length, 11);
    bench.pass(100);
    yield* serving(bench, 7);
  });
});

nativeTest("a hold keeps the number of clients, and ends by itself", () => {
  using bench = new EngineBench();
  bench.play(function* (): Script {
    const [first] = yield* bench.pair();
    const [second] = yield* bench.pair();
    bench.engine.hold();
    const third = bench.connect();
    yield* bench.rest();
    assertEquals(bench.clients.length, 2);
    first.reset();
    yield () => bench.clients.length === 3;
    yield* bench.accept();
    second.send("unharmed");
    bench.connect();
    yield* bench.rest();
    assertEquals(bench.clients.length, 3);
    bench.pass(5100);
    yield () => bench.clients.length === 4;
    third.send("unharmed");
  });
});

nativeTest(
  "clients that are gone before they are accepted end nothing, and a hundred in a row pause",
  () => {
    using bench = new EngineBench();
    bench.play(function* (): Script {
      let tries = 0;
      bench.faults.accept4 = () => {
        tries++;
        return -ECONNABORTED;
      };
      const client = bench.connect();
      yield () => tries === 100;
      yield* bench.rest();
      assertEquals([tries, bench.patienceMs], [100, 100]);
      Reflect.deleteProperty(bench.faults, "accept4");
      bench.pass(100);
      const wire = yield* bench.accept();
      client.send("hello");
      yield () => wire.has("hello");
      // They are counted in a row: one that is served begins anew.
      tries = 0;
      bench.faults.accept4 = () => ++tries === 60 ? undefined : -ECONNABORTED;
      bench.connect();
      yield () => bench.clients.length === 2;
      bench.connect();
      yield () => tries === 160;
      yield* bench.rest();
      assertEquals(tries, 160);
    });
    assertEquals(bench.log.lines, []);
  },
);

nativeTest("--max-conns leaves clients in the queue of the system until one goes", () => {
  using bench = new EngineBench({ config: { edge: { ...OPEN_EDGE, maxClients: 2 } } });
  bench.play(function* (): Script {
    const [first] = yield* bench.pair();
    yield* bench.pair();
    const third = bench.connect();
    yield* bench.rest();
    assertEquals([bench.clients.length, clientCount(bench.table)], [2, 2]);
    // Another thread may give a place back: it is looked again soon.
    assertEquals(bench.patienceMs, 10);
    first.reset();
    const wire = yield* bench.accept();
    third.send("hello");
    yield () => wire.has("hello");
    assertEquals(clientCount(bench.table), 2);
    // As if another thread's client had gone.
    leave(bench.table, 0);
    bench.connect();
    yield* bench.accept();
    assertEquals(bench.clients.length, 4);
  });
});

nativeTest("a client that cannot be accepted takes no place of --max-conns", () => {
  using bench = new EngineBench({ config: { edge: { ...OPEN_EDGE, maxClients: 5 } } });
  bench.play(function* (): Script {
    let tries = 0;
    bench.faults.accept4 = () => ++tries > 10 ? undefined : -ECONNABORTED;
    bench.connect();
    yield* bench.accept();
    assertEquals(clientCount(bench.table), 1);
    yield* bench.rest();
    assertEquals(clientCount(bench.table), 1);
  });
});

nativeTest(
  "whoever does not listen turns clients away, and serves those it has until it listens again",
  () => {
    using bench = new EngineBench();
    bench.play(function* (): Script {
      const [client, server] = yield* bench.pair();
      bench.engine.pause();
      bench.listening.shut();
      const refused = bench.connect();
      assertEquals(systemLibc().socketError(refused.fd), 111);
      client.send("still here");
      yield () => server.has("still here");
      yield* bench.age();
      assertEquals(bench.patienceMs, -1);
      bench.listening.open();
      bench.engine.accept(bench.listening.fd, false);
      const next = bench.connect();
      const wire = yield* bench.accept();
      next.send("hello");
      yield () => wire.has("hello");
    });
  },
);

nativeTest(
  "what cannot be listened on is told in the words of the classic, and leaves nothing open",
  () => {
    using bench = new EngineBench();
    const listen = (hostname: string, port: number): string | undefined => {
      const bound = ListeningSocket.bind(bench.libc, { hostname, port });
      return "failure" in bound ? bound.failure : undefined;
    };
    bench.play(function* (): Script {
      const open = bench.open.size;
      assertEquals(listen("192.0.2.1", 1), "bind(): Cannot assign requested address");
      assertEquals(listen("127.0.0.1", bench.port), "bind(): Address already in use");
      assertEquals(listen("nowhere", 1), "bind(): not an address");
      bench.faults.socket = () => -ERRNO.EMFILE;
      assertEquals(listen("127.0.0.1", 0), "socket(): Too many open files");
      Reflect.deleteProperty(bench.faults, "socket");
      assertEquals(bench.open.size, open);
      yield* bench.rest();
    });
  },
);

nativeTest("what is set on the listening socket is not set on each client", () => {
  const calls: [fd: number, text: string][] = [];
  const timeouts = { probes: { idle: 61, interval: 12, count: 4 }, userTimeout: 21 };
  using bench = new EngineBench({
    config: { edge: { ...OPEN_EDGE, timeouts } },
    faults: {
      setOption: (fd, level, option, value) => {
        calls.push([fd, `${level}.${option}=${value}`]);
        return undefined;
      },
    },
  });
  // Whatever another process has set is set back first: the last call for an option counts.
  const last = new Map(calls.splice(0).map(([, text]) => [text.split("=")[0], text]));
  const listening = [...last.values()];
  let client = -1;
  bench.play(function* (): Script {
    yield* bench.pair();
    client = bench.clients[0] ?? -1;
    yield* bench.age();
  });
  const { keepIdle, keepInterval, keepCount, userTimeout, noDelay, quickAck } = OPTION.tcp;
  const { keepAlive, reuseAddress } = OPTION.socket;
  const wanted = [
    `${LEVEL.socket}.${keepAlive}=1`,
    ...[[noDelay, 1], [keepIdle, 61], [keepInterval, 12], [keepCount, 4], [userTimeout, 21_000]]
      .map(([option, value]) => `${LEVEL.tcp}.${option}=${value}`),
  ].sort();
  assertEquals(listening.sort(), [`${LEVEL.socket}.${reuseAddress}=1`, ...wanted].sort());
  // Those of a server's socket, which inherits nothing; it is made prompt when it gets a second message.
  const prompt = `${LEVEL.tcp}.${noDelay}=1`;
  const confirmed = [0, 1].map((value) => `${LEVEL.tcp}.${quickAck}=${value}`);
  assertEquals(
    calls.map(([, text]) => text).sort(),
    [...confirmed, ...wanted.filter((text) => text !== prompt)].sort(),
  );
  assert(calls.every(([fd]) => fd !== client));
});
