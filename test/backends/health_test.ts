/**
 * Watching over servers, with real servers and without an engine: what it writes into the table, tells and has done.
 *
 * @module
 */
import { eventually } from "../kit/wait.ts";
import { deadPort } from "../kit/ports.ts";
import { Directory } from "../../lib/backends/directory.ts";
import { Health } from "../../lib/backends/health.ts";
import { channelName, parseDestination } from "../../lib/core/command_line/destination.ts";
import { parseOptions } from "../../lib/core/command_line/options.ts";
import type { Fields, Level } from "../../lib/core/events.ts";
import { apply, type Change } from "../../lib/core/table/change.ts";
import {
  countFailure,
  ejectionPhase,
  failTrial,
  succeed,
  takeTrial,
} from "../../lib/core/table/ejection.ts";
import { placeAt } from "../../lib/core/table/place.ts";
import { channelWord, type Table } from "../../lib/core/table/schema.ts";
import { viewTable } from "../../lib/core/table/view.ts";
import { usable } from "../../lib/core/table/access.ts";
import { assert, assertEquals, assertStringIncludes } from "../kit/assert.ts";
import { makeScheduler } from "../kit/make_scheduler.ts";
import { ipv4Place, makeTable, SERVICES } from "../kit/make_table.ts";
import { hear, NotingServer, say } from "./servers.ts";

/** Watches over the destinations of a command line. */
class Watch implements Disposable {
  readonly table: Table;
  readonly directory = new Directory();
  readonly health: Health;
  readonly lines: string[] = [];
  /** What it had done: `end 0`, `listen`, `refuse`. */
  readonly deeds: string[] = [];

  constructor(options: string, operands: readonly string[], start = true) {
    const words = options.split(" ").filter((word) => word !== "");
    const plain = operands.map((operand) => operand.split(",", 1)[0] ?? "");
    this.table = makeTable(plain.join(" "));
    for (const [slot, operand] of operands.entries()) {
      const destination = parseDestination(operand, 80, SERVICES);
      this.directory.put({ slot, name: channelName(destination), destination });
    }
    this.health = new Health({
      table: this.table,
      directory: this.directory,
      options: parseOptions([...words, "80", ...operands]).health,
      source: undefined,
      proxyOut: undefined,
      log: {
        log: (level: Level, message: string, fields: Fields = {}) => {
          this.lines.push(`${level} ${message === "{line}" ? fields.line : message}`);
        },
        trace: undefined,
      },
    });
    if (start) {
      this.health.start({
        endChannel: (slot) => this.deeds.push(`end ${slot}`),
        listen: (on) => this.deeds.push(on ? "listen" : "refuse"),
      });
    }
  }

  /** What is observed of every channel, as the table has it. */
  get observed(): string {
    return viewTable(this.table).map(({ observed }) => observed).join(" ");
  }

  /** What an operator does. */
  change(...changes: Change[]): void {
    apply(this.table, changes);
    this.health.changed(changes);
  }

  [Symbol.dispose](): void {
    this.health[Symbol.dispose]();
  }
}

const QUICK = "--check-interval 0.1 --check-timeout 0.5";
const silent = (): Promise<void> => Promise.resolve();

function word(watch: Watch, slot: number, field: Parameters<typeof channelWord>[1]): number {
  return Atomics.load(watch.table.words, channelWord(slot, field));
}

/** Ejects a channel as a worker does with `--eject 1`. */
function eject(watch: Watch, slot = 0): void {
  countFailure(watch.table, slot, 1);
  watch.health.seen({ kind: "ejected", slot, reason: "refused" });
}

Deno.test("the very first check counts at once, and is one log line", async () => {
  await using server = new NotingServer(silent);
  const operands = [`127.0.0.1:${server.port},name=good`, `127.0.0.1:${deadPort()},name=bad`];
  using watch = new Watch(`--check tcp ${QUICK}`, operands);
  await eventually(() => watch.observed === "up down", "the first checks");
  assertEquals(watch.lines, ["notice channel 0.1 bad down: refused (first check)"]);
  assertEquals([usable(watch.table, 0), usable(watch.table, 1)], [true, false]);
});

