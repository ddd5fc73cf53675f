/** Bytes both ways, their ends, and what is held of them: the relay between sockets whose every byte a test moves. */
import { assert, assertEquals } from "../../kit/assert.ts";
import { EngineBench, type Script } from "../../kit/engine_bench.ts";
import { nativeTest, systemLibc, type Wire } from "../../kit/libc.ts";
import { ERRNO, LEVEL } from "../../../lib/traffic/native/abi.ts";
import { CROWDED, LONGEST } from "../../../lib/traffic/native/chunks.ts";
import { GRACE } from "../../../lib/traffic/grace.ts";

const EPIPE = 32;
const MEGABYTE = 1024 * 1024;
const SO_SNDBUF = 7;
const SO_RCVBUF = 8;
/** Longer than what a socket takes at once, with small buffers. */
const LONG_TEXT = Array.from({ length: 30_000 }, (_, at) => `${at} `).join("");

/** A bench that logs how connections end. */
function makeBench(idleTimeout = 0): EngineBench {
  return new EngineBench({ config: { logConnections: true, idleTimeout } });
}

/** How the last connection ended, and what it had moved. */
function ended(bench: EngineBench): unknown[] {
  const fields = bench.log.lines.findLast(({ message }) => message === "connection ended")?.fields;
  return [fields?.cause, fields?.sent, fields?.rcvd];
}

/** Gives the engine turns until it has no connection any more. */
function* gone(bench: EngineBench): Script {
  yield () => bench.engine.connections().connections.length === 0;
}

/** Makes what the system holds for a socket small, in both directions. */
function shrink(...descriptors: number[]): void {
  for (const fd of descriptors) {
    for (const option of [SO_SNDBUF, SO_RCVBUF]) {
      systemLibc().setOption(fd, LEVEL.socket, option, 16_384);
    }
  }
}

/** One side of a connection, as a test has it. */
interface Side {
  readonly wire: Wire;
  /** The engine's descriptor of it. */
  readonly fd: number;
}

/** A pair, the side that is meant first. */
function* sides(
  bench: EngineBench,
  first: "client" | "server",
): Generator<() => boolean, [one: Side, other: Side], void> {
  const [client, server] = yield* bench.pair();
  const both: Side[] = [
    { wire: client, fd: bench.clients.at(-1) ?? -1 },
    { wire: server, fd: bench.servers.at(-1) ?? -1 },
  ];
  const [one, other] = first === "client" ? both : both.reverse();
  if (one === undefined || other === undefined) throw new Error("no pair");
  return [one, other];
}

/** A pair of which the second side's sockets hold little. */
function* narrowed(
  bench: EngineBench,
  first: "client" | "server",
): Generator<() => boolean, [one: Wire, other: Wire], void> {
  const [one, other] = yield* sides(bench, first);
  shrink(other.wire.fd, other.fd);
  return [one.wire, other.wire];
}

/** Sends from one side until nothing moves any more. */
function* fill(bench: EngineBench, from: Wire): Generator<() => boolean, number, void> {
  let sum = 0;
  for (let idle = 0; idle < 5;) {
    const count = from.fill();
    sum += count;
    idle = count === 0 ? idle + 1 : 0;
    yield* bench.rest();
  }
  return sum;
}

nativeTest("bytes go both ways and are counted", () => {
  using bench = makeBench();
  bench.play(function* (): Script {
    const [client, server] = yield* bench.pair();
    client.send("question");
    yield () => server.has("question");
    server.send("answer");
    yield () => client.has("answer");
    assertEquals([bench.channel().sent, bench.channel().received], [8, 6]);
  });
  assertEquals(ended(bench), ["ended by balance", 8, 6]);
});

for (const first of ["client", "server"] as const) {
  nativeTest(`a ${first} that half-closes still receives, until the other side closes too`, () => {
    using bench = makeBench();
    bench.play(function* (): Script {
      const [{ wire: one }, { wire: other }] = yield* sides(bench, first);
      let shutdowns = 0;
      bench.faults.shutdown = () => {
        shutdowns++;
        return undefined;
      };
      one.send("last words");
      one.shut();
      yield () => other.receive().end === "end of file";
      assertEquals(other.text, "last words");
      assertEquals(bench.engine.connections().connections[0]?.phase, "half-closed");
      other.send("and still");
      yield () => one.has("and still");
      other.send(" more");
      other.shut();
      yield () => one.receive().end === "end of file";
      assertEquals(one.text, "and still more");
      yield* gone(bench);
      assertEquals(bench.channel().c, 0);
      // Closing tells the other end.
      assertEquals(shutdowns, 1);
    });
    assertEquals(ended(bench)[0], `${first} closed`);
  });
}

