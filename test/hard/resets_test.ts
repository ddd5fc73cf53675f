/**
 * Resets in every stage: the other side's connection ends, the log tells which side it was, nothing is left.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "../kit/assert.ts";
import { connect as nodeConnect, createServer, type Socket } from "node:net";
import { once } from "node:events";
import { descriptors } from "../kit/processes.ts";
import { eventually, sleep, within } from "../kit/wait.ts";
import { LONG } from "../kit/needs.ts";
import { NATIVE } from "../kit/programs.ts";
import { startInstance } from "../kit/start.ts";
import { Backend, echo } from "../kit/backends.ts";
import { BlackHole } from "../kit/black_hole.ts";
import { close } from "../../lib/system/close.ts";
import { readExactly, send } from "../kit/streams.ts";
import { checkEcho, HELLO, Resetter } from "../kit/clients.ts";

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
    await send(connection, HELLO);
    ended.resolve(await end(connection));
  });
  await using balance = await startInstance([backend.port], LOGGED);
  const client = await Resetter.connect(balance.port);
  await once(client.socket, "data");
  await client.reset();
  await within(ended.promise, "the server's end");
  await eventually(() => balance.stderr.text.includes('cause="client reset"'), "the log line");
  await balance.idle();
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
      await using balance = await startInstance([`127.0.0.1:${server.port}:1`], LOGGED);
      using client = await balance.connect();
      await client.write(HELLO);
      await server.gone;
      const start = performance.now();
      const writing = write(client, moments);
      await balance.idle(3000);
      // The last words of a server must have their time, unless it is known when they have been heard.
      if (!NATIVE) assert(performance.now() - start > 1500, "too early");
      await eventually(() => balance.stderr.text.includes(`cause="${cause}"`), "the line");
      // What was dropped counts nowhere; one write more may have gone before the reset came.
      assert(((await balance.show())[0]?.sent ?? 0) <= 2 * HELLO.length);
      if (moments.length > 10) assert(await within(writing, "an error") !== undefined);
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
    await sleep(Math.max(0, wait));
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
  await using balance = await startInstance([server.port], LOGGED);
  using client = await balance.connect();
  await client.write(HELLO);
  // The client is told at once; the place follows.
  await within(end(client), "the client's end", 1000);
  client.close();
  await eventually(() => balance.stderr.text.includes('cause="server reset"'), "the log line");
});

Deno.test("ordinary ends are logged with the side that ended first", async () => {
  await using backend = new Backend(echo);
  await using leaving = new Backend((connection) => send(connection, HELLO));
  await using balance = await startInstance([backend.port, leaving.port], LOGGED);
  using first = await balance.connect();
  await first.closeWrite();
  assertEquals(await end(first), "end");
  await eventually(() => balance.stderr.text.includes('cause="client closed"'), "a line");
  using second = await balance.connect();
  assertEquals(await end(second), "end");
  second.close();
  await eventually(() => balance.stderr.text.includes('cause="server closed"'), "a line");
});

Deno.test("clients that reset before they are accepted do not end the accept loop", async () => {
  await using backend = new Backend(echo);
  await using balance = await startInstance([backend.port]);
  balance.signal("SIGSTOP");
  for (let count = 0; count < 150; count++) await (await Resetter.connect(balance.port)).reset();
  balance.signal("SIGCONT");
  using client = await balance.connect();
  await within(checkEcho(client), "an echo");
  client.close();
  await balance.idle();
});

Deno.test("clients that reset while their server is being connected give their place back", async () => {
  await using hole = await BlackHole.open();
  await using balance = await startInstance([hole.port], { options: ["-t", "1"] });
  const clients: Resetter[] = [];
  for (let count = 0; count < 20; count++) clients.push(await Resetter.connect(balance.port));
  for (const client of clients) await client.write(HELLO);
  await eventually(async () => (await balance.show())[0]?.totalc === 20, "the attempts");
  for (const client of clients) await client.reset();
  await balance.idle();
});

Deno.test("resets mid-stream and after a half-close leave no place, no descriptor", async () => {
  await using backend = new Backend(echo);
  await using balance = await startInstance([backend.port]);
  await balance.idle();
  const before = descriptors(balance.pid);
  const rounds = LONG ? 1000 : 60;
  for (let round = 0; round < rounds; round++) {
    const client = await Resetter.connect(balance.port);
    await client.write(new Uint8Array(1 + (round * 7919) % 100_000));
    await once(client.socket, "data");
    if (round % 2 === 0) await client.end();
    await client.reset();
  }
  await balance.idle();
  await eventually(() => descriptors(balance.pid) <= before, "descriptors back");
  assertEquals((await balance.show())[0]?.totalc, rounds);
  using last = await balance.connect();
  await checkEcho(last);
});

Deno.test("a server that vanishes in the middle of bulk both ways ends the client", async () => {
  await using backend = new Backend(async (connection) => {
    await readExactly(connection, 1_000_000);
    close(connection);
  });
  await using balance = await startInstance([backend.port], LOGGED);
  const socket = nodeConnect({ port: balance.port, host: "127.0.0.1" });
  socket.on("error", () => {});
  socket.on("data", () => {});
  socket.write(new Uint8Array(8_000_000));
  // Whichever end it is, a reset among them.
  await within(new Promise((resolve) => socket.on("close", resolve)), "the client's end");
  await balance.idle();
  await eventually(() => /cause="server (closed|reset)"/.test(balance.stderr.text), "the line");
  assertStringIncludes(balance.stderr.text, "connection ended");
});