Deno.test("rise and fall count results in a row; each change is one line with reason and duration", async () => {
  let status = 200;
  await using server = new NotingServer(async (connection) => {
    await hear(connection);
    await say(connection, `HTTP/1.1 ${status} X\r\nContent-Length: 0\r\n\r\n`);
    await connection.closeWrite();
  });
  const operand = `127.0.0.1:${server.port},name=web`;
  using watch = new Watch(`--check http:/ ${QUICK} --check-fall 3 --check-rise 2`, [operand]);
  await eventually(() => server.accepted >= 2, "good checks");
  status = 503;
  await eventually(() => watch.observed === "down", "down");
  status = 204;
  await eventually(() => watch.observed === "up", "up again");
  assertEquals(watch.lines.map((line) => line.replace(/\d+s$/, "Ns")), [
    "notice channel 0.0 web down: http 503 (3 of 3), was up Ns",
    "notice channel 0.0 web up: http 204 (2 of 2), was down Ns",
  ]);
  assertEquals(server.ends.filter((end) => end !== "eof"), []);
});

Deno.test("a server that hangs gets nobody as soon as its check is late, long before it is down", async () => {
  let answers = true;
  await using hung = new NotingServer(async (connection) => {
    await hear(connection);
    if (answers) await say(connection, "HTTP/1.1 200 X\r\n\r\n");
    else await hear(connection);
    await connection.closeWrite();
  });
  await using other = new NotingServer(async (connection) => {
    await hear(connection);
    await say(connection, "HTTP/1.1 200 X\r\n\r\n");
    await connection.closeWrite();
  });
  using watch = new Watch(
    "--check http:/ --check-interval 0.2 --check-timeout 30 --check-fall 3",
    [`127.0.0.1:${hung.port}`, `127.0.0.1:${other.port}`],
  );
  const given = (): number[] => {
    const scheduler = makeScheduler(watch.table);
    return [1, 2, 3, 4].map(() => scheduler.first({ address: "10.0.0.1", hashFailover: false }));
  };
  await eventually(() => hung.accepted >= 2 && other.accepted >= 2, "good checks");
  answers = false;
  await eventually(() => watch.health.views()[0]?.late === true, "a late check");
  assertEquals([given(), watch.observed, watch.lines], [[1, 1, 1, 1], "up up", []]);
});

Deno.test("a channel that is down and not checked any more is up", async () => {
  const dead = deadPort();
  using watch = new Watch(`--check tcp ${QUICK}`, [`127.0.0.1:${dead},name=web`]);
  await eventually(() => watch.observed === "down", "down");
  const operand = `127.0.0.1:${dead},name=web,check=off`;
  const destination = parseDestination(operand, 80, SERVICES);
  watch.directory.put({ slot: 0, name: channelName(destination), destination });
  assertEquals(watch.observed, "up");
  assertStringIncludes(watch.lines[1] ?? "", "up: it is not checked any more, was down ");
});

Deno.test("attributes: check=off is not checked, check= and checkport= have their way", async () => {
  await using server = new NotingServer(silent);
  const dead = deadPort();
  using watch = new Watch(`--check tcp ${QUICK}`, [
    `127.0.0.1:${dead},check=off`,
    `127.0.0.1:${dead},checkport=${server.port}`,
    `127.0.0.1:${server.port},check=http:/`,
    `127.0.0.1:${dead}`,
  ]);
  await eventually(() => watch.observed === "up up down down", "the first checks");
  assertEquals(watch.health.views().map(({ check }) => check), [undefined, "tcp", "http", "tcp"]);
});

Deno.test("--cut-down: a channel that a check takes down loses its connections, once", async () => {
  await using server = new NotingServer((connection) => say(connection, "500 ill\r\n"));
  using watch = new Watch(`--check http:/ --cut-down ${QUICK}`, [`127.0.0.1:${server.port}`]);
  await eventually(() => server.accepted >= 4, "four checks");
  assertEquals([watch.observed, watch.deeds.join()], ["down", "end 0"]);
});

Deno.test("--cut-down: an ejection ends no connection", () => {
  using watch = new Watch("--eject 1 --cut-down", ["127.0.0.1:81"]);
  eject(watch);
  assertEquals(watch.deeds, []);
});

Deno.test("checks do not shorten the wait after a failed trial that is still to be told", async () => {
  await using server = new NotingServer(silent);
  using watch = new Watch(`--eject 1 --check tcp ${QUICK}`, [`127.0.0.1:${server.port}`]);
  eject(watch);
  await eventually(() => ejectionPhase(watch.table, 0) === "trial due", "the trial");
  takeTrial(watch.table, 0, 0);
  failTrial(watch.table, 0, 0);
  const { accepted } = server;
  await eventually(() => server.accepted >= accepted + 4, "four more checks");
  assertEquals(ejectionPhase(watch.table, 0), "waiting");
});