nativeTest("no byte is lost or moved when each send takes a single one", () => {
  using bench = makeBench();
  const text = LONG_TEXT.slice(0, 2000);
  bench.play(function* (): Script {
    const [client, server] = yield* bench.pair();
    bench.faults.send = (fd, from) => {
      bench.nudge(fd);
      return systemLibc().send(fd, from, 1);
    };
    client.send(text);
    client.shut();
    server.send(text.toUpperCase());
    yield () => server.receive().end === "end of file" && client.receive().text.length >= 2000;
    assertEquals([server.text, client.text], [text, text.toUpperCase()]);
    server.shut();
    yield* gone(bench);
  });
  assertEquals(ended(bench), ["client closed", 2000, 2000]);
});

nativeTest("no byte is lost when every other call finds nothing, or no room", () => {
  using bench = makeBench();
  bench.play(function* (): Script {
    const [client, server] = yield* bench.pair();
    let calls = 0;
    const sometimes = (fd: number): number | undefined => {
      if (++calls % 2 === 0) return undefined;
      bench.nudge(fd);
      return -ERRNO.EAGAIN;
    };
    bench.faults.send = sometimes;
    bench.faults.recv = sometimes;
    let sent = "";
    for (let at = 0; at < 50; at++) {
      const word = `${at},`;
      client.send(word);
      server.send(word);
      sent += word;
      yield* bench.rest();
    }
    client.shut();
    yield () => server.receive().end === "end of file" && client.has(sent);
    assertEquals(server.text, sent);
  });
});

for (const side of ["client", "server"] as const) {
  nativeTest(`what a ${side} sends to a slow receiver comes whole and in order`, () => {
    using bench = makeBench();
    bench.play(function* (): Script {
      const [from, to] = yield* narrowed(bench, side);
      const bytes = new TextEncoder().encode(LONG_TEXT);
      let at = 0;
      yield () => {
        at += from.sendBytes(bytes.subarray(at));
        if (at === bytes.length) from.shut();
        to.receive(1000);
        return at === bytes.length;
      };
      yield () => to.receive(5000).end === "end of file";
      assert(to.text === LONG_TEXT);
    });
  });
}

nativeTest("an end of file waits behind the bytes that are not out yet", () => {
  using bench = makeBench();
  bench.play(function* (): Script {
    const [client, server] = yield* narrowed(bench, "client");
    const sent = yield* fill(bench, client);
    client.shut();
    yield* bench.rest();
    yield () => server.receive(1000).end !== "open";
    assertEquals([server.end, server.received], ["end of file", sent]);
    server.send("thanks");
    yield () => client.has("thanks");
  });
});

nativeTest(
  "of a sender whose receiver has stopped one piece is held, and nothing more is read",
  () => {
    using bench = makeBench();
    const libc = systemLibc();
    let held = 0;
    let most = 0;
    let reads = 0;
    bench.play(function* (): Script {
      const [client, server] = yield* bench.pair();
      shrink(client.fd, ...bench.clients);
      bench.faults.recv = (fd, into, length) => {
        const count = libc.recv(fd, into, length);
        reads++;
        held += Math.max(0, count);
        most = Math.max(most, held);
        return count;
      };
      bench.faults.send = (fd, from, length) => {
        const count = libc.send(fd, from, length);
        held -= Math.max(0, count);
        return count;
      };
      yield* fill(bench, server);
      assert(held > 0 && most <= LONGEST, `${held} ${most}`);
      const before = reads;
      yield* fill(bench, server);
      yield* bench.rest();
      assertEquals(reads, before);
      // The other direction goes on.
      client.send("abort");
      yield () => server.has("abort");
    });
  },
);

