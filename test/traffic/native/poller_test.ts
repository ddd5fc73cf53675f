/** What waits for descriptors: each event goes to whom it belongs, once. */
import { assertEquals, assertThrows } from "../../kit/assert.ts";
import { type Faults, faultyLibc, nativeTest, systemLibc, wirePair } from "../../kit/libc.ts";
import { EPOLLIN, EPOLLOUT, ERRNO } from "../../../lib/traffic/native/abi.ts";
import { Poller, type Watched } from "../../../lib/traffic/native/poller.ts";

const clock = { update: (): void => {} };

/** A set of a test's own, closed with it. */
class EpollSet implements Disposable {
  readonly faults: Faults;
  readonly poller: Poller;
  /** What was told, in order. */
  readonly told: string[] = [];
  readonly #pairs = new DisposableStack();
  #epoll = -1;

  constructor(faults: Faults = {}) {
    this.faults = faults;
    const epollCreate = (): number => this.#epoll = systemLibc().epollCreate();
    this.poller = new Poller(faultyLibc(faultyLibc(systemLibc(), faults), { epollCreate }));
  }

  /** Two sockets that are connected, closed with the set. */
  pair(): ReturnType<typeof wirePair> {
    const pair = wirePair();
    for (const end of pair) this.#pairs.use(end);
    return pair;
  }

  /** Watches a socket; what is told of it is noted by its name. */
  add(name: string, fd: number, level = false, onEvents = (): void => {}): number {
    const watched: Watched = {
      onEvents: () => {
        this.told.push(name);
        onEvents();
      },
      onFault: () => {},
    };
    return this.poller.add(fd, EPOLLIN, watched, level);
  }

  /** Tells what has happened. */
  wait(): string[] {
    this.told.length = 0;
    this.poller.wait(20, clock, (watched, events) => watched.onEvents(events));
    return [...this.told];
  }

  [Symbol.dispose](): void {
    this.#pairs.dispose();
    systemLibc().close(this.#epoll);
  }
}

nativeTest("an edge is told once, and again when more comes", () => {
  using set = new EpollSet();
  const [near, far] = set.pair();
  set.add("far", far.fd);
  near.send("one");
  assertEquals([set.wait(), set.wait()], [["far"], []]);
  near.send("two");
  assertEquals([set.wait(), set.wait()], [["far"], []]);
});

nativeTest("a level is told as long as it lasts", () => {
  using set = new EpollSet();
  const [near, far] = set.pair();
  set.add("far", far.fd, true);
  near.send("one");
  assertEquals([set.wait(), set.wait()], [["far"], ["far"]]);
  far.receive();
  assertEquals(set.wait(), []);
});

nativeTest("what is so already is told when it is asked for", () => {
  using set = new EpollSet();
  const [near, far] = set.pair();
  near.send("one");
  set.add("far", far.fd);
  assertEquals(set.wait(), ["far"]);
});

nativeTest("what has happened is told as a sum, to its own object", () => {
  using set = new EpollSet();
  const [near, far] = set.pair();
  const sums: number[] = [];
  const watched = { onEvents: (events: number) => sums.push(events), onFault: (): void => {} };
  set.poller.add(far.fd, EPOLLIN | EPOLLOUT, watched);
  near.send("one");
  set.wait();
  assertEquals(sums, [EPOLLIN | EPOLLOUT]);
});

nativeTest("of one that is removed nothing is told, until it is added again", () => {
  using set = new EpollSet();
  const [near, far] = set.pair();
  set.add("far", far.fd, true);
  near.send("one");
  assertEquals(set.wait(), ["far"]);
  set.poller.remove(far.fd);
  assertEquals(set.wait(), []);
  assertEquals(set.add("far again", far.fd, true), 0);
  assertEquals(set.wait(), ["far again"]);
});

/** Two sockets for which something has come, and what closes whatever is still open in the end. */
function twoReady(): { one: number; other: number; stack: DisposableStack } {
  const stack = new DisposableStack();
  const [one = -1, other = -1] = [wirePair(), wirePair()].map(([near, far]) => {
    stack.use(near).send("x");
    return far.fd;
  });
  return { one, other, stack };
}

for (const how of ["close", "remove"] as const) {
  nativeTest(`after a ${how} in the same turn nothing more is told`, () => {
    using set = new EpollSet();
    const { one, other, stack } = twoReady();
    using _stack = stack;
    // Whichever is told first does away with the other.
    set.add("one", one, false, () => set.poller[how](other));
    set.add("other", other, false, () => set.poller[how](one));
    const [told, ...more] = set.wait();
    assertEquals([more, set.wait()], [[], []]);
    systemLibc().close(told === "one" ? one : other);
    if (how === "remove") systemLibc().close(told === "one" ? other : one);
  });
}

nativeTest("an event of a descriptor's predecessor is not told to who has its number now", () => {
  using set = new EpollSet();
  // As the kernel does it, but with numbers that nobody has.
  const events: Int32Array[] = [];
  Object.assign(
    set.faults,
    {
      close: () => 0,
      epollControl: (_epoll, _operation, fd, event) => {
        events[fd] = event.slice();
        return 0;
      },
      epollWait: (_epoll, into) => {
        const batch = events.splice(0).filter((event) => event !== undefined);
        for (const [at, event] of batch.entries()) into.set(event, at * event.length);
        return batch.length;
      },
    } satisfies Faults,
  );
  set.add("one", 5, false, () => {
    set.poller.close(6);
    set.add("successor", 6);
  });
  set.add("other", 6);
  assertEquals([set.wait(), set.wait()], [["one"], ["successor"]]);
});

nativeTest("a wait that a signal interrupts tells nothing, and one that fails says so", () => {
  using set = new EpollSet();
  set.faults.epollWait = () => -ERRNO.EINTR;
  assertEquals(set.wait(), []);
  set.faults.epollWait = () => -9;
  assertThrows(() => set.wait(), Error, "Cannot wait for events: error 9");
});

nativeTest("the time is looked at after each wait, before anything is told", () => {
  using set = new EpollSet();
  const [near, far] = set.pair();
  const order: string[] = [];
  set.add("far", far.fd, false, () => order.push("told"));
  near.send("one");
  set.poller.wait(20, { update: () => order.push("time") }, (each) => each.onEvents(0));
  assertEquals(order, ["time", "told"]);
});

nativeTest("one that cannot be added is told nothing, and its error is given", () => {
  using set = new EpollSet();
  const [near, far] = set.pair();
  set.add("first", far.fd);
  // EEXIST: whoever was there stays.
  assertEquals(set.add("second", far.fd), -17);
  near.send("one");
  assertEquals(set.wait(), ["first"]);
});

nativeTest("without an epoll set there is no poller", () => {
  const libc = faultyLibc(systemLibc(), { epollCreate: () => -ERRNO.EMFILE });
  assertThrows(() => new Poller(libc), Error, "Cannot make an epoll set: error 24");
});

nativeTest("more events than one turn takes are told in the next ones", () => {
  using set = new EpollSet();
  using stack = new DisposableStack();
  const pairs = Array.from({ length: 300 }, () => wirePair());
  for (const [at, [near, far]] of pairs.entries()) {
    stack.use(near);
    stack.use(far);
    set.add(`${at}`, far.fd);
    near.send("x");
  }
  const told = [...set.wait(), ...set.wait()];
  assertEquals(told.length, 300);
  assertEquals(new Set(told).size, 300);
});
