/**
 * The accept loop: what one client's failure, want of descriptors and closing do to it.
 *
 * @module
 */
import { assert, assertEquals, assertThrows } from "../kit/assert.ts";
import { EXIT, ExitError } from "../../lib/core/errors.ts";
import { Acceptor, bind } from "../../lib/traffic/deno/listener.ts";
import { eventually, sleep } from "../kit/wait.ts";
import { AcceptLoop, type FakeListener } from "./accept_loop.ts";

const ANY = { hostname: "127.0.0.1", port: 0 };
const CLIENT = {} as Deno.TcpConn;
/** Failures in a row after which the loop pauses. */
const PATIENCE = 100;
/** Length of a pause in ms; timers may be a little early. */
const PAUSE_MS = 95;

/** An error as the system's calls have it. */
function systemError(code: string): Error {
  return Object.assign(new Error(code), { code });
}

/** A listener whose accepts are given. */
class ScriptedListener implements FakeListener {
  /** When accept was called, in ms. */
  readonly accepts: number[] = [];
  readonly #script: (Deno.TcpConn | Error)[];
  #more = Promise.withResolvers<void>();
  #closed = false;

  /** @param script What the accepts give, in turn; behind it they wait. */
  constructor(script: readonly (Deno.TcpConn | Error)[]) {
    this.#script = [...script];
  }

  /** Adds what further accepts give. */
  add(...script: (Deno.TcpConn | Error)[]): void {
    this.#script.push(...script);
    this.#more.resolve();
    this.#more = Promise.withResolvers();
  }

