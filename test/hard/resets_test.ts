/**
 * Resets in every stage: the other side's connection ends, the log tells which side it was, nothing is left.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "../kit/assert.ts";
import { connect as nodeConnect, createServer, type Socket } from "node:net";
import { once } from "node:events";
import { eventually, Instance, LONG, within } from "./kit.ts";
import { Backend, BlackHole, close, echo, readExactly, Resetter, writeAll } from "./peers.ts";
import { descriptors } from "./proc.ts";

const HELLO = new TextEncoder().encode("hello");
const LOGGED = { options: ["--log-connections"] };

/** Reads until the connection ends, by an end of file or a reset. */
async function end(connection: Deno.Conn): Promise<"end" | "reset"> {
  try {
    while (await connection.read(new Uint8Array(1000)) !== null);
    return "end";
  } catch {
    return "reset";
  }
}

Deno.test("a client's reset ends its server's connection and is logged as one", async () => {
  const ended = Promise.withResolvers<string>();
  await using backend = new Backend(async (connection) => {
    await writeAll(connection, HELLO);
    ended.resolve(await end(connection));
  });
  await using balance = await Instance.start([backend.port], LOGGED);
  const client = await Resetter.connect(balance.port);
  await once(client.socket, "data");
  await client.reset();
  await within("the server's end", ended.promise);
  await eventually("the log line", () => balance.text.stderr.includes('cause="client reset"'));
  await balance.settle();
});

/** Ways of a server to go, and what the log calls the end. */
const GOING: [string, (socket: Socket) => void, string][] = [
  ["resets", (socket) => socket.resetAndDestroy(), "server reset"],
  ["closes", (socket) => socket.destroy(), "server closed"],
];

/** Clients of a server that has gone: what they do once they have said hello. */
const CLIENTS: [string, number[]][] = [
  ["stays silent", []],
  ["writes twice more", [100, 200]],
  // A logger: it only writes, for longer than the connection may last.
  ["writes all the time", Array.from({ length: 40 }, (_, at) => (at + 1) * 100)],
];

for (const [going, go, cause] of GOING) {
  for (const [doing, moments] of CLIENTS) {
    if (going === "closes" && doing === "stays silent") continue;
    Deno.test(`a server that ${going} gives its place back in 3 s when its client ${doing}`, async () => {
      await using server = await servingOnce(go);
      await using balance = await Instance.start([`127.0.0.1:${server.port}:1`], LOGGED);
      using client = await balance.connect();
      await client.write(HELLO);
      await server.gone;
      const start = performance.now();
      const writing = write(client, moments);
      await balance.settle(3000);
      // The last words of a server must have their time.
      assert(performance.now() - start > 1500, "too early");
      await eventually("the line", () => balance.text.stderr.includes(`cause="${cause}"`));
      // What was dropped counts nowhere; one write more may have gone before the reset came.
      assert(((await balance.show())[0]?.sent ?? 0) <= 2 * HELLO.length);
      if (moments.length > 10) assert(await within("an error", writing) !== undefined);
      client.close();
      await writing;
    });
  }
}

