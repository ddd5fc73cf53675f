/** `cut` ends connections, `conns` lists them, `causes` counts how they ended. */
import { assert, assertEquals, assertMatch } from "../kit/assert.ts";
import { Backends, echo, finishFirst, hold, startBackend } from "../kit/backends.ts";
import { BlackHole } from "../kit/black_hole.ts";
import { checkEcho, dial, get, HeldClient } from "../kit/clients.ts";
import { Control } from "../kit/control.ts";
import { type Instance } from "../kit/instance.ts";
import { ipv6, needing } from "../kit/needs.ts";
import { freePort } from "../kit/ports.ts";
import { documentOf } from "../kit/schema.ts";
import { startBalance, startInstance } from "../kit/start.ts";
import { receiveAll, send } from "../kit/streams.ts";
import { eventually, sleep, within } from "../kit/wait.ts";

/** Waits for the end of a client's connection. */
async function ended(client: Deno.TcpConn): Promise<void> {
  await within(receiveAll(client), "the client's end", 2000);
}

/** Waits until channels have so many connections. */
async function counts(instance: Instance, ...wanted: number[]): Promise<void> {
  const look = async (): Promise<boolean> => (await instance.column("c")).join() === wanted.join();
  await eventually(look, `c of ${wanted}`, 2000);
}

/** The causes with their counts. */
async function causes(instance: Instance, channel = ""): Promise<string[]> {
  const document = await documentOf(instance, "causes", channel);
  return document.causes.map(({ cause, count }) => `${cause} ${count}`);
}

for (const workers of [1, 2]) {
  const options = ["--workers", workers];
  const test = (name: string, body: () => Promise<void>): void =>
    Deno.test(`cut, --workers ${workers}: ${name}`, body);

  test("those of a channel, and no others", async () => {
    await using backends = new Backends(2, hold);
    await using instance = await startInstance([
      backends.operands[0] ?? "",
      "!",
      ...backends.operands,
    ], {
      options,
    });
    using stay = await HeldClient.open(instance.port);
    await instance.ask("disable 0");
    const clients = await Promise.all([1, 2, 3].map(() => HeldClient.open(instance.port)));
    const numbers = await instance.column("c");
    assertEquals(numbers.reduce((sum, c) => sum + c, 0), 4);
    const [, , two = 0] = numbers;
    const end = two === 1 ? "1 connection ended" : `${two} connections ended`;
    assertEquals(await instance.ask("cut 1.1"), end);
    const [, one = 0] = numbers;
    await counts(instance, 1, one, 0);
    assertEquals(await instance.ask("cut 1.1"), "0 connections ended");
    assertEquals(await causes(instance), [`ended by balance ${two}`]);
    assertEquals(await causes(instance, "1.1"), [`ended by balance ${two}`]);
    assertEquals(await causes(instance, "0"), []);
    assertEquals(await instance.ask("cut all"), `${1 + one} connections ended`);
    for (const client of [stay, ...clients]) {
      await ended(client.connection);
      client[Symbol.dispose]();
    }
    await counts(instance, 0, 0, 0);
  });

  test("clients that wait, connect, and are half closed, each counted once and at once gone", async () => {
    await using backend = startBackend("A", echo);
    await using finishing = startBackend("F", finishFirst);
    await using hole = await BlackHole.open();
    await using instance = await startInstance([
      `${backend.operand}:1`,
      `${finishing.operand}:1`,
      `127.0.0.1:${hole.port}:1`,
    ], { options: [...options, "--queue", "5:60", "-t", 60] });
    const relaying = await dial(instance.port);
    await checkEcho(relaying);
    const halfClosed = await HeldClient.open(instance.port);
    const connecting = await dial(instance.port);
    await counts(instance, 1, 1, 1);
    const queued = await Promise.all([dial(instance.port), dial(instance.port)]);
    const waiting = async (): Promise<number> =>
      (await documentOf(instance, "state")).totals.waiting;
    await eventually(async () => await waiting() === 2, "two wait");

    // The next one in the line takes its place, and may be found there by the thread that is asked second.
    const cut = Number.parseInt(await instance.ask("cut 2"));
    assert(cut === 1 || (cut === 2 && workers > 1), String(cut));
    await ended(connecting);
    await eventually(async () => await waiting() === 2 - cut, "the others wait");
    await counts(instance, 1, 1, 1);
    using one = await Control.open(instance.socket);
    using two = await Control.open(instance.socket);
    const answers = await Promise.all([one.ask("cut all"), two.ask("cut all")]);
    assertEquals(answers.toSorted(), ["0 connections ended", `${5 - cut} connections ended`]);
    await Promise.all([...queued, relaying].map(ended));
    await counts(instance, 0, 0, 0);
    assertEquals(await waiting(), 0);
    assertEquals((await documentOf(instance, "connections")).connections, []);
    // Of a connection that had ended on one side that side is the cause, as in the log.
    assertEquals((await causes(instance)).toSorted(), ["ended by balance 1", "server closed 1"]);
    for (const client of [relaying, connecting, ...queued, halfClosed]) {
      if ("connection" in client) client[Symbol.dispose]();
      else client.close();
    }
    // Nobody was refused: these clients were ended.
    assertEquals((await documentOf(instance, "state")).totals.refusedClients, {});
  });

  test("those of an address", async () => {
    await using backend = startBackend("A", hold);
    await using instance = await startBalance(["-f", ...options, freePort(), backend.operand]);
    using other = await HeldClient.open(instance.port, "127.0.0.1");
    assertEquals(await instance.ask("cut 127.0.0.2"), "0 connections ended");
    assertEquals(await instance.ask("cut 127.0.0.1"), "1 connection ended");
    await ended(other.connection);
    assertEquals(await instance.ask("cut 127.0.0.1"), "0 connections ended");
  });
}

