/** A name server that lies, or says nothing: everything stays as it was, and traffic flows. */
import { eventually } from "../kit/wait.ts";
import { freePort } from "../kit/ports.ts";
import { startBalance } from "../kit/start.ts";
import { type Instance } from "../kit/instance.ts";
import { get, gets } from "../kit/clients.ts";
import { startBackend } from "../kit/backends.ts";
import { assert, assertEquals, assertMatch } from "../kit/assert.ts";
import {
  addressReply,
  NameServer,
  type Question,
  type Reply,
  type ServerRecord,
} from "./name_server.ts";

function begin(server: NameServer, ...words: (string | number)[]): Promise<Instance> {
  return startBalance(["-f", "--dns", server.operand, "--resolve", 1, freePort(), ...words]);
}

const LIES: readonly [name: string, reply: (question: Question) => Reply][] = [
  ["an empty answer", () => []],
  ["no such name", () => "nxdomain"],
  ["a failure", () => "servfail"],
  ["silence", () => "silent"],
  ["garbage", () => "garbage"],
  ["a name that leads to itself", ({ name }) => [{ type: "CNAME", name }]],
  ["a loop of two names", ({ name }) => [
    { type: "CNAME", name: name === "web.test" ? "loop.test" : "web.test" },
  ]],
  ["a record of a stranger's name", () => [
    { type: "A", address: "127.7.0.9", owner: "stranger.test" },
  ]],
  ["the answer to another question", ({ type }) => [
    type === "SRV"
      ? { type: "A", address: "127.7.0.9" }
      : { type: "SRV", priority: 0, weight: 0, port: 1, target: "web.test" },
  ]],
];

for (const [name, lie] of LIES) {
  Deno.test(`${name} changes nothing, for a name, dns: and srv:`, async () => {
    await using backend = startBackend("A");
    const { port } = backend;
    await using server = new NameServer((question) =>
      question.type === "SRV"
        ? [{ type: "SRV", priority: 0, weight: 3, port, target: "web.test" }]
        : addressReply(["127.0.0.1"], question)
    );
    await using instance = await begin(
      server,
      `web.test:${port}`,
      "!",
      `dns:web.test:${port}`,
      "!",
      "srv:_http._tcp.test",
    );
    const before = (await instance.show()).map((
      { channel, status, destination },
    ) => [channel, status, destination]);
    assertEquals(before.length, 3);
    server.reply = lie;
    const { stderr } = instance;
    for (const each of ["web.test", "dns:web.test", "srv:_http._tcp.test"]) {
      await stderr?.until(`look-up of ${each} failed: its channels stay as they are\n`);
    }
    const after = (await instance.show()).map((
      { channel, status, destination },
    ) => [channel, status, destination]);
    assertEquals(after, before);
    assertEquals(await gets(3, instance.port), "A A A");
    assertEquals(stderr?.text.trimEnd().split("\n").length, 3, "one line for each");
  });
}

Deno.test("ten thousand addresses are one for a name, and 64 channels for dns:, with one line in the log", async () => {
  await using backend = startBackend("A");
  const many = Array.from({ length: 10_000 }, (_, at): ServerRecord => {
    return { type: "A", address: at === 99 ? "127.0.0.1" : `127.8.${at >> 8}.${at & 255}` };
  });
  await using server = new NameServer((question) => addressReply(["127.0.0.1"], question));
  await using instance = await begin(
    server,
    `dns:web.test:${backend.port}`,
    `web.test:${backend.port}`,
    "127.0.0.1:1",
  );
  server.reply = ({ type }) => type === "A" ? many : [];
  await instance.stderr.until("dns:web.test");
  await eventually(async () => (await instance.show()).length === 64, "the group is full");
  await instance.stderr.until(
    /has more records than its group has room for records=\d+ ignored=\d+\n/,
  );
  const asked = server.questions.length;
  await eventually(() => server.questions.length > asked + 8, "more rounds");
  const rows = await instance.show();
  assertEquals(rows.slice(0, 3).map(({ destination }) => destination), [
    `127.0.0.1:${backend.port}`,
    `127.0.0.1:${backend.port}`,
    "127.0.0.1:1",
  ]);
  assertEquals(rows.length, 64);
  assertEquals(instance.stderr.text.match(/more records/g)?.length, 1);
});

