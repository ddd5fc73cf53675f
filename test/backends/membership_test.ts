import { Directory } from "../../lib/backends/directory.ts";
import { Lookups } from "../../lib/backends/lookups.ts";
import { Membership } from "../../lib/backends/membership.ts";
import { parseDestination } from "../../lib/core/command_line/destination.ts";
import { parseNameServer } from "../../lib/core/command_line/name_server.ts";
import { claim, counter, release } from "../../lib/core/table/access.ts";
import { apply } from "../../lib/core/table/change.ts";
import { createTable, type Table } from "../../lib/core/table/schema.ts";
import { viewTable } from "../../lib/core/table/view.ts";
import { assertEquals } from "../kit/assert.ts";
import { makeTable, SERVICES, setEnabled } from "../kit/make_table.ts";
import { addressReply, NameServer, type ServerRecord } from "../e2e/name_server.ts";

/** A destination in group 0 that follows a server's records. */
function follow(
  server: NameServer,
  operand: string,
  adopted?: string,
): { table: Table; membership: Membership; directory: Directory; changed: number[] } {
  const table = adopted === undefined ? createTable(1) : makeTable(adopted);
  const directory = new Directory();
  const lookups = new Lookups(parseNameServer(server.operand));
  const destination = parseDestination(operand, 80, SERVICES);
  const changed: number[] = [];
  const backends = { table, directory, lookups, changed: (slot: number) => changed.push(slot) };
  const membership = new Membership(
    0,
    destination,
    backends,
    adopted === undefined ? undefined : 0,
  );
  return { table, membership, directory, changed };
}

/** SRV records as `priority weight port`, all of one host. */
function services(...texts: string[]): ServerRecord[] {
  return texts.map((text) => {
    const [priority = 0, weight = 0, port = 0] = text.split(" ").map(Number);
    return { type: "SRV", priority, weight, port, target: "web.test" };
  });
}

function serve(records: () => readonly ServerRecord[]): NameServer {
  return new NameServer((question) =>
    question.type === "SRV" ? records() : addressReply(["127.0.0.1"], question)
  );
}

/** Rows as `channel port weight`, with what else there is to say. */
function rows(table: Table): string[] {
  return viewTable(table).map(({ channel, port, weight, flags, leaving }) =>
    `${channel} ${port} ${weight}${flags.backup ? " backup" : ""}${leaving ? " leaving" : ""}`
  );
}

Deno.test("channels of srv: take weight and backup from their records, whenever these change", async () => {
  let records = services("1 5 81", "2 7 82");
  await using server = serve(() => records);
  const { table, membership } = follow(server, "srv:_http._tcp.test");
  await membership.look();
  assertEquals(rows(table), ["0 81 5", "1 82 7 backup"]);
  records = services("2 9 81", "1 0 82");
  await membership.look();
  assertEquals(rows(table), ["0 81 9 backup", "1 82 1"]);
});

Deno.test("an operator's weight stays until the record has another one", async () => {
  let records = services("1 5 81");
  await using server = serve(() => records);
  const { table, membership } = follow(server, "srv:_http._tcp.test");
  await membership.look();
  apply(table, [{ kind: "weight", slot: 0, weight: 50 }]);
  await membership.look();
  assertEquals(rows(table), ["0 81 50"]);
  records = services("1 6 81");
  await membership.look();
  assertEquals(rows(table), ["0 81 6"]);
});

Deno.test("attributes count for every channel, and more than the record", async () => {
  await using server = serve(() => services("1 5 81", "2 7 82"));
  const { table, membership, directory } = follow(
    server,
    "srv:_http._tcp.test,weight=3,backup,maxc=4,name=web",
  );
  await membership.look();
  assertEquals(rows(table), ["0 81 3 backup", "1 82 3 backup"]);
  assertEquals(viewTable(table).map(({ maxc, flags }) => [maxc, flags.member]), [
    [4, true],
    [4, true],
  ]);
  assertEquals(directory.all().map(({ name }) => name), ["web/web.test:81", "web/web.test:82"]);
});

