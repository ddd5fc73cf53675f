/** The wrappers of the C library: every length is checked against its buffer before a call is made. */
import { assert, assertEquals, assertThrows } from "../../kit/assert.ts";
import { EPOLL_CTL, EPOLLIN, epollLayout, ERRNO, FAMILY } from "../../../lib/traffic/native/abi.ts";
import { Libc } from "../../../lib/traffic/native/libc.ts";
import { type Faults, faultyLibc, systemLibc, wirePair } from "../../kit/libc.ts";
import { makeTarget } from "../../../lib/traffic/native/targets.ts";
import { mapIpv4 } from "../../../lib/core/net/ip_address.ts";
import { proxyPeer, readPeer } from "../../../lib/traffic/native/peer.ts";

const ignore = Deno.build.os !== "linux";

const libc = systemLibc;

/** A call with a buffer, and how long the buffer is that it is tried with. */
interface Wrapper {
  readonly name: string;
  /** Most bytes that fit. */
  readonly room: number;
  readonly call: (length: number) => number;
}

/** Every wrapper that takes a length. None gets a descriptor: one that reached the kernel would fail with EBADF. */
function wrappers(c: Libc): Wrapper[] {
  const bytes = new Uint8Array(16);
  const address = new Uint8Array(200);
  const event = epollLayout(Deno.build.arch).words;
  const events = new Int32Array(4 * event);
  return [
    { name: "bind", room: 128, call: (length) => c.bind(-1, address, length) },
    { name: "connect", room: 128, call: (length) => c.connect(-1, address, length) },
    { name: "recv", room: 16, call: (length) => c.recv(-1, bytes, length) },
    { name: "send", room: 16, call: (length) => c.send(-1, bytes, length) },
    { name: "epollWait", room: 4, call: (length) => c.epollWait(-1, events, length, 0) },
  ];
}

Deno.test({
  name: "every wrapper refuses a length that its buffer does not have, and makes no call",
  ignore,
  fn: () => {
    for (const { name, room, call } of wrappers(libc())) {
      const wrong = [-1, 0, room + 1, 2 ** 31, 2 ** 32, 2 ** 32 + 1, 2 ** 53, NaN, Infinity, 0.5];
      for (const length of wrong) {
        assertThrows(() => call(length), RangeError);
      }
      // One that fits reaches the kernel, which knows no such descriptor.
      for (const length of [1, room]) assertEquals(call(length), -9, name);
    }
  },
});

Deno.test({
  name: "a view of a larger buffer is as long as it says, not as what it lies in",
  ignore,
  fn: () => {
    const part = new Uint8Array(64).subarray(8, 24);
    assertThrows(() => libc().recv(-1, part, 17), RangeError);
    assertThrows(() => libc().send(-1, part, 17), RangeError);
  },
});

Deno.test({
  name: "an event buffer that is too short is refused",
  ignore,
  fn: () => {
    const short = new Int32Array(epollLayout(Deno.build.arch).words - 1);
    assertThrows(() => libc().epollControl(-1, 1, 0, short), RangeError);
    assertThrows(() => libc().epollWait(-1, short, 1, 0), RangeError);
  },
});

Deno.test({
  name: "errors come negated, and of the call that failed",
  ignore,
  fn: () => {
    const c = libc();
    assertEquals(c.close(-1), -9);
    assertEquals(c.socket(12345) < 0, true);
    assertEquals(c.close(-1), -9);
  },
});

Deno.test({
  name:
    "a call that the system refuses is named before anything depends on it, and a trial leaves nothing open",
  ignore,
  fn: () => {
    const open: number[] = [];
    const note = (fd: number): number => {
      open.push(fd);
      return fd;
    };
    const tried = (faults: Faults): string | undefined =>
      Libc.prototype.trial.call(faultyLibc(libc(), {
        epollCreate: () => note(libc().epollCreate()),
        eventfd: () => note(libc().eventfd()),
        close: (fd) => {
          open.splice(open.indexOf(fd), 1);
          return undefined;
        },
        ...faults,
      }));
    assertEquals(tried({}), undefined);
    assertEquals(tried({ epollCreate: () => -1 }), "the system refuses epoll_create1 (1)");
    assertEquals(tried({ eventfd: () => -38 }), "the system refuses eventfd (38)");
    assertEquals(open, []);
  },
});

