/** The listening socket that threads and processes share. */
import { assert, assertEquals, assertNotEquals } from "../../kit/assert.ts";
import { freePort } from "../../kit/ports.ts";
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
  const port = freePort();
  const ipv4 = { hostname: "127.0.0.1", port };
  const ipv6 = { hostname: "::", port };
  const listening = (): number => opened(ListeningSocket.bind(libc, ipv4)).fd;
  const why = (fd: number, address: typeof ipv4, anyFamily = false): string => {
    const maybe = ListeningSocket.adopt(libc, fd, address, anyFamily);
    if ("failure" in maybe) {
      assert(libc.close(fd) < 0);
      return maybe.failure;
    }
    maybe.socket.close();
    return "";
  };
  assertEquals(why(listening(), ipv4), "");
  assertEquals(why(listening(), ipv6, true), "");
  assertEquals(why(listening(), ipv6), "it is of IPv4");
  assertEquals(why(listening(), { ...ipv4, port: 1 }), `it has port ${port}, not 1`);
  assertEquals(why(libc.socket(FAMILY.unix), ipv4), "it is no TCP socket");
  assertEquals(why(libc.eventfd(), ipv4), "it is no socket for connections");
});
