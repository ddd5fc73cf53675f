/** What real instances answer is as `man/balance.schema.json` describes it. */
import { assert, assertEquals } from "../kit/assert.ts";
import { Backends, echo, finishFirst, hold, REFUSED, startBackend } from "../kit/backends.ts";
import { BlackHole } from "../kit/black_hole.ts";
import { checkEcho, dial, get, HeldClient } from "../kit/clients.ts";
import { Control } from "../kit/control.ts";
import { ipv6, needing } from "../kit/needs.ts";
import { run } from "../kit/programs.ts";
import { documentOf, readDocument, readEvent } from "../kit/schema.ts";
import { freePort } from "../kit/ports.ts";
import { startBalance, startInstance } from "../kit/start.ts";
import { TempDir } from "../kit/temp_dir.ts";
import { eventually } from "../kit/wait.ts";

Deno.test("an instance without channels answers four documents, and -c prints them on one line", async () => {
  await using instance = await startInstance([]);
  const { groups, totals, listening, port, bind, pid } = await documentOf(instance, "state");
  assertEquals([groups, totals.channels, listening], [[], 0, true]);
  assertEquals([port, bind, pid], [instance.port, "127.0.0.1", instance.pid]);
  assertEquals(await documentOf(instance, "connections"), { connections: [], omitted: 0 });
  assertEquals(await documentOf(instance, "causes"), { causes: [] });
  assertEquals(await documentOf(instance, "health"), { channels: [] });
  const { runDir } = instance;
  const { stdout } = await run(["-b", "127.0.0.1", "-c", "show json", port], { runDir });
  assertEquals(stdout.split("\n").length, 2);
  readDocument("state", stdout);
});

Deno.test("channels in every state, on IPv4, IPv6 and a Unix socket, with a refused client", async () => {
  using dir = new TempDir();
  const path = `${dir.path}/server`;
  using server = Deno.listen({ transport: "unix", path });
  await using backend = startBackend("A");
  const health = ["--check", "tcp", "--check-interval", "0.1", "--check-fall", "1", "--eject", "1"];
  await using instance = await startInstance([
    `127.0.0.1:1:0,check=off,name=ejected one`,
    "!",
    `${REFUSED},name=down`,
    "nosuch.invalid:80",
    "!",
    backend.port,
    `unix:${path},check=off,backup`,
    "[::1]:81,check=off,weight=0,maxc=7",
    "%",
  ], { options: [...health, "--start-unresolved", "--deny", "127.0.0.9", "--dns", "127.0.0.1:1"] });
  await eventually(async () => {
    const { groups } = await documentOf(instance, "state");
    return groups[1]?.channels[0]?.state === "down" &&
      groups[2]?.channels[0]?.check !== null;
  }, "the first checks");
  assertEquals(await get(instance.port), "A");
  const { groups, totals } = await documentOf(instance, "state");
  const channels = groups.flatMap((group) => group.channels);
  assertEquals(channels.map(({ state }) => state), [
    "ejected",
    "down",
    "unresolved",
    "up",
    "up",
    "up",
  ]);
  assertEquals(channels.map(({ address, port }) => `${address} ${port}`).slice(3), [
    `127.0.0.1 ${backend.port}`,
    `unix:${path} 0`,
    "::1 81",
  ]);
  assertEquals(channels.map(({ effectiveWeight }) => effectiveWeight), [0, 0, 0, 1, 1, 0]);
  assertEquals(channels.map(({ backup, maxc }) => [backup, maxc]).slice(4), [[true, 0], [
    false,
    7,
  ]]);
  assertEquals(channels[0]?.connectFailures, { refused: 1, timeout: 0 });
  assert(channels[1]?.reason !== null && channels[3]?.check?.result === "connected");
  assertEquals([totals.channels, totals.enabled, totals.up], [6, 6, 3]);
  assert(totals.connectMs.p50 !== null && channels[3]?.connectMs.p50 !== null);

  const { channels: known } = await documentOf(instance, "health");
  assertEquals(known.map(({ name }) => name).slice(0, 3), [
    "ejected one",
    "down",
    "nosuch.invalid:80",
  ]);
  assertEquals(known.map(({ trialInSeconds }) => trialInSeconds !== null), [
    true,
    ...Array(5).fill(false),
  ]);
  assertEquals(known.map(({ ejections }) => ejections), [1, 0, 0, 0, 0, 0]);
  const { causes } = await documentOf(instance, "causes");
  assertEquals(causes.map(({ cause, count }) => [cause, count]), [["server closed", 1]]);
  assertEquals([causes[0]?.last?.group, causes[0]?.last?.channel], [2, 0]);
  assertEquals((await documentOf(instance, "causes", "1.0")).causes, []);
  server.close();
});