nativeTest(
  "a small request passes a bulk transfer before that has moved two more megabytes",
  () => {
    using bench = makeBench();
    const libc = systemLibc();
    bench.play(function* (): Script {
      const [bulk, source] = yield* bench.pair();
      const [client, server] = yield* bench.pair();
      let moved = 0;
      bench.faults.recv = (fd, into, length) => {
        const count = libc.recv(fd, into, length);
        if (fd === bench.servers[0]) moved += Math.max(0, count);
        return count;
      };
      let passedAt = 0;
      bench.faults.send = (fd) => {
        if (fd === bench.servers[1]) passedAt = moved;
        return undefined;
      };
      let sent = 0;
      const goOn = (): void => {
        sent += source.fill();
        bulk.receive();
      };
      // Much of it has been moved, so that reads are the longest, there is much to read, and the receiver has room: then the
      // loop does not sleep.
      yield () => {
        goOn();
        return moved > 16 * MEGABYTE && sent - moved > 3 * MEGABYTE && bench.patienceMs === 0;
      };
      const before = moved;
      client.send("small");
      yield () => {
        goOn();
        return server.has("small");
      };
      assert(moved > before && passedAt - before <= 2 * MEGABYTE, `${passedAt - before} bytes`);
      // What is left of it still comes, without another event.
      yield () => bulk.receive().received === sent;
    });
  },
);

for (const side of ["client", "server"] as const) {
  nativeTest(`a reset of the ${side} is sent on as one, behind everything that it had sent`, () => {
    using bench = makeBench();
    bench.play(function* (): Script {
      const [{ wire: one }, { wire: other }] = yield* sides(bench, side);
      one.send("last words");
      one.reset();
      yield () => other.receive().end !== "open";
      assertEquals([other.text, other.end], ["last words", "reset"]);
      yield* gone(bench);
      assertEquals(bench.channel().c, 0);
    });
    assertEquals(ended(bench)[0], `${side} reset`);
  });

  nativeTest(`a reset of the ${side} does not overtake what the other has not confirmed`, () => {
    using bench = makeBench();
    bench.play(function* (): Script {
      const [one, other] = yield* narrowed(bench, side);
      const sent = yield* fill(bench, one);
      one.reset();
      yield* bench.rest();
      assertEquals(bench.engine.connections().connections.length, 1);
      let got = 0;
      yield () => {
        // It is still alive as long as something moves.
        bench.pass(300);
        got = other.receive(1000).received;
        return other.end !== "open";
      };
      // What was in the failed side's own buffer is lost with it; what the relay held is not.
      assertEquals([other.end, got > 0 && got <= sent], ["reset", true]);
      yield* gone(bench);
    });
    assertEquals(ended(bench)[0], `${side} reset`);
  });

  nativeTest(
    `a side that takes nothing after the ${side}'s reset is given ${GRACE.lost} seconds`,
    () => {
      using bench = makeBench();
      bench.play(function* (): Script {
        const [one, other] = yield* narrowed(bench, side);
        yield* fill(bench, one);
        one.reset();
        yield* bench.rest();
        bench.pass(GRACE.lost * 1000 - 300);
        yield* bench.rest();
        assertEquals(bench.engine.connections().connections.length, 1);
        bench.pass(600);
        yield* gone(bench);
        yield () => other.receive().end !== "open";
        assertEquals(other.end, "reset");
      });
      assertEquals(ended(bench)[0], `${side} reset`);
    },
  );

  nativeTest(
    `a reset of the ${side} that a send finds out first is sent on as one, behind its last words`,
    () => {
      using bench = makeBench();
      bench.play(function* (): Script {
        const [{ wire: one }, { wire: other }] = yield* sides(bench, side);
        other.send("into the void");
        one.send("last words");
        one.reset();
        yield () => other.receive().end !== "open";
        assertEquals([other.text, other.end], ["last words", "reset"]);
        yield* gone(bench);
      });
      assertEquals(ended(bench)[0], `${side} reset`);
    },
  );

  nativeTest(
    `a ${side} that has closed before it resets is one that has closed, for whoever sends to it`,
    () => {
      using bench = makeBench();
      bench.play(function* (): Script {
        const [{ wire: one }, { wire: other }] = yield* sides(bench, side);
        other.send("into the void");
        one.send("last words");
        one.shut();
        one.reset();
        yield () => other.receive().end !== "open";
        assertEquals([other.text, other.end], ["last words", "end of file"]);
        yield* gone(bench);
      });
    },
  );

  nativeTest(`a half-closed ${side} that resets afterwards ends the connection`, () => {
    using bench = makeBench();
    bench.play(function* (): Script {
      const [{ wire: one }, { wire: other }] = yield* sides(bench, side);
      one.send("request");
      one.shut();
      yield () => other.receive().end === "end of file";
      one.reset();
      yield* gone(bench);
      assertEquals(bench.channel().c, 0);
      yield () => {
        const gone = systemLibc().send(other.fd, Uint8Array.of(1), 1);
        return gone === -EPIPE || gone === -ERRNO.ECONNRESET;
      };
    });
    // How it had begun to end counts.
    assertEquals(ended(bench)[0], `${side} closed`);
  });
}

