/** `snapshot` is proven by starting what it prints, `explain` by the next client; big tables, and threads that die. */
import { assert, assertEquals, assertMatch } from "../kit/assert.ts";
import { Backends, hold, startBackend } from "../kit/backends.ts";
import { Control } from "../kit/control.ts";
import { DeathSwitch } from "../kit/death_switch.ts";
import { dial, get, HeldClient } from "../kit/clients.ts";
import { PLAIN_ENGINE } from "../kit/engine_config.ts";
import { Instance } from "../kit/instance.ts";
import { makeTable } from "../kit/make_table.ts";
import { ipv6, needing, program } from "../kit/needs.ts";
import { freePort } from "../kit/ports.ts";
import { commandLine, execute, quoted, run } from "../kit/programs.ts";
import { documentOf, readDocument } from "../kit/schema.ts";
import { startBalance, startInstance } from "../kit/start.ts";
import { TempDir } from "../kit/temp_dir.ts";
import { eventually, within } from "../kit/wait.ts";
import type { GroupDocument } from "../../lib/core/report/documents.ts";
import { WorkerPool } from "../../lib/workers/pool.ts";

/** What of the groups a command line can say. */
function said(groups: readonly GroupDocument[]): unknown {
  return groups.map(({ group, method, channels }) => ({
    group,
    method,
    channels: channels.map(({ name, address, port, weight, backup, maxc }) => ({
      name,
      address,
      port,
      weight,
      backup,
      maxc,
    })),
  }));
}

Deno.test(
  needing(program("sh"), "what snapshot prints starts the same state, through a real sh"),
  async () => {
    using dir = new TempDir();
    using first = new TempDir();
    await using backend = startBackend("A");
    const operands = [
      `${backend.operand},name=it's "one" $HOME \`x\` #1 *`,
      `localhost:${backend.port}:5,weight=3,check=off`,
      "!",
      "[::1]:81,backup,proxy=v2,checkport=82",
      `unix:${dir.path}/a b,name=unix`,
      "!",
      "10.255.255.1:80",
      "10.255.255.2:80:-1",
      "!",
      "127.0.0.9",
    ];
    const options = [
      "--method",
      "least,rr,rendezvous",
      "--load-bound",
      "150",
      "--queue",
      "5:2",
      "-t",
      3,
    ];
    const before = await startBalance(
      ["-b", "127.0.0.1", ...options, freePort(), ...operands],
      { runDir: first.path },
    );
    let line = "";
    let wanted: unknown;
    {
      await using instance = before;
      for (
        const command of [
          "weight 1 1000",
          "maxc 0 12",
          "create 127.0.0.4:99,weight=0 1",
          "enable 2",
          "group 2",
        ]
      ) await instance.ask(command);
      await instance.ask("disable 1");
      wanted = said((await documentOf(instance, "state")).groups);
      const [command = "", ...remarks] = (await instance.ask("snapshot")).split("\n");
      assertEquals(remarks, ["# channel 0.1 is disabled: disable 1 in group 0"]);
      line = command;
    }
    assert(line.startsWith("balance "), line);
    const words = quoted(commandLine([], {}));
    const script = `balance() { ${words} "$@"; }\n${line}\n`;
    const { code, stderr } = await execute(["sh", "-c", script], { cwd: dir.path });
    assertEquals([code, stderr], [0, ""]);
    await using again = await Instance.at(before.port, first.path, "127.0.0.1");
    assertEquals(said((await documentOf(again, "state")).groups), wanted);
    assertEquals((await again.ask("snapshot")).split("\n"), [line]);
    assertEquals(await get(again.port), "A");
  },
);

Deno.test("1024 channels: the documents come whole through -c, and a snapshot says what it cannot", async () => {
  await using instance = await startInstance([]);
  using control = await Control.open(instance.socket);
  for (let group = 0; group < 16; group++) {
    await control.ask(`group ${group}`);
    for (let channel = 0; channel < 64; channel++) {
      assertEquals(await control.ask(`create 127.0.${group}.${channel} 80`), "channel created");
    }
    assertEquals(await control.ask("create 127.1.1.1 80"), "no channel slots available");
  }
  const { runDir, port } = instance;
  const ask = async (command: string): Promise<string> => {
    const { code, stdout } = await run(["-b", "127.0.0.1", "-c", command, port], { runDir });
    assertEquals(code, 0);
    return stdout;
  };
  const { groups, totals } = readDocument("state", await ask("show json"));
  assertEquals([groups.length, totals.channels, totals.enabled], [16, 1024, 0]);
  assertEquals(groups[15]?.channels[63]?.address, "127.0.15.63");
  assertEquals(readDocument("health", await ask("health json")).channels.length, 1024);
  assertEquals((await ask("explain 127.0.0.1")).split("\n").length, 1 + 1024 + 1 + 1);
  const [, ...remarks] = (await ask("snapshot")).trimEnd().split("\n");
  assertEquals(
    remarks[0],
    "# a command line takes fewer than 64 destinations and separators, this has 1039",
  );
  assertEquals(remarks.length, 1 + 1024);
});

