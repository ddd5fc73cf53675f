/** Options that are changed while the program runs, with one worker and with two. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../kit/assert.ts";
import { Backends, hold, startBackend } from "../kit/backends.ts";
import { dial, fetchStatus, get, getFrom, gets, HeldClient } from "../kit/clients.ts";
import { type Instance } from "../kit/instance.ts";
import { deadPort, freePort } from "../kit/ports.ts";
import { type Word } from "../kit/programs.ts";
import { startBalance } from "../kit/start.ts";
import { eventually } from "../kit/wait.ts";

/** Sets an option; what is answered is what snapshot then says. */
async function set(balance: Instance, ...words: Word[]): Promise<string> {
  const said = await balance.ask(`set ${words.join(" ")}`);
  const [line = ""] = (await balance.ask("snapshot")).split("\n");
  if (!said.endsWith(" is off")) assertStringIncludes(line, said);
  else assert(!line.includes(said.replace(/ is off$/, "")), line);
  return said;
}

for (const workers of [1, 2]) {
  const test = (name: string, body: () => Promise<void>): void =>
    Deno.test(`set: ${name} (${workers} ${workers === 1 ? "worker" : "workers"})`, body);
  const start = (options: readonly Word[], ...operands: Word[]): Promise<Instance> =>
    startBalance(["-f", `--workers=${workers}`, ...options, freePort(), ...operands]);

  test("lists come, change and go, and refused clients are counted", async () => {
    await using backend = startBackend("A");
    await using balance = await start([], backend.operand);
    const answers = async (): Promise<string[]> => [
      await getFrom("127.0.1.1", balance.port, "127.0.0.1"),
      await getFrom("127.0.2.1", balance.port, "127.0.0.1"),
    ];
    const become = (wanted: string[]): Promise<void> =>
      eventually(async () => (await answers()).join() === wanted.join(), wanted.join());
    await become(["A", "A"]);
    assertEquals(await set(balance, "deny", "127.0.1.0/24"), "--deny 127.0.1.0/24");
    await become(["", "A"]);
    assertEquals(await balance.ask("explain 127.0.1.9"), "client 127.0.1.9: refused, denied");
    assertEquals(await set(balance, "deny", "127.0.2.0/24"), "--deny 127.0.2.0/24");
    await become(["A", ""]);
    assertEquals(await set(balance, "allow", "127.0.1.1"), "--allow 127.0.1.1");
    assertEquals(await set(balance, "deny", "off"), "--deny is off");
    await become(["A", ""]);
    assertEquals(await set(balance, "allow", "off"), "--allow is off");
    await become(["A", "A"]);
    const list = Array.from({ length: 50 }, (_, at) => `10.${at >> 8}.${at & 255}.0/24`);
    await set(balance, "deny", `127.0.1.1,${list.join(",")}`);
    await become(["", "A"]);
    await balance.stderr.until(/refused \d+ clients: denied/);
  });

  test("max-conns counts those who are there already, rises, falls and goes", async () => {
    await using backend = startBackend("A", hold);
    await using balance = await start([], backend.operand);
    await using guests = new AsyncDisposableStack();
    const come = async (): Promise<HeldClient> => {
      const guest = await HeldClient.open(balance.port);
      guests.defer(() => guest[Symbol.dispose]());
      return guest;
    };
    const first = await come();
    await come();
    await set(balance, "max-conns", 3);
    // Soon every thread knows.
    await eventually(async () => (await balance.ask("set")).includes("--max-conns 3"), "the limit");
    await come();
    let served = 0;
    const more = Array.from({ length: 3 }, () => come().then(() => served++));
    await eventually(() => backend.open >= 3, "three clients");
    first[Symbol.dispose]();
    await eventually(() => served === 1, "one more");
    assertEquals(backend.open, 3);
    await set(balance, "max-conns", 4);
    await eventually(() => served === 2, "a fourth");
    await set(balance, "max-conns", 0);
    await Promise.all(more);
    assertEquals(backend.open, 5);
  });

  test("max-conns-per-client and rate-per-client limit who comes from now on", async () => {
    await using backend = startBackend("A", hold);
    await using balance = await start([], backend.operand);
    await set(balance, "max-conns-per-client", 2);
    const crowd = async (): Promise<number> => {
      await using guests = new DisposableStack();
      let served = 0;
      for (let client = 0; client < 6; client++) {
        if (guests.use(await HeldClient.open(balance.port)).name !== "") served++;
      }
      return served;
    };
    await eventually(async () => await crowd() === 2, "two at once");
    await balance.idle();
    await set(balance, "max-conns-per-client", "off");
    await eventually(async () => await crowd() === 6, "all");
    await balance.idle();
    await set(balance, "rate-per-client", "1/60");
    await eventually(async () => await crowd() === 0, "no more in this minute");
  });

  test("a queue comes, and lets clients wait for a channel that is full", async () => {
    await using backend = startBackend("A", hold);
    await using balance = await start([], `${backend.operand}:1`);
    using first = await HeldClient.open(balance.port);
    assertEquals(first.name, "A");
    using refused = await HeldClient.open(balance.port);
    assertEquals(refused.name, "");
    await set(balance, "queue", "2:60");
    const later = eventually(async () => {
      using guest = await HeldClient.open(balance.port);
      return guest.name === "A";
    }, "a client that has waited");
    await eventually(async () => (await balance.ask("conns")).includes("queued"), "it waits");
    first[Symbol.dispose]();
    await later;
  });

  test("checks begin, change their interval and end, ejection begins", async () => {
    await using backends = new Backends(1);
    const dead = deadPort();
    await using balance = await start([], ...backends.operands, `127.0.0.1:${dead}`);
    assertMatch(await get(balance.port), /./);
    await set(balance, "check-interval", "0.1");
    await set(balance, "check", "tcp");
    await eventually(
      async () => (await balance.show()).map(({ status }) => status).join() === "ENA,down",
      "down",
    );
    await set(balance, "check", "off");
    await eventually(
      async () => (await balance.show()).map(({ status }) => status).join() === "ENA,ENA",
      "up again",
    );
    await set(balance, "eject", 1);
    await eventually(async () => {
      await gets(2, balance.port);
      return (await balance.show()).some(({ status }) => status === "ejct");
    }, "ejected");
  });

  test("when-down: clients are tried, refused at the port, and closed", async () => {
    await using backend = startBackend("A");
    await using balance = await start(
      ["--check", "tcp", "--check-interval=0.1", "--when-down=close"],
      `${backend.operand},checkport=${deadPort()}`,
    );
    const answer = async (): Promise<string> => {
      try {
        return await get(balance.port);
      } catch {
        return "refused";
      }
    };
    const becomes = (wanted: string): Promise<void> =>
      eventually(async () => await answer() === wanted, `"${wanted}"`);
    await becomes("");
    await set(balance, "when-down", "try");
    await becomes("A");
    await set(balance, "when-down", "refuse");
    await becomes("refused");
    await set(balance, "when-down", "try");
    await becomes("A");
  });

  test("a PROXY header is wanted, and sent", async () => {
    await using backend = startBackend("A", async (connection) => {
      const buffer = new Uint8Array(200);
      const count = await connection.read(buffer) ?? 0;
      await connection.write(buffer.slice(0, count));
    });
    await using balance = await start([], backend.operand);
    await set(balance, "proxy-out", "v1");
    await eventually(
      async () => (await get(balance.port)).includes("PROXY TCP4 127.0.0.1"),
      "sent",
    );
    await set(balance, "proxy-in", "127.0.0.0/8");
    await eventually(async () => {
      using connection = await dial(balance.port);
      await connection.write(new TextEncoder().encode("PROXY TCP4 192.0.2.7 192.0.2.8 5 6\r\n"));
      const buffer = new Uint8Array(200);
      const count = await connection.read(buffer) ?? 0;
      return new TextDecoder().decode(buffer.slice(0, count)).includes("PROXY TCP4 192.0.2.7");
    }, "the client that the header names");
  });

  test("timeouts and -a count for who comes from now on", async () => {
    await using backend = startBackend("A", hold);
    await using balance = await start([], `127.0.0.1:${deadPort()}`, backend.operand);
    await set(balance, "autodisable", "on");
    await set(balance, "idle-timeout", 1);
    await eventually(async () => {
      using guest = await HeldClient.open(balance.port);
      assertEquals(guest.name, "A");
      return (await balance.show())[0]?.status === "dis";
    }, "it is disabled");
    using guest = await HeldClient.open(balance.port);
    assertEquals(guest.name, "A");
    await eventually(async () => (await balance.column("c")).join() === "0,0", "the idle end");
  });

  test("/healthz goes by what is done now while nothing is up", async () => {
    const http = freePort();
    const check = ["--check=tcp", "--check-fall=1", "--check-interval=0.1"];
    await using balance = await start([`--http=${http}`, ...check], `127.0.0.1:${deadPort()}`);
    const becomes = (status: number): Promise<void> =>
      eventually(async () => await fetchStatus(http, "/healthz") === status, `${status}`);
    await eventually(async () => (await balance.show())[0]?.status === "down", "down");
    await becomes(200);
    await set(balance, "when-down", "close");
    await becomes(503);
    await set(balance, "when-down", "try");
    await becomes(200);
  });
}

Deno.test("set: a bad value changes nothing, and -c exits with 64", async () => {
  await using balance = await startBalance(["-f", freePort(), "127.0.0.1:1"]);
  const before = await balance.ask("snapshot");
  const answer = await balance.answer("set max-conns many");
  assertEquals([answer.text, answer.status], [
    '--max-conns takes a number from 1 to 1000000, not "many"',
    64,
  ]);
  assertEquals(await balance.ask("snapshot"), before);
});

Deno.test("set: what snapshot prints behind a change starts such an instance", async () => {
  await using balance = await startBalance(["-f", freePort(), "127.0.0.1:1"]);
  await set(balance, "deny", "10.0.0.0/8");
  await set(balance, "queue", "3:5");
  assertEquals(
    (await balance.ask("set")).split("\n").slice(0, 2),
    ["--deny 10.0.0.0/8", "--queue 3:5"],
  );
  await balance.stderr.until("set by an operator: --queue 3:5");
});
