/** Clients that mean no good. */
import { assert, assertEquals, assertMatch } from "../kit/assert.ts";
import { dial } from "../kit/clients.ts";
import { heldSockets } from "../kit/processes.ts";
import { receiveAll, send } from "../kit/streams.ts";
import { eventually, within } from "../kit/wait.ts";
import { parseAnswer, Watch } from "./fixture.ts";

const HOST = "Host: 127.0.0.1\r\n";
/** What no refusal may have in it. */
const INSIDE = /Deno|deno|node|balance|\.ts|Error|web0|at /;

for (
  const [what, request, status] of [
    ["a name that is not ours", "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421],
    [
      "a name that is not ours, with our port",
      "GET /metrics HTTP/1.1\r\nHost: evil.example:9000\r\n\r\n",
      421,
    ],
    ["a name that looks like ours", "GET / HTTP/1.1\r\nHost: localhost.evil.example\r\n\r\n", 421],
    [
      "a name that begins as an address",
      "GET / HTTP/1.1\r\nHost: 127.0.0.1.evil.example\r\n\r\n",
      421,
    ],
    ["two hosts", `GET / HTTP/1.1\r\n${HOST}Host: evil.example\r\n\r\n`, 421],
    ["an empty host", "GET / HTTP/1.1\r\nHost: \r\n\r\n", 421],
    ["no host", "GET / HTTP/1.1\r\n\r\n", 400],
    ["a doubled slash", `GET //metrics HTTP/1.1\r\n${HOST}\r\n`, 404],
    ["dots", `GET /assets/../metrics HTTP/1.1\r\n${HOST}\r\n`, 404],
    ["encoded dots", `GET /assets/%2e%2e/metrics HTTP/1.1\r\n${HOST}\r\n`, 404],
    ["an encoded slash", `GET /api%2fstate HTTP/1.1\r\n${HOST}\r\n`, 404],
    ["a backslash", `GET /assets\\..\\x HTTP/1.1\r\n${HOST}\r\n`, 404],
    ["a NUL that is encoded", `GET /metrics%00 HTTP/1.1\r\n${HOST}\r\n`, 404],
    ["an encoded line end", `GET /metrics%0d%0aX:1 HTTP/1.1\r\n${HOST}\r\n`, 404],
    ["a whole address as its target", `GET http://127.0.0.1/metrics HTTP/1.1\r\n${HOST}\r\n`, 400],
    ["an asterisk", `OPTIONS * HTTP/1.1\r\n${HOST}\r\n`, 400],
    ["another method", `DELETE /metrics HTTP/1.1\r\n${HOST}\r\n`, 405],
    ["a POST where only GET is", `POST /metrics HTTP/1.1\r\n${HOST}Content-Length: 0\r\n\r\n`, 405],
    ["TRACE", `TRACE / HTTP/1.1\r\n${HOST}Cookie: secret\r\n\r\n`, 405],
    ["another path", `GET /etc/passwd HTTP/1.1\r\n${HOST}\r\n`, 404],
    ["a large head", `GET / HTTP/1.1\r\n${HOST}X: ${"x".repeat(10_000)}\r\n\r\n`, 431],
    ["many headers", `GET / HTTP/1.1\r\n${HOST}${"Some: thing\r\n".repeat(3000)}\r\n`, 431],
    ["a very long target", `GET /${"a".repeat(20_000)} HTTP/1.1\r\n${HOST}\r\n`, 431],
    ["no method", "\r\n\r\nhello\r\n\r\n", 400],
    ["a greeting of TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400],
    ["line ends without CR", `GET / HTTP/1.1\nHost: 127.0.0.1\n\n`, 400],
    ["a blank before a colon", `GET / HTTP/1.1\r\nHost : 127.0.0.1\r\n\r\n`, 400],
    ["a folded header", `GET / HTTP/1.1\r\n${HOST}X: a\r\n b\r\n\r\n`, 400],
    [
      "two lengths",
      `POST /metrics HTTP/1.1\r\n${HOST}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`,
      400,
    ],
    [
      "a length and chunks",
      `POST /metrics HTTP/1.1\r\n${HOST}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
      400,
    ],
  ] as const
) {
  Deno.test(`a request with ${what} is ${status}, without a word about the inside`, async () => {
    await using watch = new Watch();
    const answer = parseAnswer(await watch.say(request));
    assertEquals(answer.status, status);
    assert(!INSIDE.test(answer.body), answer.body);
    assertEquals(watch.faults, []);
    assertEquals((await watch.get("/metrics")).status, 200);
  });
}

Deno.test("a method that is not there is told which ones are", async () => {
  await using watch = new Watch();
  assertEquals((await watch.get("/metrics", {}, "PUT")).headers.get("allow"), "GET, HEAD");
});

for (
  const [host, name] of [
    ["localhost", "127.0.0.1"],
    ["LOCALHOST:9000", "127.0.0.1"],
    ["192.0.2.7:9000", "127.0.0.1"],
    ["[2001:db8::1]:9000", "127.0.0.1"],
    ["lb1.example.net:9000", "lb1.example.net"],
  ] as const
) {
  Deno.test(`a request for ${host} is answered by a server on ${name}`, async () => {
    await using watch = new Watch({ name });
    const text = await watch.say(`GET /healthz HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    assertEquals(parseAnswer(text).status, 200);
  });
}

Deno.test("a health check in HTTP/1.0 without a host is answered", async () => {
  await using watch = new Watch();
  const text = await watch.say("GET /healthz HTTP/1.0\r\nConnection: close\r\n\r\n");
  assertEquals(parseAnswer(text).status, 200);
});

Deno.test("a second request on a connection is not answered", async () => {
  await using watch = new Watch();
  const request = `GET /healthz HTTP/1.1\r\n${HOST}\r\n`;
  const text = await watch.say(request + request);
  assertEquals(text.split("HTTP/1.1").length, 2);
  assertMatch(text, /^Connection: close\r$/m);
});

Deno.test("a wish for another protocol is not granted", async () => {
  await using watch = new Watch();
  const text = await watch.say(
    `GET / HTTP/1.1\r\n${HOST}Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
  );
  assert(!text.includes(" 101 "));
  assertEquals((await watch.get("/metrics")).status, 200);
});

const TOKEN = "t0ken";
const COMMANDS = {
  token: TOKEN,
  execute: () => Promise.resolve({ lines: ["done"], status: 0 }),
};
const POST = `POST /api/command HTTP/1.1\r\n${HOST}Authorization: Bearer ${TOKEN}\r\n`;

Deno.test("a POST without a length has no body", async () => {
  await using watch = new Watch({ commands: COMMANDS });
  assertEquals(parseAnswer(await watch.say(`${POST}\r\n`)).status, 400);
});

for (
  const [what, text] of [
    ["by its length", `${POST}Content-Length: 1000000\r\n\r\n${"x".repeat(1_000_000)}`],
    [
      "in chunks",
      `${POST}Transfer-Encoding: chunked\r\n\r\n${
        "1000\r\n".concat("x".repeat(4096), "\r\n").repeat(50)
      }`,
    ],
  ] as const
) {
  Deno.test(`a body that is too large ${what} is 413, and its sender can read that`, async () => {
    await using watch = new Watch({ commands: COMMANDS });
    assertEquals(parseAnswer(await watch.say(text)).status, 413);
  });
}

Deno.test("a line of 4096 bytes is taken", async () => {
  await using watch = new Watch({ commands: COMMANDS });
  const body = JSON.stringify({ group: 15, line: "x".repeat(4096) });
  assertEquals((await watch.post(body, { Authorization: `Bearer ${TOKEN}` })).status, 200);
});

for (
  const [what, text] of [
    ["nothing", ""],
    ["half a head", `GET / HTTP/1.1\r\n${HOST}`],
    ["half a body", `${POST}Content-Length: 18\r\n\r\n{"line"`],
  ] as const
) {
  Deno.test(`a client that sends ${what} and waits is closed`, async () => {
    await using watch = new Watch({ commands: COMMANDS, limits: { requestMs: 100 } });
    assertEquals(parseAnswer(await watch.say(text)).body, "");
    assertEquals(watch.faults, []);
  });
}

Deno.test("a head that comes byte by byte has no more time than any other", async () => {
  await using watch = new Watch({ limits: { requestMs: 300 } });
  using connection = await dial(watch.port);
  const ended = within(receiveAll(connection), "the end");
  let over = false;
  void ended.then(() => over = true);
  await send(connection, `GET / HTTP/1.1\r\n${HOST}X: `).catch(() => {});
  while (!over) {
    await send(connection, "x").catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assertEquals(await ended, "");
});

Deno.test("of a thousand idle connections only so many are held, and others are answered", async () => {
  await using watch = new Watch({
    limits: { perSecond: 10_000, burst: 10_000, requestMs: 60_000 },
  });
  const idle: Deno.TcpConn[] = [];
  for (let count = 0; count < 1000; count++) {
    idle.push(await dial(watch.port));
    if (count % 100 === 99) assertEquals((await watch.get("/healthz")).status, 200);
  }
  const held = (): number => heldSockets(watch.port);
  await eventually(() => held() <= 64, `few descriptors, not ${held()}`, 1000);
  for (const connection of idle) connection.close();
});

Deno.test("more new connections in a second than there may be wait for the next one", async () => {
  await using watch = new Watch({ limits: { perSecond: 20, burst: 20 } });
  const began = performance.now();
  const statuses = await Promise.all(Array.from({ length: 30 }, () => watch.get("/healthz")));
  assertEquals(statuses.map(({ status }) => status), Array(30).fill(200));
  const took = performance.now() - began;
  assert(took >= 400, `took ${took} ms`);
});

Deno.test("clients that do not take their answers hold a bounded number of descriptors", async () => {
  const limits = { connections: 8, unreleased: 8, answerMs: 100 };
  await using watch = new Watch({ limits });
  watch.view.channels = 60_000;
  const greedy: Deno.TcpConn[] = [];
  for (let count = 0; count < 40; count++) {
    const connection = await dial(watch.port);
    await send(connection, `GET /api/state HTTP/1.1\r\n${HOST}\r\n`);
    greedy.push(connection);
  }
  await new Promise((resolve) => setTimeout(resolve, 1500));
  const held = heldSockets(watch.port);
  // Some may be on their way out.
  assert(held <= 16 + 8, `${held} descriptors`);
  // They go, and others are answered.
  for (const connection of greedy) connection.close();
  watch.view.channels = 1;
  await eventually(async () => (await watch.get("/healthz")).status === 200, "an answer");
});

Deno.test("a client that resets in any moment of its request costs nothing", async () => {
  await using watch = new Watch();
  const request = `GET /api/state HTTP/1.1\r\n${HOST}\r\n`;
  for (let length = 0; length <= request.length; length++) {
    const connection = await dial(watch.port);
    await send(connection, request.slice(0, length));
    connection.close();
  }
  assertEquals((await watch.get("/healthz")).status, 200);
  assertEquals(watch.faults, []);
});