Deno.test("an ejected channel waits about a second, and twice as long after a failed trial", async () => {
  using watch = new Watch("--eject 1", ["127.0.0.1:81"]);
  eject(watch);
  assertEquals([watch.observed, usable(watch.table, 0)], ["ejected", false]);
  const waits: number[] = [];
  for (const _ of [1, 2]) {
    const { trial } = watch.health.views()[0] ?? {};
    waits.push(typeof trial === "number" ? trial : NaN);
    await eventually(() => ejectionPhase(watch.table, 0) === "trial due", "the trial");
    takeTrial(watch.table, 0, 0);
    failTrial(watch.table, 0, 0);
    watch.health.seen({ kind: "trial failed", slot: 0, reason: "refused" });
  }
  const [first = 0, second = 0] = waits;
  assert(first > 700 && first <= 1200 && second > 1500 && second <= 2400, waits.join());
  succeed(watch.table, 0);
  watch.health.seen({ kind: "returned", slot: 0, reason: "a client was served" });
  assertEquals(watch.observed, "up");
  assertEquals(watch.lines.length, 2);
  assertStringIncludes(
    watch.lines[1] ?? "",
    "channel 0.0 127.0.0.1:81 up: a client was served, was ejected ",
  );
});

Deno.test("findings that overtake each other come to what the table says", () => {
  using watch = new Watch("--eject 1", ["127.0.0.1:81"]);
  const say = (kind: "ejected" | "returned"): void =>
    watch.health.seen({ kind, slot: 0, reason: "x" });
  // It was ejected, and is back; the words come the other way round.
  say("returned");
  say("ejected");
  assertEquals(watch.observed, "up");
  // It is out, was back in between, and is out again: of the two last words the second comes first.
  eject(watch);
  say("ejected");
  say("returned");
  assertEquals([watch.observed, ejectionPhase(watch.table, 0)], ["ejected", "waiting"]);
  assert(typeof watch.health.views()[0]?.trial === "number");
});

Deno.test("enable ends an ejection, and the weight begins small with --slow-start", async () => {
  using watch = new Watch("--eject 1 --slow-start 0.4", ["127.0.0.1:81"]);
  assertEquals(word(watch, 0, "effectiveWeight"), 1000);
  eject(watch);
  watch.change({ kind: "enabled", slot: 0, enabled: true });
  assertEquals([watch.observed, usable(watch.table, 0)], ["up", true]);
  const seen = [word(watch, 0, "effectiveWeight")];
  await eventually(() => {
    const now = word(watch, 0, "effectiveWeight");
    if (now !== seen.at(-1)) seen.push(now);
    return now === 1000;
  }, "the whole weight");
  assertEquals(seen[0], 100);
  assert(seen.length >= 3 && seen.every((each, at) => at === 0 || each > (seen[at - 1] ?? 0)));
});

Deno.test("a channel that comes back from down begins with a small weight at once", async () => {
  await using server = new NotingServer(silent);
  const dead = deadPort();
  using watch = new Watch(`--check tcp --slow-start 600 ${QUICK}`, [`127.0.0.1:${dead}`]);
  await eventually(() => watch.observed === "down", "down");
  assertEquals(word(watch, 0, "effectiveWeight"), 0);
  const place = placeAt(server.endpoint, server.port);
  watch.change({ kind: "address", slot: 0, place });
  await eventually(() => watch.observed === "up", "up");
  assertEquals(word(watch, 0, "effectiveWeight"), 100);
  watch.change({ kind: "weight", slot: 0, weight: 7 });
  assertEquals(word(watch, 0, "effectiveWeight"), 700);
});

Deno.test("a channel that is assigned another server is judged by its first check", async () => {
  await using server = new NotingServer(silent);
  const rule = "--check-interval 0.1 --check-rise 50";
  using watch = new Watch(`--check tcp ${rule}`, [`127.0.0.1:${deadPort()},name=a`]);
  await eventually(() => watch.observed === "down", "down");
  watch.change({ kind: "address", slot: 0, place: placeAt(server.endpoint, server.port) });
  await eventually(() => watch.observed === "up", "up by one check");
  assertEquals(watch.lines.at(-1), "notice channel 0.0 a up: connected (first check)");
});