nativeTest("a side that fails when it is read is one that was reset", () => {
  using bench = makeBench();
  bench.play(function* (): Script {
    const [client, server] = yield* bench.pair();
    bench.faults.recv = (fd) => fd === bench.servers[0] ? -110 : undefined;
    server.send("never read");
    yield () => client.receive().end === "reset";
    yield* gone(bench);
  });
  assertEquals(ended(bench), ["server reset", 0, 0]);
});

nativeTest("a silent connection is ended by the idle timeout, and one that moves is not", () => {
  using bench = makeBench(5);
  bench.play(function* (): Script {
    const [client, server] = yield* bench.pair();
    for (let seconds = 0; seconds < 10; seconds += 2) {
      bench.pass(2000);
      (seconds % 4 === 0 ? client : server).send(".");
      yield* bench.rest();
    }
    bench.pass(4900);
    yield* bench.rest();
    assertEquals(client.receive().end, "open");
    bench.pass(600);
    yield () => client.receive().end !== "open";
    yield* gone(bench);
  });
  assertEquals(ended(bench)[0], "idle timeout");
  assertEquals(bench.log.messages()[0], "timed out after {seconds} seconds");
});

nativeTest(`a blocked receiver is not idle before ${GRACE.blocked} seconds`, () => {
  using bench = makeBench(5);
  bench.play(function* (): Script {
    const [server] = yield* narrowed(bench, "server");
    yield* fill(bench, server);
    bench.pass(GRACE.blocked * 1000 - 500);
    yield* bench.rest();
    assertEquals(bench.engine.connections().connections.length, 1);
    bench.pass(1000);
    yield* gone(bench);
  });
  assertEquals(ended(bench)[0], "idle timeout");
});

for (
  const [side, idle, seconds] of [
    ["server", 0, GRACE.client],
    ["server", 3, 3],
    ["server", 60, GRACE.client],
    ["client", 0, GRACE.server],
    ["client", 3, 3],
  ] as const
) {
  const limits = idle === 0 ? "no idle timeout" : `an idle timeout of ${idle} s`;
  nativeTest(
    `after the ${side}'s end of file the other has ${seconds} s of silence with ${limits}`,
    () => {
      using bench = makeBench(idle);
      bench.play(function* (): Script {
        const [client, server] = yield* bench.pair();
        const [one, other] = side === "client" ? [client, server] : [server, client];
        // Silence before that does not count.
        bench.pass(2000);
        one.shut();
        yield () => other.receive().end === "end of file";
        bench.pass(seconds * 1000 - 100);
        yield* bench.rest();
        other.send("still here");
        yield () => one.has("still here");
        bench.pass(seconds * 1000 - 100);
        yield* bench.rest();
        assertEquals(bench.engine.connections().connections.length, 1);
        bench.pass(700);
        yield* gone(bench);
      });
      assertEquals(ended(bench)[0], "half-close timeout");
    },
  );
}

nativeTest("a connection without limits has nobody woken, and one with limits every tick", () => {
  for (const idle of [0, 5]) {
    using bench = makeBench(idle);
    bench.play(function* (): Script {
      const [client, server] = yield* bench.pair();
      client.send("once");
      yield () => server.has("once");
      yield* bench.age();
      assertEquals(bench.patienceMs < 0, idle === 0);
    });
  }
});

nativeTest(
  "a message that is shorter than what is asked for costs one receive and one send",
  () => {
    using bench = makeBench();
    bench.play(function* (): Script {
      const [client, server] = yield* bench.pair();
      const calls: string[] = [];
      const note = (name: string): () => undefined => () => {
        calls.push(name);
      };
      bench.faults.recv = note("recv");
      bench.faults.send = note("send");
      bench.faults.epollControl = note("epoll_ctl");
      client.send("question");
      yield () => server.has("question");
      server.send("answer");
      yield () => client.has("answer");
      assertEquals(calls, ["recv", "send", "recv", "send"]);
    });
  },
);