Deno.test({
  name:
    "what was sent and not confirmed is told, and nothing of a descriptor that has no such number",
  ignore,
  fn: () => {
    const c = libc();
    const [near, far] = wirePair();
    using _near = near;
    using _far = far;
    assertEquals(c.unconfirmed(near.fd), 0);
    const sent = near.fill();
    assert(c.unconfirmed(near.fd) > 0 && c.unconfirmed(near.fd) <= sent);
    assertEquals(c.unconfirmed(-1), 0);
  },
});

Deno.test({
  name: "an error that a socket has met is told once",
  ignore,
  fn: () => {
    const c = libc();
    const [near, far] = wirePair();
    using _near = near;
    far.reset();
    assertEquals([c.socketError(near.fd), c.socketError(near.fd)], [ERRNO.ECONNRESET, 0]);
    assertEquals(c.socketError(-1), 9);
  },
});

Deno.test({
  name:
    "a socket that was closed with a reset shows that to its peer, and one that was closed does not",
  ignore,
  fn: () => {
    for (const how of ["reset", "end of file"] as const) {
      const [near, far] = wirePair();
      using _far = far;
      if (how === "reset") near.reset();
      else near[Symbol.dispose]();
      assertEquals(far.receive().end, how);
    }
  },
});

Deno.test({
  name: "what is opened does not block, and is not inherited by another program",
  ignore,
  fn: () => {
    const c = libc();
    const [near, far] = wirePair();
    using _near = near;
    using _far = far;
    const made = [c.eventfd(), c.epollCreate()];
    for (const [at, fd] of [near.fd, far.fd, ...made].entries()) {
      const flags = /^flags:\s+(\d+)$/m.exec(Deno.readTextFileSync(`/proc/self/fdinfo/${fd}`))?.[1];
      const [nonblock, cloexec] = [0o4000, 0o2000000].map((bit) =>
        (parseInt(flags ?? "", 8) & bit) > 0
      );
      // Waiting is what an epoll set is for.
      assertEquals([nonblock, cloexec], [at !== 3, true], `${fd}`);
    }
    for (const fd of made) c.close(fd);
  },
});

Deno.test({
  name: "whoever waits for an eventfd is woken",
  ignore,
  fn: () => {
    const c = libc();
    const wake = c.eventfd();
    const epoll = c.epollCreate();
    const event = new Int32Array(epollLayout(Deno.build.arch).words);
    event[0] = EPOLLIN;
    assertEquals(c.epollControl(epoll, EPOLL_CTL.add, wake, event), 0);
    assertEquals(c.epollWait(epoll, event, 1, 0), 0);
    assertEquals(c.wake(wake), 8);
    assertEquals(c.epollWait(epoll, event, 1, 0), 1);
    for (const fd of [wake, epoll]) c.close(fd);
  },
});

Deno.test({
  name: "bytes go through a socket, and its ends are told",
  ignore,
  fn: () => {
    const c = libc();
    using stack = new DisposableStack();
    const keep = (fd: number): number => {
      assert(fd >= 0, `${fd}`);
      stack.defer(() => c.close(fd));
      return fd;
    };
    const listener = keep(c.socket(FAMILY.ipv4));
    const any = makeTarget({ family: "ipv4", address: 0x7f000001, port: 0 });
    assertEquals(c.bind(listener, any.address, any.length), 0);
    assertEquals(c.listen(listener, 1), 0);
    assertEquals(c.localAddress(listener), 0);
    const { address, port } = proxyPeer(readPeer(c.address));
    assertEquals(address, mapIpv4(0x7f000001));
    const client = keep(c.socket(FAMILY.ipv4));
    const target = makeTarget({ family: "ipv4", address: 0x7f000001, port });
    assertEquals(c.connect(client, target.address, target.length), -ERRNO.EINPROGRESS);
    const server = keep(c.accept4(listener));
    assertEquals(c.accept4(listener), -ERRNO.EAGAIN);
    assertEquals(c.socketError(client), 0);
    assertEquals(c.send(client, Uint8Array.of(1, 2, 3), 3), 3);
    const buffer = new Uint8Array(10);
    assertEquals(c.recv(server, buffer, 10), 3);
    assertEquals(buffer.subarray(0, 3), Uint8Array.of(1, 2, 3));
    assertEquals(c.recv(server, buffer, 10), -ERRNO.EAGAIN);
    assertEquals(c.shutdown(client), 0);
    assertEquals(c.recv(server, buffer, 10), 0);
  },
});