for (const method of ["rr", "hash", "least", "random", "rendezvous"]) {
  Deno.test(`explain names the channel that the next client gets: ${method}`, async () => {
    await using backends = new Backends(4, hold);
    await using instance = await startInstance(backends.operands.map((each) => `${each}:2`), {
      options: ["--workers", 2],
    });
    await instance.ask(`method ${method}`);
    await instance.ask("disable 2");
    using stack = new DisposableStack();
    for (let client = 0; client < (method === "hash" ? 2 : 6); client++) {
      const explained = await instance.ask("explain 127.0.0.1");
      assertEquals(await instance.ask("explain 127.0.0.1"), explained);
      assertMatch(explained, /0\.2 .*skipped: disabled/);
      const taken = /(\d)\.(\d) [^\n]* taken$/m.exec(explained)?.[2];
      const guest = stack.use(await HeldClient.open(instance.port));
      // The draw of random is another one.
      if (method !== "random") assertEquals(guest.name, "ABCD"[Number(taken)] ?? "");
      else assert("ABD".includes(guest.name));
    }
    if (method !== "hash") {
      const explained = await instance.ask("explain 127.0.0.1");
      assertMatch(explained, /\nno channel is left: the client is closed, or waits in the queue$/);
      assertEquals(explained.match(/skipped: full, 2 of 2/g)?.length, 3);
    }
  });
}

Deno.test(
  needing(ipv6(), "explain knows the hash of an IPv4 client on a listener for both families"),
  async () => {
    await using backends = new Backends(5);
    await using instance = await startBalance(["-f", "-6", freePort(), ...backends.operands, "%"]);
    for (
      const [text, host] of [["127.0.0.1", "127.0.0.1"], ["::ffff:127.0.0.1", "127.0.0.1"], [
        "::1",
        "::1",
      ]]
    ) {
      const explained = await instance.ask(`explain ${text}`);
      const taken = /0\.(\d) [^\n]* taken$/m.exec(explained)?.[1];
      assertEquals([text, await get(instance.port, host)], [text, "ABCDE"[Number(taken)]]);
      assertEquals(explained.match(/skipped: the hash names another channel/g)?.length, 4);
    }
  },
);

Deno.test("a worker that dies while it is asked has nothing to say, and the others have", async () => {
  await using death = new DeathSwitch();
  await using backend = startBackend("A", hold);
  const port = freePort();
  const pool = new WorkerPool(
    { hostname: "127.0.0.1", port },
    PLAIN_ENGINE,
    makeTable(backend.operand, 2),
    { log: () => {}, outOfDescriptors: () => {}, trace: undefined },
    { module: death.module },
  );
  await pool.start();
  await eventually(() => death.wires.length === 2, "both wires");
  const guests = await Promise.all([1, 2, 3, 4, 5, 6].map(() => dial(port)));
  await eventually(() => backend.open === 6, "six connections");
  const [held = 0, lost = 0] = pool.views().map(({ c }) => c);
  // It dies with questions that it may or may not have answered; each of them is settled.
  const asked = Promise.all(Array.from({ length: 20 }, () => pool.questions.connections()));
  const dying = death.kill(1);
  const more = Promise.all(Array.from({ length: 20 }, () => pool.questions.connections()));
  await dying;
  for (
    const { connections } of [
      ...await within(asked, "answers", 1500),
      ...await within(more, "answers", 1500),
    ]
  ) {
    assert([held, held + lost].includes(connections.length), String(connections.length));
  }
  await eventually(() => pool.views()[1]?.restarts === 1, "the death is noticed");
  assertEquals((await pool.questions.connections()).connections.length, held);
  await eventually(() => pool.views()[1]?.state === "running", "it is restarted");
  assertEquals(await pool.questions.cut({ kind: "all" }), held);
  for (const guest of guests) guest.close();
  await pool.stopListening();
  await within(pool.done, "the end");
  assertEquals((await pool.questions.connections()).connections, []);
  assertEquals(await pool.questions.lastEnds(), []);
});

Deno.test("snapshot has the port of a channel that create was given it for", async () => {
  await using instance = await startInstance(["10.255.255.1:80"]);
  await instance.ask("create 10.255.255.2 8081");
  await instance.ask("create [::1],weight=2 smtp");
  const [line = ""] = (await instance.ask("snapshot")).split("\n");
  assertMatch(line, / 10\.255\.255\.1:80 10\.255\.255\.2:8081 '?\[::1\]:25,weight=2'?$/);
});
