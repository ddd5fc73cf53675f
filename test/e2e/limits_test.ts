/** Access lists, limits and the queue, in the real program, with one worker and with two. */
import { eventually, within } from "../kit/wait.ts";
import { freePort } from "../kit/ports.ts";
import { startBalance } from "../kit/start.ts";
import { run, type Word } from "../kit/programs.ts";
import { type Instance } from "../kit/instance.ts";
import { dial, getFrom, HeldClient } from "../kit/clients.ts";
import { receiveLine } from "../kit/streams.ts";
import { Backends, finishFirst, hold, startBackend } from "../kit/backends.ts";
import { assert, assertEquals, assertMatch } from "../kit/assert.ts";

/** Starts an instance in the foreground. */
function start(workers: number, options: readonly Word[], ...operands: Word[]): Promise<Instance> {
  return startBalance(["-f", `--workers=${workers}`, ...options, ...operands]);
}

/** Ends an instance, and what its log told of refused clients, by reason. */
async function refusals(balance: Instance): Promise<Record<string, number>> {
  await balance.ask("kill");
  await balance.gone();
  await balance.stderr.ended;
  const sums: Record<string, number> = {};
  for (
    const [, reasons = ""] of balance.stderr.text.matchAll(/refused \d+ clients: (.*)/g)
  ) {
    for (const [, reason = "", count] of reasons.matchAll(/([a-z ]+) (\d+)(?:, )?/g)) {
      sums[reason] = (sums[reason] ?? 0) + Number(count);
    }
  }
  return sums;
}

/** Clients that come at once; those that were served, each with its backend's name. */
async function crowd(size: number, port: number): Promise<HeldClient[]> {
  const guests = await Promise.all(Array.from({ length: size }, () => HeldClient.open(port)));
  const served = guests.filter(({ name }) => name !== "");
  for (const guest of guests) if (guest.name === "") guest[Symbol.dispose]();
  return served;
}

function dismiss(guests: readonly HeldClient[]): void {
  for (const guest of guests) guest[Symbol.dispose]();
}

Deno.test("--allow and --deny serve whom they say, and the others are closed and counted", async () => {
  await using backend = startBackend("A");
  const port = freePort();
  const lists = ["--allow=127.0.1.0/24,127.0.2.2", "--deny=127.0.1.9"];
  await using balance = await start(1, lists, port, backend.operand);
  const answers: string[] = [];
  for (const client of ["127.0.1.1", "127.0.1.9", "127.0.2.2", "127.0.2.3"]) {
    answers.push(await getFrom(client, port, "127.0.0.1"));
  }
  assertEquals(answers, ["A", "", "A", ""]);
  assertEquals(await balance.column("totalc"), [2]);
  assertEquals(await refusals(balance), { "denied": 1, "not allowed": 1 });
});

Deno.test("--deny of an IPv4 network counts on an IPv6 listener too", async () => {
  await using backend = startBackend("A");
  const port = freePort();
  await using _ = await startBalance(["-f6", "--deny=127.0.0.2", port, backend.operand]);
  const answers = [
    await getFrom("127.0.0.2", port, "127.0.0.1"),
    await getFrom("127.0.0.3", port, "127.0.0.1"),
  ];
  assertEquals(answers, ["", "A"]);
});

for (const workers of [1, 2]) {
  const test = (name: string, body: () => Promise<void>): void =>
    Deno.test(`${name} (${workers} ${workers === 1 ? "worker" : "workers"})`, body);

  test("--max-conns serves so many clients at once, and others when these leave, without refusing one", async () => {
    await using backend = startBackend("A", hold);
    const port = freePort();
    await using balance = await start(workers, ["--max-conns=5"], port, backend.operand);
    const coming = Array.from({ length: 20 }, () => HeldClient.open(port));
    const served = new Set<HeldClient>();
    let most = 0;
    for (const each of coming) {
      void each.then((guest) => {
        served.add(guest);
        most = Math.max(most, backend.open);
      });
    }
    await eventually(() => served.size === 5, "the first five");
    for (let left = 0; left < 20; left++) {
      await eventually(() => served.size > 0, `another client, after ${left}`);
      const [guest] = served;
      if (guest === undefined) continue;
      served.delete(guest);
      assertEquals(guest.name, "A");
      guest[Symbol.dispose]();
    }
    await Promise.all(coming);
    assert(most <= 5, `${most} at once`);
    assertEquals(await balance.column("totalc"), [20]);
    assertEquals(await refusals(balance), {});
  });

  test("--max-conns-per-client is exact over all workers, for clients that come at once", async () => {
    await using backend = startBackend("A", hold);
    const port = freePort();
    const limit = ["--max-conns-per-client=3"];
    await using balance = await start(workers, limit, port, backend.operand);
    const first = await crowd(30, port);
    assertEquals(first.length, 3);
    assertEquals(await balance.column("totalc"), [3]);
    dismiss(first);
    await balance.idle();
    const again = await crowd(30, port);
    assertEquals(again.length, 3);
    dismiss(again);
    assertEquals(await refusals(balance), { connections: 54 });
  });

  test("--max-conns-per-client leaves other clients alone", async () => {
    await using backends = new Backends(1, finishFirst);
    const port = freePort();
    const limit = ["--max-conns-per-client=1"];
    await using _ = await start(workers, limit, port, ...backends.operands);
    using guest = await HeldClient.open(port);
    assertEquals([guest.name, await getFrom("127.0.0.2", port, "127.0.0.1")], ["A", "A"]);
    using second = await HeldClient.open(port);
    assertEquals(second.name, "");
  });

  test("--rate-per-client is exact over all workers", async () => {
    await using backend = startBackend("A");
    const port = freePort();
    const rate = ["--rate-per-client=7/3600"];
    await using balance = await start(workers, rate, port, backend.operand);
    const served = await crowd(30, port);
    dismiss(served);
    assertEquals([served.length, await getFrom("127.0.0.2", port, "127.0.0.1")], [7, "A"]);
    assertEquals(await refusals(balance), { rate: 23 });
  });
}

