import { eventually, within } from "../kit/wait.ts";
import { deadPort } from "../kit/ports.ts";
import { type CheckOrder, startCheck } from "../../lib/backends/checks.ts";
import { type Dialogue, type Exchange, exchangeFor } from "../../lib/core/health/exchange.ts";
import type { CheckKind } from "../../lib/core/health/check_kinds.ts";
import type { Endpoint } from "../../lib/core/net/socket_address.ts";
import { assert, assertEquals } from "../kit/assert.ts";
import { hear, type Manner, NotingServer, say } from "./servers.ts";

const TARGET = { host: "localhost", port: 80 };
const HTTP: CheckKind = { kind: "http", path: "/up" };
const TCP: CheckKind = { kind: "tcp" };

function exchange(kind: CheckKind, words: { send?: string; expect?: string } = {}): Exchange {
  const bytes = (text?: string): Uint8Array<ArrayBuffer> | undefined =>
    text === undefined ? undefined : new TextEncoder().encode(text);
  const dialogue: Dialogue = { send: bytes(words.send), expect: bytes(words.expect) };
  const made = exchangeFor(kind, dialogue, TARGET);
  if (made === undefined) throw new Error("no check");
  return made;
}

/** Checks once, waits until the connection is closed, and says what was found. */
async function check(
  order: Pick<CheckOrder, "endpoint" | "exchange">,
  timeoutMs = 2000,
): Promise<string> {
  const { verdict, over } = startCheck({ ...order, timeoutMs, source: undefined });
  const found = await within(verdict, "a verdict");
  await within(over, "the end of the check");
  return found === undefined ? "nothing" : `${found.ok ? "ok" : "bad"}: ${found.reason}`;
}