for (const side of ["client", "server"] as const) {
  nativeTest(`last words of the ${side} and its end of file cost one receive`, () => {
    using bench = makeBench();
    bench.play(function* (): Script {
      const [one, other] = yield* sides(bench, side);
      let receives = 0;
      bench.faults.recv = (fd) => {
        if (fd === one.fd) receives++;
        return undefined;
      };
      one.wire.send("last words");
      one.wire.shut();
      yield () => other.wire.receive().end !== "open";
      assertEquals([other.wire.text, other.wire.end, receives], ["last words", "end of file", 1]);
    });
  });

  nativeTest(`an urgent byte of the ${side}'s parts its bytes, of which none is lost`, () => {
    using bench = makeBench();
    bench.play(function* (): Script {
      const [one, other] = yield* sides(bench, side);
      one.wire.send("before");
      one.wire.sendUrgent("!");
      one.wire.send("behind");
      one.wire.shut();
      yield () => other.wire.receive().end !== "open";
      assertEquals([other.wire.text, other.wire.end], ["beforebehind", "end of file"]);
    });
  });
}

nativeTest("to a side that has failed nothing is sent any more, though bytes for it waited", () => {
  using bench = makeBench();
  bench.play(function* (): Script {
    const [server, client] = yield* sides(bench, "server");
    shrink(client.wire.fd, client.fd);
    yield* fill(bench, server.wire);
    let sends = 0;
    bench.faults.send = (fd) => {
      if (fd === client.fd) sends++;
      return undefined;
    };
    // The server takes nothing either, so that the connection stays for a while.
    bench.faults.unconfirmed = () => 1;
    client.wire.reset();
    for (let turn = 0; turn < 3; turn++) {
      yield* bench.rest();
      bench.nudge(server.fd);
    }
    assertEquals([bench.engine.connections().connections.length, sends <= 1], [1, true]);
  });
});

nativeTest(
  "a reset waits for bytes that the other side has no room for, whatever it has confirmed",
  () => {
    using bench = makeBench();
    bench.play(function* (): Script {
      const [one, other] = yield* sides(bench, "server");
      bench.faults.send = (fd) => fd === other.fd ? -ERRNO.EAGAIN : undefined;
      bench.faults.unconfirmed = () => 0;
      one.wire.send("last words");
      one.wire.reset();
      yield* bench.rest();
      assertEquals([other.wire.receive().end, other.wire.text], ["open", ""]);
      Reflect.deleteProperty(bench.faults, "send");
      Reflect.deleteProperty(bench.faults, "unconfirmed");
      bench.nudge(other.fd);
      yield () => other.wire.receive().end !== "open";
      assertEquals([other.wire.end, other.wire.text], ["reset", "last words"]);
    });
  },
);

for (const side of ["client", "server"] as const) {
  nativeTest(
    `a ${side} to which a send fails without any event has its last words read at once`,
    () => {
      using bench = makeBench();
      const libc = systemLibc();
      bench.play(function* (): Script {
        const [one, other] = yield* sides(bench, side);
        // What it sends is not found before the send has failed.
        let failed = false;
        bench.faults.recv = (fd, into, length) => {
          if (fd !== one.fd) return undefined;
          if (!failed) return -ERRNO.EAGAIN;
          return Math.max(0, libc.recv(fd, into, length));
        };
        bench.faults.send = (fd) => {
          if (fd !== one.fd) return undefined;
          failed = true;
          return -EPIPE;
        };
        one.wire.send("last words");
        yield* bench.rest();
        other.wire.send("into the void");
        yield () => other.wire.receive().end !== "open";
        assertEquals(other.wire.text, "last words");
        yield* gone(bench);
      });
    },
  );
}

nativeTest("a connection of which both sides have failed is over at once", () => {
  using bench = makeBench();
  bench.play(function* (): Script {
    const [client, server] = yield* bench.pair();
    bench.faults.send = () => -EPIPE;
    client.send("into the void");
    server.send("into the void");
    yield* gone(bench);
  });
});