Deno.test("ten thousand SRV records at the start are 64 channels, the preferred ones", async () => {
  await using server = new NameServer((question) =>
    question.type === "SRV"
      ? Array.from({ length: 10_000 }, (_, at) => ({
        type: "SRV",
        priority: at < 70 ? 1 : 0,
        weight: 1,
        port: 1000 + at,
        target: "h.test",
      }))
      : addressReply(["127.0.0.1"], question)
  );
  await using instance = await begin(server, "srv:_http._tcp.test", "127.0.0.1:7");
  const ports = (await instance.show()).map(({ destination }) => Number(destination.split(":")[1]));
  assertEquals(ports.length, 64);
  assertEquals(ports.at(-1), 7, "what was named one by one has its row");
  assert(ports.slice(0, -1).every((port) => port >= 1070), "records of the lowest priority");
  assertMatch(instance.stderr.text, /^srv:_http._tcp.test has more records /m);
});

Deno.test("an SRV target without an address is a channel that is unresolved until it has one", async () => {
  await using backend = startBackend("A");
  let known = false;
  await using server = new NameServer((question) => {
    if (question.type !== "SRV") return known ? addressReply(["127.0.0.1"], question) : "nxdomain";
    return [{ type: "SRV", priority: 0, weight: 0, port: backend.port, target: "late.test" }];
  });
  await using instance = await begin(server, "srv:_http._tcp.test");
  assertEquals(await instance.column("status"), ["unrs"]);
  assertEquals(await get(instance.port), "");
  known = true;
  await eventually(async () => await get(instance.port) === "A", "a client is served");
  assertEquals(await instance.column("status"), ["ENA"]);
});

Deno.test("a target that says there is no such service is no channel", async () => {
  await using server = new NameServer(({ type }) =>
    type === "SRV" ? [{ type: "SRV", priority: 0, weight: 0, port: 0, target: "." }] : []
  );
  await using instance = await begin(server, "--start-unresolved", "srv:_http._tcp.test");
  assertEquals(await instance.show(), []);
});

Deno.test("an answer that is long in coming holds up no client", async () => {
  await using backend = startBackend("A");
  const gate = Promise.withResolvers<void>();
  await using server = new NameServer((question) => addressReply(["127.0.0.1"], question));
  await using instance = await begin(server, `web.test:${backend.port}`);
  const asked = server.questions.length;
  server.delay = gate.promise;
  await eventually(() => server.questions.length > asked, "a look-up is under way");
  assertEquals(await gets(10, instance.port), Array(10).fill("A").join(" "));
  assertEquals(instance.stderr.text, "", "the look-up still runs");
  server.reply = (question) => addressReply(["127.0.0.2"], question);
  gate.resolve();
  await instance.stderr.until("moves from 127.0.0.1 to 127.0.0.2\n");
});

Deno.test("a family that a single answer lacks is not dropped", async () => {
  await using backend = startBackend("A");
  await using six = startBackend("A", undefined, { hostname: "::1", port: backend.port });
  await using server = new NameServer((question) => addressReply(["127.0.0.1", "::1"], question));
  await using instance = await begin(server, `web.test:${six.port}`, `dns:web.test:${six.port}`);
  assertEquals((await instance.show()).length, 3);
  let rounds = 0;
  // Every other answer lacks IPv4.
  server.reply = (question) => {
    if (question.type === "A" && rounds++ % 2 === 0) return "servfail";
    return addressReply(["127.0.0.1", "::1"], question);
  };
  await eventually(() => rounds > 5, "several rounds");
  assertEquals(instance.stderr.text, "");
  // When all of them lack it, it is gone.
  server.reply = (question) => addressReply(["::1"], question);
  await eventually(async () => (await instance.show()).length === 2, "its channel is gone");
  assertEquals(await instance.column("destination"), [`::1:${six.port}`, `::1:${six.port}`]);
});