Deno.test("a channel that is created is checked, and named by its address", async () => {
  const port = deadPort();
  using watch = new Watch(`--check tcp ${QUICK}`, []);
  const place = placeAt({ family: "ipv4", address: 0x7f000001, port: 0 }, port);
  watch.change({ kind: "create", group: 2, place, maxc: 0, enabled: false });
  await eventually(() => watch.observed === "down", "a check");
  assertEquals(watch.lines, [`notice channel 2.0 127.0.0.1:${port} down: refused (first check)`]);
});

Deno.test("a name without an address is unresolved until it has one", () => {
  using watch = new Watch("", ["127.0.0.1:81,name=web"]);
  watch.health.resolution(0, false, "no address");
  assertEquals([watch.observed, usable(watch.table, 0)], ["unresolved", false]);
  watch.health.resolution(0, true, "10.0.0.7");
  assertEquals([watch.observed, usable(watch.table, 0)], ["up", true]);
  assertEquals(watch.lines, [
    "notice channel 0.0 web unresolved: no address, was up 0s",
    "notice channel 0.0 web up: 10.0.0.7, was unresolved 0s",
  ]);
});

Deno.test("--when-down refuse: clients are refused exactly while nothing is usable", async () => {
  using watch = new Watch("--eject 1 --when-down refuse", ["127.0.0.1:81", "127.0.0.1:82"]);
  assertEquals(watch.deeds, []);
  eject(watch, 0);
  assertEquals(watch.deeds, []);
  watch.change({ kind: "enabled", slot: 1, enabled: false });
  assertEquals(watch.deeds, ["refuse"]);
  // A client must be able to come for the trial.
  await eventually(() => ejectionPhase(watch.table, 0) === "trial due", "the trial");
  await eventually(() => watch.deeds.length === 2, "listening");
  takeTrial(watch.table, 0, 0);
  watch.health.seen({ kind: "disabled", slot: 1 });
  assertEquals(watch.deeds, ["refuse", "listen"]);
  watch.change({ kind: "enabled", slot: 0, enabled: false });
  assertEquals(watch.deeds, ["refuse", "listen", "refuse"]);
});

Deno.test("--when-down refuse: a channel whose record goes or comes counts", () => {
  using watch = new Watch("--when-down refuse", ["127.0.0.1:81"]);
  for (const presence of ["leaving", "present"] as const) {
    apply(watch.table, [{ kind: "presence", slot: 0, presence }]);
    watch.health.followed(0);
  }
  assertEquals(watch.deeds, ["refuse", "listen"]);
});

Deno.test("an ejected channel whose name leads elsewhere is up", () => {
  using watch = new Watch("--eject 1", ["127.0.0.1:81"]);
  eject(watch);
  apply(watch.table, [{ kind: "address", slot: 0, place: ipv4Place(0x7f000002, 81) }]);
  watch.health.followed(0);
  assertEquals(watch.health.views().map(({ observed }) => observed), ["up"]);
});

Deno.test("without --when-down refuse the listener is left alone", () => {
  using watch = new Watch("--eject 1", ["127.0.0.1:81"]);
  eject(watch);
  assertEquals(watch.deeds, []);
});

Deno.test("the last resort is one log line an episode", () => {
  using watch = new Watch("--eject 1", ["127.0.0.1:81"]);
  const told = (): number => watch.lines.filter((line) => line.includes("no channel is up")).length;
  eject(watch);
  for (const _ of [1, 2, 3]) watch.health.seen({ kind: "last resort" });
  assertEquals(told(), 1);
  succeed(watch.table, 0);
  watch.health.seen({ kind: "returned", slot: 0, reason: "a client was served" });
  eject(watch);
  watch.health.seen({ kind: "last resort" });
  assertEquals(told(), 2);
});

Deno.test("without options of health no timer is started", () => {
  // Not disposed of: a timer that ran would be a leak, which ends the test.
  const watch = new Watch("--slow-start 5", ["127.0.0.1:81,check=off", "127.0.0.1:82"]);
  watch.change({ kind: "enabled", slot: 0, enabled: false });
  assertEquals(watch.health.views().map(({ observed, check }) => [observed, check]), [
    ["up", undefined],
    ["up", undefined],
  ]);
});