Deno.test("a number is free when the last connection has ended, and the directory knows", async () => {
  let addresses = ["127.0.0.1"];
  await using server = new NameServer((question) => addressReply(addresses, question));
  const { table, membership, directory } = follow(server, "dns:web.test");
  await membership.look();
  claim(table, 0, 0);
  addresses = ["127.0.0.2"];
  await membership.look();
  assertEquals(rows(table), ["0 80 1 leaving", "1 80 1"]);
  assertEquals(membership.leaving, true);
  membership.sweep();
  assertEquals(membership.size, 2);
  release(table, 0, 0);
  membership.sweep();
  assertEquals([membership.size, membership.leaving], [1, false]);
  assertEquals(rows(table), ["1 80 1"]);
  assertEquals(directory.all().map(({ slot }) => slot), [1]);
});

Deno.test("in a full group records that come take the rows of those that go", async () => {
  const of = (from: number): string[] =>
    Array.from({ length: 64 }, (_, at) => `127.0.${from}.${at}`);
  let addresses = of(1);
  await using server = new NameServer((question) => addressReply(addresses, question));
  const { table, membership } = follow(server, "dns:web.test");
  await membership.look();
  claim(table, 0, 5);
  addresses = of(2);
  const { lines } = await membership.look();
  assertEquals(rows(table).filter((row) => row.endsWith("leaving")), ["5 80 1 leaving"]);
  assertEquals(rows(table).length, 64);
  assertEquals(lines.filter(({ level }) => level === "warning").map(({ fields }) => fields), [
    { name: "dns:web.test:80", records: 64, ignored: 1 },
  ]);
});

Deno.test("a channel that leaves, is back or leads elsewhere is told", async () => {
  let address = "127.0.0.1";
  let records = services("1 5 81", "1 5 82");
  await using server = new NameServer((question) =>
    question.type === "SRV" ? records : addressReply([address], question)
  );
  const { table, membership, changed } = follow(server, "srv:_http._tcp.test");
  await membership.look();
  assertEquals(claim(table, 0, 1), true);
  assertEquals(changed, []);
  records = services("1 5 81");
  await membership.look();
  assertEquals(changed.splice(0), [1]);
  records = services("1 5 81", "1 5 82");
  await membership.look();
  assertEquals(changed.splice(0), [1]);
  address = "127.0.0.2";
  await membership.look();
  assertEquals(changed.splice(0), [0, 1]);
});

Deno.test("a disabled channel that is adopted is that of the first record, with its counters", async () => {
  await using server = serve(() => services("1 5 81", "2 7 82"));
  const { table, membership, directory } = follow(
    server,
    "srv:_http._tcp.test,maxc=4",
    "10.0.0.1:70 10.0.0.2:71",
  );
  claim(table, 0, 0);
  release(table, 0, 0);
  setEnabled(table, false, "0.0");
  await membership.look();
  assertEquals(rows(table), ["0 81 5", "1 71 1", "2 82 7 backup"]);
  const views = viewTable(table);
  assertEquals(views.map(({ enabled, maxc }) => [enabled, maxc]), [[true, 4], [true, 0], [
    true,
    4,
  ]]);
  assertEquals([counter(table, 0, "totalc"), directory.get(0)?.name], [1, "web.test:81"]);
  assertEquals(membership.size, 2);
});

Deno.test("a channel that somebody has enabled meanwhile is not adopted", async () => {
  await using server = serve(() => services("1 5 81"));
  const { table, membership } = follow(server, "srv:_http._tcp.test", "10.0.0.1:70");
  await membership.look();
  assertEquals(rows(table), ["0 70 1", "1 81 5"]);
});

Deno.test("a look-up that is under way when it is over brings no channel", async () => {
  await using server = serve(() => services("1 5 81"));
  const { table, membership } = follow(server, "srv:_http._tcp.test");
  const look = membership.look();
  membership[Symbol.dispose]();
  assertEquals([await look, rows(table)], [{ known: false, lines: [] }, []]);
});