  async accept(): Promise<Deno.TcpConn> {
    this.accepts.push(performance.now());
    while (this.#script.length === 0 && !this.#closed) await this.#more.promise;
    if (this.#closed) throw new Deno.errors.Interrupted();
    const next = this.#script.shift();
    if (next instanceof Error) throw next;
    return next ?? CLIENT;
  }

  close(): void {
    this.#closed = true;
    this.#more.resolve();
  }
}

/** A loop whose accepts are given. */
class Bench extends AcceptLoop {
  readonly listener: ScriptedListener;

  constructor(script: readonly (Deno.TcpConn | Error)[], clients = 0) {
    const listener = new ScriptedListener(script);
    super(listener, clients);
    this.listener = listener;
  }
}

/** Lets everything that is ready happen, but no pause end. */
async function turn(): Promise<void> {
  await sleep(0);
}

Deno.test("each client of a real listener is served, and closing ends the loop", async () => {
  const listener = bind(ANY, false);
  const { port } = listener.addr as Deno.NetAddr;
  const served: Deno.TcpConn[] = [];
  const acceptor = new Acceptor(listener, {
    log: () => {},
    trace: undefined,
    outOfDescriptors: () => {},
  });
  const running = acceptor.run((client) => served.push(client), () => served.length);
  const clients = await Promise.all(
    Array.from({ length: 10 }, () => Deno.connect({ ...ANY, port })),
  );
  await eventually(() => served.length === 10, "all of them");
  acceptor.close();
  acceptor.close();
  await running;
  for (const each of [...served, ...clients]) each.close();
  bind({ ...ANY, port }, false).close();
});

Deno.test("an address that is taken is an error of the system, in the classic's words", () => {
  using listener = bind(ANY, false);
  const { port } = listener.addr as Deno.NetAddr;
  const error = assertThrows(() => bind({ ...ANY, port }, false), ExitError);
  assertEquals([error.code, error.message], [EXIT.os, "bind(): Address already in use"]);
});

Deno.test("the failure of one accept costs nobody else anything", async () => {
  const failures = ["ECONNABORTED", "EPROTO", "EPERM"].map(systemError);
  await using bench = new Bench(failures.flatMap((failure) => [failure, CLIENT]));
  await turn();
  assertEquals([bench.served, bench.outOfDescriptors], [failures.length, 0]);
});

Deno.test("failures with clients in between are no reason to pause", async () => {
  const failures = Array.from({ length: PATIENCE - 1 }, () => systemError("EPERM"));
  await using bench = new Bench([...failures, CLIENT, ...failures, CLIENT]);
  await turn();
  assertEquals(bench.served, 2);
});

Deno.test("when every accept fails the loop does not spin", async () => {
  await using bench = new Bench(Array.from({ length: PATIENCE + 1 }, () => systemError("EPERM")));
  await eventually(() => bench.listener.accepts.length === PATIENCE + 2, "an accept that waits");
  const [before = 0, after = 0] = bench.listener.accepts.slice(PATIENCE - 1);
  assert(after - before >= PAUSE_MS, `a pause of ${after - before} ms`);
  assertEquals(bench.outOfDescriptors, 0);
});

for (const code of ["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"]) {
  Deno.test(`accepting pauses on ${code}, which is told`, async () => {
    await using bench = new Bench([systemError(code)]);
    await eventually(() => bench.listener.accepts.length === 2, "the next accept");
    const [before = 0, after = 0] = bench.listener.accepts;
    assert(after - before >= PAUSE_MS, `a pause of ${after - before} ms`);
    assertEquals(bench.outOfDescriptors, 1);
  });
}

Deno.test("after want of descriptors fewer clients are accepted than there were", async () => {
  await using bench = new Bench([systemError("EMFILE"), CLIENT, CLIENT, CLIENT], 10);
  await eventually(() => bench.outOfDescriptors === 1, "the want");
  await bench.looksOn();
  assertEquals(bench.listener.accepts.length, 1, "10 clients");
  bench.clients = 6;
  await bench.looksOn();
  assertEquals(bench.listener.accepts.length, 1, "6 clients");
  bench.clients = 5;
  await eventually(() => bench.served === 1, "one more");
  await bench.looksOn();
  assertEquals([bench.served, bench.clients], [1, 6]);
});

Deno.test("one client is accepted, however few there were", async () => {
  await using bench = new Bench([systemError("EMFILE"), CLIENT, CLIENT], 2);
  await eventually(() => bench.outOfDescriptors === 1, "the want");
  bench.clients = 0;
  await eventually(() => bench.served === 1, "one client");
  await bench.looksOn();
  assertEquals(bench.served, 1);
});

Deno.test("some seconds later it is tried with as many clients as come", async () => {
  await using bench = new Bench([systemError("EMFILE"), CLIENT, CLIENT], 10);
  await eventually(() => bench.outOfDescriptors === 1, "the want");
  await bench.looksOn();
  assertEquals(bench.served, 0);
  await eventually(() => bench.served === 2, "both");
  const [before = 0, after = 0] = bench.listener.accepts;
  assert(after - before >= 5000, `after ${after - before} ms`);
});

Deno.test("want that a session tells of holds the loop back as well, and all wait for one pause", async () => {
  await using bench = new Bench([], 10);
  await eventually(() => bench.listener.accepts.length === 1, "an accept that waits");
  const began = performance.now();
  const pause = bench.acceptor.outOfDescriptors();
  assert(bench.acceptor.outOfDescriptors() === pause, "another pause");
  await pause;
  assert(performance.now() - began >= PAUSE_MS, "no pause");
  assertEquals(bench.outOfDescriptors, 2);
  bench.listener.add(CLIENT, CLIENT);
  await eventually(() => bench.served === 1, "the client that was being accepted");
  await bench.looksOn();
  assertEquals(bench.served, 1);
});

Deno.test("nobody is accepted during a pause, however few clients there are", async () => {
  await using bench = new Bench([], 10);
  await eventually(() => bench.listener.accepts.length === 1, "an accept that waits");
  const began = performance.now();
  bench.acceptor.outOfDescriptors();
  bench.clients = 0;
  bench.listener.add(CLIENT, CLIENT);
  await eventually(
    () => bench.served === 2,
    "the client that was being accepted, and the next one",
  );
  assert((bench.listener.accepts[1] ?? 0) - began >= PAUSE_MS, "no pause");
});

for (const error of [new Deno.errors.BadResource(), new Deno.errors.Interrupted()]) {
  Deno.test(`a listener that is gone (${error.name}) ends the loop`, async () => {
    const bench = new Bench([error]);
    await bench.running;
    assertEquals(bench.listener.accepts.length, 1);
  });
}

Deno.test("closing during a pause ends the loop when the pause is over", async () => {
  const bench = new Bench([systemError("EMFILE")], 10);
  await eventually(() => bench.outOfDescriptors === 1, "the want");
  bench.acceptor.close();
  await bench.running;
  assertEquals(bench.listener.accepts.length, 1);
});