Deno.test("--queue: clients that find every channel full wait in turn, and too many are closed", async () => {
  await using backend = startBackend("A", hold);
  const port = freePort();
  await using balance = await start(1, ["--queue=2:60"], port, `${backend.operand}:1`);
  using first = await HeldClient.open(port);
  const order: number[] = [];
  // One worker accepts in the order of the connects.
  const waiting: Promise<void>[] = [];
  for (let client = 0; client < 2; client++) {
    const connection = await dial(port);
    const served = receiveLine(connection).then((line) => {
      assertEquals(line, "A\n");
      order.push(client);
      connection.close();
    });
    waiting.push(served);
  }
  using third = await HeldClient.open(port);
  assertEquals([first.name, third.name], ["A", ""]);
  first[Symbol.dispose]();
  await within(Promise.all(waiting), "the clients that wait");
  assertEquals(order, [0, 1]);
  assertEquals(await refusals(balance), { "queue full": 1 });
});

Deno.test("what clients of --workers are refused for is told in one line a minute", async () => {
  await using backend = startBackend("A");
  const port = freePort();
  await using balance = await start(2, ["--deny=127.0.0.1"], port, backend.operand);
  dismiss(await crowd(5, port));
  await balance.stderr.until(/refused \d+ clients: denied \d+\n/);
  dismiss(await crowd(5, port));
  const lines = balance.stderr.text.split("\n").filter((line) => line.includes("refused"));
  assertEquals(lines.length, 1);
  assertEquals(await refusals(balance), { denied: 10 });
});

Deno.test("--log-format json: every line is one object, and a connection's end has its keys", async () => {
  await using backend = startBackend("A", finishFirst);
  const port = freePort();
  const options = ["--log-connections", "--log-format=json", "--deny=127.0.0.9"];
  await using balance = await start(1, options, port, backend.operand);
  using guest = await HeldClient.open(port);
  assertEquals(guest.name, "A");
  guest[Symbol.dispose]();
  assertEquals(await getFrom("127.0.0.9", port, "127.0.0.1"), "");
  await refusals(balance);
  const lines = balance.stderr.text.trimEnd().split("\n").map((line) => JSON.parse(line));
  const end = lines.find(({ message }) => message === "connection ended");
  const refused = lines.find(({ message }) => /^refused/.test(message));
  assertEquals(lines.length, 2);
  assertEquals(Object.keys(end), [
    ...["time", "level", "message", "client", "group", "channel", "name", "server", "connectMs"],
    ...["sent", "rcvd", "seconds", "cause"],
  ]);
  assertMatch(end.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assertEquals([end.name, end.server, end.rcvd, end.cause], [
    backend.operand,
    backend.operand,
    2,
    "server closed",
  ]);
  assert(end.connectMs > 0 && end.connectMs < 5000, `${end.connectMs}`);
  const { level, message, reasons } = refused;
  assertEquals([level, message, refused.refused, reasons], [
    "notice",
    "refused 1 clients: denied 1",
    1,
    "denied 1",
  ]);
});

const KEEPALIVE_COMPLAINT = "balance: --keepalive takes IDLE,INTERVAL,COUNT: seconds, " +
  'seconds (1 to 32767) and a number (1 to 127), not "10,5,x"';

const COMPLAINTS: readonly [option: string, complaint: string][] = [
  ["--proxy-out=v3", 'balance: --proxy-out takes v1 or v2, not "v3"'],
  ["--keepalive=10,5,x", KEEPALIVE_COMPLAINT],
];

for (const [option, complaint] of COMPLAINTS) {
  Deno.test(`${option} is one line on stderr and exit code 64`, async () => {
    const { code, stdout, stderr } = await run([option, freePort(), "127.0.0.1"]);
    assertEquals([code, stdout, stderr], [64, "", `${complaint}\n`]);
  });
}