nativeTest("a receiver that is blocked, and takes some bytes now and then, is not idle", () => {
  using bench = makeBench(5);
  bench.play(function* (): Script {
    const [server, client] = yield* sides(bench, "server");
    shrink(client.wire.fd, client.fd);
    yield* fill(bench, server.wire);
    // What waits for it goes out a byte at a time, so that nothing else moves.
    bench.faults.send = (fd, from) => systemLibc().send(fd, from, 1);
    for (let minute = 0; minute < 3; minute++) {
      bench.pass(GRACE.blocked * 1000 - 5000);
      const before = bench.channel().received;
      yield () => {
        client.wire.receive(1000);
        bench.nudge(client.fd);
        return bench.channel().received > before;
      };
    }
    assertEquals(bench.engine.connections().connections.length, 1);
  });
});

nativeTest("a connection whose both directions have no end has one further turn at a time", () => {
  using bench = makeBench();
  bench.play(function* (): Script {
    const [client, server] = yield* bench.pair();
    let reads = 0;
    bench.faults.recv = (_fd, _into, most) => {
      reads++;
      return most;
    };
    bench.faults.send = (_fd, _from, count) => count;
    client.send("x");
    server.send("x");
    let turns = 0;
    yield () => ++turns > 12;
    reads = 0;
    turns = 0;
    yield () => ++turns > 4;
    // Two directions, two reads a turn in each, and a turn for each wait.
    assert(reads <= 4 * 4 * 2, `${reads} reads`);
    Reflect.deleteProperty(bench.faults, "recv");
    Reflect.deleteProperty(bench.faults, "send");
  });
});

for (const how of ["reset", "fault"] as const) {
  nativeTest(`what was held for receivers that had stopped is free after a ${how}`, () => {
    using bench = new EngineBench();
    let asked: number[] = [];
    const endless = (_fd: number, _into: Uint8Array, most: number): number => {
      asked.push(most);
      return most;
    };
    const fails = (): never => {
      throw new Error("planted");
    };
    const calm = (): void => {
      for (const name of ["recv", "send"]) Reflect.deleteProperty(bench.faults, name);
    };
    bench.play(function* (): Script {
      // More than what makes reads short, if nothing of it were given back.
      for (let held = 0; held < 2 * CROWDED;) {
        const pairs: [Wire, Wire][] = [];
        for (let at = 0; at < 200; at++) pairs.push(yield* bench.pair());
        asked = [];
        Object.assign(bench.faults, { recv: endless, send: () => -ERRNO.EAGAIN });
        for (const [, server] of pairs) server.send("x");
        yield () => asked.length === pairs.length;
        held += asked.reduce((sum, most) => sum + most, 0);
        if (how === "fault") {
          bench.faults.recv = fails;
          for (const [client] of pairs) client.send("x");
        } else {
          calm();
          for (const wire of pairs.flat()) wire.reset();
        }
        yield* gone(bench);
        calm();
        for (const wire of pairs.flat()) wire[Symbol.dispose]();
      }
      const [client] = yield* bench.pair();
      asked = [];
      bench.faults.recv = (_fd, _into, most) => {
        asked.push(most);
        return undefined;
      };
      client.send("x");
      yield () => asked.length > 0;
      assertEquals(asked[0], 65_536);
    });
  });
}

nativeTest("bytes and ends of many connections do not get mixed", () => {
  using bench = makeBench();
  bench.play(function* (): Script {
    const pairs: [Wire, Wire][] = [];
    for (let at = 0; at < 40; at++) pairs.push(yield* bench.pair());
    // Descriptors are closed and used again while events of others are told in the same turn.
    for (let round = 0; round < 10; round++) {
      for (const [at, [client, server]] of pairs.entries()) {
        client.send(`c${at}.${round} `);
        server.send(`s${at}.${round} `);
        if ((at + round) % 4 === 0) (at % 2 === 0 ? client : server).shut();
      }
      yield* bench.rest();
      for (const [at, pair] of pairs.entries()) {
        if ((at + round) % 4 !== 0) continue;
        pair[at % 2 === 0 ? 1 : 0].shut();
        pairs[at] = yield* bench.pair();
        for (const wire of pair) {
          yield () => wire.receive().end === "end of file";
          const other = wire === pair[0] ? "s" : "c";
          for (const word of wire.text.trim().split(" ")) {
            assert(word.startsWith(`${other}${at}.`), `${word} at ${at}`);
          }
        }
      }
    }
  });
});