/** A server that goes once it has heard something. */
async function servingOnce(
  go: (socket: Socket) => void,
): Promise<AsyncDisposable & { port: number; gone: Promise<void> }> {
  const { promise: gone, resolve } = Promise.withResolvers<void>();
  const server = createServer({ allowHalfOpen: true }, (socket: Socket) => {
    socket.on("error", () => {});
    socket.once("data", () => {
      go(socket);
      resolve();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  const port = typeof address === "object" ? address?.port ?? 0 : 0;
  const close = async (): Promise<void> => {
    server.close();
    await once(server, "close");
  };
  return { port, gone, [Symbol.asyncDispose]: close };
}

/**
 * Writes at some moments, in ms from now.
 *
 * @returns The error that a write met; `undefined` if none did.
 */
async function write(connection: Deno.Conn, moments: readonly number[]): Promise<unknown> {
  const start = performance.now();
  for (const moment of moments) {
    const wait = start + moment - performance.now();
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, wait)));
    try {
      await connection.write(HELLO);
    } catch (error) {
      return error;
    }
  }
  return undefined;
}

Deno.test("a server's reset ends its client's connection and is logged as one", async () => {
  await using server = await servingOnce((socket) => socket.resetAndDestroy());
  await using balance = await Instance.start([server.port], LOGGED);
  using client = await balance.connect();
  await client.write(HELLO);
  // The client is told at once; the place follows.
  await within("the client's end", end(client), 1000);
  client.close();
  await eventually("the log line", () => balance.text.stderr.includes('cause="server reset"'));
});

Deno.test("ordinary ends are logged with the side that ended first", async () => {
  await using backend = new Backend(echo);
  await using leaving = new Backend((connection) => writeAll(connection, HELLO));
  await using balance = await Instance.start([backend.port, leaving.port], LOGGED);
  using first = await balance.connect();
  await first.closeWrite();
  assertEquals(await end(first), "end");
  await eventually("a line", () => balance.text.stderr.includes('cause="client closed"'));
  using second = await balance.connect();
  assertEquals(await end(second), "end");
  second.close();
  await eventually("a line", () => balance.text.stderr.includes('cause="server closed"'));
});

Deno.test("clients that reset before they are accepted do not end the accept loop", async () => {
  await using backend = new Backend(echo);
  await using balance = await Instance.start([backend.port]);
  balance.kill("SIGSTOP");
  for (let count = 0; count < 150; count++) await (await Resetter.connect(balance.port)).reset();
  balance.kill("SIGCONT");
  using client = await balance.connect();
  await writeAll(client, HELLO);
  await within("an echo", readExactly(client, HELLO.length));
  client.close();
  await balance.settle();
});

Deno.test("clients that reset while their server is being connected give their place back", async () => {
  await using hole = await BlackHole.open();
  await using balance = await Instance.start([hole.port], { options: ["-t", "1"] });
  const clients: Resetter[] = [];
  for (let count = 0; count < 20; count++) clients.push(await Resetter.connect(balance.port));
  for (const client of clients) await client.write(HELLO);
  await eventually("the attempts", async () => (await balance.show())[0]?.totalc === 20);
  for (const client of clients) await client.reset();
  await balance.settle();
});

Deno.test("resets mid-stream and after a half-close leave no place, no descriptor", async () => {
  await using backend = new Backend(echo);
  await using balance = await Instance.start([backend.port]);
  await balance.settle();
  const before = descriptors(balance.pid);
  const rounds = LONG ? 1000 : 60;
  for (let round = 0; round < rounds; round++) {
    const client = await Resetter.connect(balance.port);
    await client.write(new Uint8Array(1 + (round * 7919) % 100_000));
    await once(client.socket, "data");
    if (round % 2 === 0) await client.end();
    await client.reset();
  }
  await balance.settle();
  await eventually("descriptors back", () => descriptors(balance.pid) <= before);
  assertEquals((await balance.show())[0]?.totalc, rounds);
  using last = await balance.connect();
  await writeAll(last, HELLO);
  assertEquals(await readExactly(last, HELLO.length), HELLO);
});

Deno.test("a server that vanishes in the middle of bulk both ways ends the client", async () => {
  await using backend = new Backend(async (connection) => {
    await readExactly(connection, 1_000_000);
    close(connection);
  });
  await using balance = await Instance.start([backend.port], LOGGED);
  const socket = nodeConnect({ port: balance.port, host: "127.0.0.1" });
  socket.on("error", () => {});
  socket.on("data", () => {});
  socket.write(new Uint8Array(8_000_000));
  // Whichever end it is, a reset among them.
  await within("the client's end", new Promise((resolve) => socket.on("close", resolve)));
  await balance.settle();
  await eventually("the line", () => /cause="server (closed|reset)"/.test(balance.text.stderr));
  assertStringIncludes(balance.text.stderr, "connection ended");
});