Deno.test(
  needing(
    ipv6(),
    "a client is cut by its IPv6 address, and by IPv4 on a listener for both families",
  ),
  async () => {
    await using backend = startBackend("A", hold);
    await using instance = await startBalance(["-f", "-6", freePort(), backend.operand]);
    const six = await HeldClient.open(instance.port, "::1");
    const four = await HeldClient.open(instance.port, "127.0.0.1");
    const list = await documentOf(instance, "connections");
    assertEquals(list.connections.map(({ client }) => client.replace(/\d+$/, "")), [
      "[::1]:",
      "127.0.0.1:",
    ]);
    assertEquals(await instance.ask("cut ::2"), "0 connections ended");
    assertEquals(await instance.ask("cut [0:0::1]"), "1 connection ended");
    await ended(six.connection);
    assertEquals(await instance.ask("cut ::1"), "0 connections ended");
    assertEquals(await instance.ask("cut ::ffff:127.0.0.1"), "1 connection ended");
    await ended(four.connection);
    six[Symbol.dispose]();
    four[Symbol.dispose]();
    using again = await HeldClient.open(instance.port, "127.0.0.1");
    assertEquals(await instance.ask("cut 127.0.0.1"), "1 connection ended");
    await ended(again.connection);
  },
);

Deno.test("a word that names nothing to be cut cuts nothing", async () => {
  await using backend = startBackend("A", hold);
  await using instance = await startInstance([backend.operand]);
  using client = await HeldClient.open(instance.port);
  const cases: readonly [word: string, answer: string][] = [
    ["", "syntax error"],
    ["1", "no such channel 1"],
    ["1.0", "no such channel 1.0"],
    ["127.1", "no such channel 127.1"],
    ["ALL", "syntax error"],
    ["al", "syntax error"],
    ["127.0.0", "syntax error"],
    ["127.0.0.256", "syntax error"],
    ["web", "syntax error"],
    ["[::1", "syntax error"],
    ["-1", "syntax error"],
  ];
  for (const [word, answer] of cases) {
    const { text, status } = await instance.answer(`cut ${word}`);
    assertEquals([word, text, status], [word, answer, 0]);
  }
  assertEquals(await instance.column("c"), [1]);
  assertEquals(client.name, "A");
});

Deno.test("conns tells people what the document tells programs", async () => {
  await using backend = startBackend("A", echo);
  await using instance = await startInstance([backend.operand, "!", backend.operand]);
  assertEquals(
    await instance.ask("conns"),
    "client  channel  server  age  idle  sent  rcvd  state",
  );
  using client = await dial(instance.port);
  await send(client, "0123456789");
  await eventually(async () => (await instance.column("received"))[0] === 10, "an echo");
  const [header, line = "", ...more] = (await instance.ask("conns")).split("\n");
  assertMatch(header ?? "", /^client +channel +server +age +idle +sent +rcvd +state$/);
  const { port } = client.localAddr as Deno.NetAddr;
  assertMatch(
    line,
    new RegExp(`^127\\.0\\.0\\.1:${port} +0\\.0 +${backend.operand} +0s +0s +10 +10 +relaying$`),
  );
  assertEquals(more, []);
  assertEquals((await instance.ask("conns 0.0")).split("\n").length, 2);
  assertEquals((await instance.ask("conns 1.0")).split("\n").length, 1);
  assertEquals(await instance.ask("conns 7"), "no such channel 7");
  assertEquals(await instance.ask("conns json 7"), "no such channel 7");
});

Deno.test("ages grow, and idleness begins anew with each byte", async () => {
  await using backend = startBackend("A", echo);
  await using instance = await startInstance([backend.operand]);
  using client = await dial(instance.port);
  const one = async (): Promise<{ ageSeconds: number; idleSeconds: number }> => {
    const { connections: [connection] } = await documentOf(instance, "connections");
    return connection ?? { ageSeconds: -1, idleSeconds: -1 };
  };
  await checkEcho(client);
  await sleep(400);
  const before = await one();
  assert(before.idleSeconds >= 0.4 && before.ageSeconds >= before.idleSeconds);
  await checkEcho(client);
  const after = await one();
  assert(after.ageSeconds > before.ageSeconds);
  assert(after.idleSeconds < after.ageSeconds - 0.39, JSON.stringify(after));
});

Deno.test("causes have the last example of each, for people and for programs", async () => {
  await using backends = new Backends(2);
  await using instance = await startInstance(backends.operands, { options: ["--workers", 2] });
  assertEquals(await instance.ask("causes"), "cause  count  last  client  channel  server");
  for (let client = 0; client < 3; client++) await get(instance.port);
  await instance.idle();
  const { causes: [first, ...others] } = await documentOf(instance, "causes");
  assertEquals([first?.cause, first?.count, others], ["server closed", 3, []]);
  const { last } = first ?? {};
  assertEquals(last?.server, backends.operands[last?.channel ?? -1]);
  assert(Math.abs(Date.now() - Date.parse(last?.at ?? "")) < 10_000);
  const [, line = ""] = (await instance.ask("causes")).split("\n");
  assertEquals(line.split(/ {2,}/), [
    "server closed",
    "3",
    last?.at,
    last?.client,
    `0.${last?.channel}`,
    last?.server,
  ]);
  const [, only] = (await instance.ask("causes 0.1")).split("\n");
  assertMatch(only ?? "", / 0\.1 /);
  assertEquals(await instance.ask("causes 0.2"), "no such channel 0.2");
});