/** Listens, but has stopped accepting. */
const silent: Manner = () => Promise.resolve();
/** Answers a request and closes, as `Connection: close` asks for. */
const web = (head: string, body = "hello"): Manner => async (connection) => {
  await hear(connection);
  await say(connection, `${head}\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  await connection.closeWrite();
};
/** Speaks when the client has sent its end of file, which is the worst time for a client that has gone. */
const late = (text: string): Manner => async (connection) => {
  while (await connection.read(new Uint8Array(4096)) !== null);
  await say(connection, text);
  await say(connection, text);
};

interface Case {
  readonly name: string;
  readonly server: Manner;
  readonly exchange: Exchange;
  readonly found: string;
}

const CASES: readonly Case[] = [
  {
    name: "tcp: a server that says nothing",
    server: silent,
    exchange: exchange(TCP),
    found: "ok: connected",
  },
  {
    name: "tcp: a server with a banner",
    server: (connection) => say(connection, "220 hello\r\n"),
    exchange: exchange(TCP),
    found: "ok: connected",
  },
  {
    name: "tcp: a server with very much to say",
    server: (connection) => say(connection, "x".repeat(500_000)),
    exchange: exchange(TCP),
    found: "ok: connected",
  },
  {
    name: "tcp: a server that speaks at the end of file",
    server: late("bye\r\n"),
    exchange: exchange(TCP),
    found: "ok: connected",
  },
  {
    name: "http: 200",
    server: web("HTTP/1.1 200 OK"),
    exchange: exchange(HTTP),
    found: "ok: http 200",
  },
  {
    name: "http: 302 and a long page",
    server: web("HTTP/1.1 302 Found", "x".repeat(300_000)),
    exchange: exchange(HTTP),
    found: "ok: http 302",
  },
  {
    name: "http: 503",
    server: web("HTTP/1.1 503 Unavailable"),
    exchange: exchange(HTTP),
    found: "bad: http 503",
  },
  {
    name: "http: another protocol",
    server: (connection) => say(connection, "220 mail.example ESMTP\r\n"),
    exchange: exchange(HTTP),
    found: "bad: malformed http answer",
  },
  {
    name: "dialogue: the answer in two pieces",
    server: async (connection) => {
      await hear(connection);
      await say(connection, "+PO");
      await say(connection, "NG\r\n");
    },
    exchange: exchange(TCP, { send: "PING\r\n", expect: "+PONG" }),
    found: "ok: expected answer",
  },
  {
    name: "dialogue: a banner alone",
    server: (connection) => say(connection, "220 hello\r\n"),
    exchange: exchange(TCP, { expect: "220 " }),
    found: "ok: expected answer",
  },
  {
    name: "dialogue: 4 KiB of something else",
    server: (connection) => say(connection, "x".repeat(10_000)),
    exchange: exchange(TCP, { expect: "220 " }),
    found: "bad: unexpected answer",
  },
  {
    name: "dialogue: words without an answer",
    server: hear,
    exchange: exchange(TCP, { send: "QUIT\r\n" }),
    found: "ok: connected",
  },
];

for (const { name, server, exchange, found } of CASES) {
  Deno.test(`a check finds what is so, and the server sees an end of file and no reset: ${name}`, async () => {
    await using noting = new NotingServer(server);
    for (let round = 0; round < 3; round++) {
      assertEquals(await check({ endpoint: noting.endpoint, exchange }), found);
    }
    await eventually(() => noting.ends.length === 3, "three ends");
    assertEquals(noting.ends, ["eof", "eof", "eof"]);
  });
}

Deno.test("a check of a server that closes before its answer fails at once", async () => {
  await using noting = new NotingServer((connection) => connection.closeWrite());
  const order = { endpoint: noting.endpoint, exchange: exchange(TCP, { expect: "x" }) };
  assertEquals(await check(order), "bad: closed without the answer");
});

Deno.test("a check of a port where nobody listens is refused", async () => {
  const endpoint: Endpoint = { family: "ipv4", address: 0x7f000001, port: deadPort() };
  assertEquals(await check({ endpoint, exchange: exchange(TCP) }), "bad: refused");
});

Deno.test("a check of a server that never answers times out, and leaves no connection behind", async () => {
  await using noting = new NotingServer(silent);
  const order = { endpoint: noting.endpoint, exchange: exchange(HTTP) };
  assertEquals(await check(order, 100), "bad: timed out");
  await eventually(() => noting.ends.length === 1, "the end of its connection");
});

Deno.test("a check of a server that never closes is over in time all the same", async () => {
  const forever = Promise.withResolvers<void>();
  await using noting = new NotingServer(() => forever.promise);
  assertEquals(
    await check({ endpoint: noting.endpoint, exchange: exchange(TCP) }, 100),
    "ok: connected",
  );
  forever.resolve();
  await eventually(() => noting.ends.length === 1, "the end of its connection");
});

Deno.test("a check that cannot connect in time is over in time", async () => {
  // A backlog of one that nobody takes from is full after two connections; a third gets no answer.
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0, tcpBacklog: 1 });
  const { port } = listener.addr;
  using stack = new DisposableStack();
  for (let fill = 0; fill < 4; fill++) {
    const connecting = Deno.connect({
      hostname: "127.0.0.1",
      port,
      signal: AbortSignal.timeout(500),
    });
    try {
      stack.use(await connecting);
    } catch {
      // Full.
    }
  }
  const endpoint: Endpoint = { family: "ipv4", address: 0x7f000001, port };
  const began = performance.now();
  assertEquals(await check({ endpoint, exchange: exchange(TCP) }, 200), "bad: timed out");
  assert(performance.now() - began >= 200);
});

Deno.test("a check reaches a server over IPv6 and at a Unix socket", async () => {
  const folder = await Deno.makeTempDir({ prefix: "balance-test-" });
  const path = `${folder}/socket`;
  {
    await using six = new NotingServer(silent, Deno.listen({ hostname: "::1", port: 0 }));
    await using unix = new NotingServer(silent, Deno.listen({ transport: "unix", path }));
    const address = new Uint8Array(16);
    address[15] = 1;
    const endpoints: Endpoint[] = [
      { family: "ipv6", address, port: six.port, scope: 0 },
      { family: "unix", path },
    ];
    for (const endpoint of endpoints) {
      assertEquals(await check({ endpoint, exchange: exchange(TCP) }), "ok: connected");
    }
    await eventually(() => six.ends.length + unix.ends.length === 2, "two ends");
    assertEquals([six.ends, unix.ends], [["eof"], ["eof"]]);
  }
  await Deno.remove(folder, { recursive: true });
});
