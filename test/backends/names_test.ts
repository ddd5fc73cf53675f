import { eventually, sleep } from "../kit/wait.ts";
import { type Filled, fillTable } from "../../lib/backends/fill.ts";
import { Directory } from "../../lib/backends/directory.ts";
import { Lookups } from "../../lib/backends/lookups.ts";
import type { Backends } from "../../lib/backends/membership.ts";
import { NameWatch } from "../../lib/backends/names.ts";
import { parseDestination } from "../../lib/core/command_line/destination.ts";
import { parseNameServer } from "../../lib/core/command_line/name_server.ts";
import { parseGroups } from "../../lib/core/command_line/spec.ts";
import { createTable } from "../../lib/core/table/schema.ts";
import { assert, assertEquals } from "../kit/assert.ts";
import { SERVICES } from "../kit/make_table.ts";
import { addressReply, NameServer } from "../e2e/name_server.ts";

/** Channels of operands, looked up with a name server. */
async function fill(server: NameServer, operands: string): Promise<Backends & Filled> {
  const backends = {
    table: createTable(1),
    directory: new Directory(),
    lookups: new Lookups(parseNameServer(server.operand)),
  };
  const groups = parseGroups(operands.split(" "), 80, SERVICES);
  return { ...backends, ...await fillTable(groups, backends, false) };
}

const QUIET = { log: () => {}, trace: undefined };

Deno.test("the directory has every channel of the command line, by slot, with its name", async () => {
  await using server = new NameServer((question) => addressReply(["127.0.0.1", "::1"], question));
  const { directory } = await fill(
    server,
    "10.0.0.1:81,weight=2 [::1] unix:/run/x ! web.test:smtp,name=mail dns:web.test:82,name=D",
  );
  assertEquals(directory.all().map(({ slot, name }) => `${slot} ${name}`), [
    "0 10.0.0.1:81",
    "1 [::1]:80",
    "2 unix:/run/x",
    "64 mail",
    "65 D/127.0.0.1:82",
    "66 D/[::1]:82",
  ]);
  assertEquals(directory.get(0)?.destination.attributes, { weight: 2 });
});

Deno.test("addresses alone start no timer, and ask nobody", async () => {
  await using server = new NameServer(() => []);
  const backends = await fill(server, "10.0.0.1 [::1] unix:/run/x");
  const watch = new NameWatch(backends, backends.memberships, { intervalSeconds: 1, log: QUIET });
  watch.connectFailed(0);
  watch.connectFailed(1);
  // A timer that is left would fail this test: it is not disposed.
  assertEquals(server.questions, []);
});

Deno.test("a name that comes later is looked up from then on", async () => {
  await using server = new NameServer((question) => addressReply(["127.0.0.1"], question));
  const backends = await fill(server, "10.0.0.1");
  using _watch = new NameWatch(backends, backends.memberships, {
    intervalSeconds: 0.05,
    log: QUIET,
  });
  assertEquals(server.questions, []);
  const destination = parseDestination("web.test", 80, SERVICES);
  backends.directory.put({ slot: 0, name: "web", destination });
  await eventually(() => server.questions.length > 2, "it is looked up, again and again");
});

Deno.test("however many connects fail, a name is looked up once a second", async () => {
  const asked: number[] = [];
  await using server = new NameServer((question) => {
    if (question.type === "A") asked.push(performance.now());
    return addressReply(["127.0.0.1"], question);
  });
  const backends = await fill(server, "web.test dns:web.test");
  using watch = new NameWatch(backends, backends.memberships, {
    intervalSeconds: 3600,
    log: QUIET,
  });
  asked.length = 0;
  // Each of the two is looked up for itself.
  await eventually(() => {
    for (let count = 0; count < 100; count++) {
      watch.connectFailed(0);
      watch.connectFailed(1);
    }
    return asked.length >= 5;
  }, "several look-ups");
  for (const [at, time] of asked.slice(2).entries()) {
    assert(time - (asked[at] ?? 0) > 900, `${asked}`);
  }
  watch[Symbol.dispose]();
  // What is under way has its answer by then.
  await sleep(200);
});

Deno.test("after the end nothing is looked up, and nothing changes", async () => {
  const gate = Promise.withResolvers<void>();
  await using server = new NameServer((question) => addressReply(["127.0.0.1"], question));
  const backends = await fill(server, "web.test");
  const lines: string[] = [];
  const watch = new NameWatch(backends, backends.memberships, {
    intervalSeconds: 0.05,
    log: { log: (_level, message) => lines.push(message), trace: undefined },
  });
  server.delay = gate.promise;
  const before = server.questions.length;
  await eventually(() => server.questions.length >= before + 2, "a look-up is under way");
  watch[Symbol.dispose]();
  const words = [...backends.table.words];
  server.reply = (question) => addressReply(["127.0.0.2"], question);
  gate.resolve();
  await backends.lookups.addresses("web.test");
  watch.connectFailed(0);
  backends.directory.put({
    slot: 5,
    name: "x",
    destination: parseDestination("x.test", 80, SERVICES),
  });
  assertEquals([...backends.table.words], words);
  assertEquals(lines, []);
});
