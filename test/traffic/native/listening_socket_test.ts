/** The listening socket that threads and processes share. */
import { assert, assertEquals, assertNotEquals } from "../../kit/assert.ts";
import { freePort } from "../../kit/ports.ts";
import { faultyLibc } from "../../kit/libc.ts";
import { dial } from "../../kit/clients.ts";
import { SYSTEM_TIMEOUTS } from "../../../lib/core/edge/peer_timeouts.ts";
import { FAMILY, LEVEL, OPTION } from "../../../lib/traffic/native/abi.ts";
import { type Libc, loadLibc } from "../../../lib/traffic/native/libc.ts";
import { ListeningSocket, type MaybeSocket } from "../../../lib/traffic/native/listening_socket.ts";

const ignore = Deno.build.os !== "linux";
// Once for all tests: it stays loaded.
const loaded = ignore ? undefined : loadLibc();

function test(name: string, body: (libc: Libc) => Promise<void> | void): void {
  Deno.test({
    name,
    ignore,
    fn: async () => {
      if (loaded?.kind !== "loaded") throw new Error("No C library");
      await body(loaded.libc);
    },
  });
}

function opened(maybe: MaybeSocket): ListeningSocket {
  if ("failure" in maybe) throw new Error(maybe.failure);
  return maybe.socket;
}

/** What a socket hands down to its clients. */
function timeouts(libc: Libc, fd: number): number[] {
  const { keepIdle, keepInterval, keepCount, userTimeout } = OPTION.tcp;
  return [keepIdle, keepInterval, keepCount, userTimeout].map((each) =>
    libc.option(fd, LEVEL.tcp, each)
  );
}

async function refuses(port: number): Promise<boolean> {
  try {
    (await dial(port)).close();
    return false;
  } catch {
    return true;
  }
}

test("what one owner wanted of clients is gone when the next one prepares it", (libc) => {
  const fresh = libc.socket(FAMILY.ipv4);
  const usual = timeouts(libc, fresh);
  libc.close(fresh);
  const socket = opened(ListeningSocket.bind(libc, { hostname: "127.0.0.1", port: freePort() }));
  socket.prepare({ probes: { idle: 7, interval: 3, count: 2 }, userTimeout: 4 });
  assertEquals(timeouts(libc, socket.fd), [7, 3, 2, 4000]);
  socket.prepare(SYSTEM_TIMEOUTS);
  assertEquals(timeouts(libc, socket.fd), usual);
  assertNotEquals(libc.option(socket.fd, LEVEL.socket, OPTION.socket.keepAlive), 0);
  socket.close();
});

test("while it is shut it refuses; it may be opened and closed more than once", async (libc) => {
  const port = freePort();
  const socket = opened(ListeningSocket.bind(libc, { hostname: "127.0.0.1", port }));
  assert(!await refuses(port));
  socket.shut();
  assert(await refuses(port));
  socket.open();
  socket.open();
  assert(!await refuses(port));
  socket.close();
  socket.close();
  socket.open();
  assert(await refuses(port));
});

test("what is adopted must be a TCP socket of the port and family; else it is closed", (libc) => {
  // Each has a port of its own: one that was just closed may live on for a moment in a process that is being started.
  const listening = (): { fd: number; port: number } => {
    const port = freePort();
    return { fd: opened(ListeningSocket.bind(libc, { hostname: "127.0.0.1", port })).fd, port };
  };
  const why = (fd: number, hostname: string, port: number, anyFamily = false): string => {
    const closed: number[] = [];
    const watched = faultyLibc(libc, {
      close: (each) => {
        closed.push(each);
        return undefined;
      },
    });
    const maybe = ListeningSocket.adopt(watched, fd, { hostname, port }, anyFamily);
    if ("failure" in maybe) {
      assertEquals(closed, [fd]);
      return maybe.failure;
    }
    assertEquals(closed, []);
    maybe.socket.close();
    return "";
  };
  const [plain, any, six, other] = [listening(), listening(), listening(), listening()];
  assertEquals(why(plain.fd, "127.0.0.1", plain.port), "");
  assertEquals(why(any.fd, "::", any.port, true), "");
  assertEquals(why(six.fd, "::", six.port), "it is of IPv4");
  assertEquals(why(other.fd, "127.0.0.1", 1), `it has port ${other.port}, not 1`);
  assertEquals(why(libc.socket(FAMILY.unix), "127.0.0.1", 1), "it is no TCP socket");
  assertEquals(why(libc.eventfd(), "127.0.0.1", 1), "it is no socket for connections");
});