for (const workers of [1, 2]) {
  Deno.test(`connections that wait, connect, relay and are half closed, with ${workers} workers`, async () => {
    await using backends = new Backends(3, echo);
    await using finishing = startBackend("F", finishFirst);
    await using hole = await BlackHole.open();
    await using instance = await startInstance([
      `${backends.at(0).operand}:1`,
      `${finishing.operand}:1`,
      `127.0.0.1:${hole.port}:1`,
    ], { options: ["--workers", workers, "--queue", "5:60", "-t", 30] });
    using relaying = await dial(instance.port);
    await checkEcho(relaying);
    using halfClosed = await HeldClient.open(instance.port);
    assertEquals(halfClosed.name, "F");
    using _connecting = await dial(instance.port);
    await eventually(async () => (await instance.column("c")).join() === "1,1,1", "three clients");
    using _queued = await dial(instance.port);
    const document = async (): ReturnType<typeof documentOf<"connections">> =>
      await documentOf(instance, "connections");
    await eventually(
      async () => (await document()).connections.some(({ phase }) => phase === "queued"),
      "the fourth client waits",
    );
    const { connections, omitted } = await document();
    const [first, second, third, fourth] = connections;
    assertEquals(omitted, 0);
    assertEquals(connections.map(({ phase }) => phase), [
      "relaying",
      "half-closed",
      "connecting",
      "queued",
    ]);
    assertEquals(connections.map(({ channel }) => channel), [0, 1, 2, null]);
    assertEquals([first?.client, first?.server, first?.sentBytes, first?.receivedBytes], [
      `127.0.0.1:${(relaying.localAddr as Deno.NetAddr).port}`,
      backends.at(0).operand,
      5,
      5,
    ]);
    assertEquals([second?.receivedBytes, third?.receivedBytes, fourth?.server], [2, 0, null]);
    const ages = connections.map(({ ageSeconds }) => ageSeconds);
    assertEquals(ages, ages.toSorted((a, b) => b - a));
    for (const { ageSeconds, idleSeconds } of connections) assert(idleSeconds <= ageSeconds);
    const one = await documentOf(instance, "connections", "0.1");
    assertEquals(one.connections.map(({ client }) => client), [second?.client ?? ""]);
    const { workers: threads, totals } = await documentOf(instance, "state");
    assertEquals([threads.length, totals.connections, totals.waiting], [workers, 3, 1]);

    using control = await Control.open(instance.socket);
    const drained = control.answer("drain 0.0");
    await eventually(
      async () => (await documentOf(instance, "state")).groups[0]?.channels[0]?.draining === true,
      "the channel is being drained",
    );
    assertEquals((await document()).connections.length, 4);
    relaying.close();
    assertEquals(await drained, {
      text: "channel 0.0 is drained",
      status: 0,
      progress: ["channel 0.0: 1 connection left"],
    });
    const after = await documentOf(instance, "state");
    assertEquals([after.groups[0]?.channels[0]?.draining, after.totals.enabled], [false, 2]);
    const { causes } = await documentOf(instance, "causes");
    assertEquals(causes.map(({ cause }) => cause), ["client closed"]);
  });
}

Deno.test(needing(ipv6(), "clients and servers by IPv6 have brackets"), async () => {
  await using backend = startBackend("A", hold, { hostname: "::1" });
  await using instance = await startBalance([
    ...["-f", "-b", "::1", freePort()],
    `[::1]:${backend.port}`,
  ]);
  using client = await HeldClient.open(instance.port, "::1");
  const { port } = client.connection.localAddr as Deno.NetAddr;
  const { connections: [connection] } = await documentOf(instance, "connections");
  assertEquals(connection?.client, `[::1]:${port}`);
  assertEquals(connection?.server, `[::1]:${backend.port}`);
  assertEquals((await documentOf(instance, "state")).bind, "::1");
});

Deno.test("events are documents as well", async () => {
  await using backends = new Backends(1);
  const health = ["--check", "tcp", "--check-interval", "0.1", "--check-fall", "1"];
  await using instance = await startInstance([...backends.operands, "127.0.0.1:1,name=web2"], {
    options: health,
  });
  using watching = await Control.open(instance.socket);
  await watching.send("watch json");
  await watching.line();
  await instance.ask("disable 0");
  await instance.ask("method least");
  const kinds: string[] = [];
  while (kinds.filter((kind) => kind === "operator").length < 2) {
    const event = readEvent(await watching.text());
    kinds.push(event.kind);
    if (event.kind !== "transition") continue;
    assertEquals([event.group, event.channel, event.name], [0, 1, "web2"]);
  }
  using line = await Control.open(instance.socket);
  await line.send("watch all json");
  assertEquals(readEvent(await line.text()).at.length, 24);
});
