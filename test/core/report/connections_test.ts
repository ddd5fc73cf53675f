/** Live connections and causes of ends, as documents and as text. */
import {
  causeDocuments,
  connectionsDocument,
  formatCauses,
  formatConnections,
} from "../../../lib/core/report/connections.ts";
import {
  type LastEnd,
  LastEnds,
  type LiveConnection,
  MAX_LISTED,
  mergeConnections,
} from "../../../lib/core/report/live.ts";
import { formatTable } from "../../../lib/core/report/table.ts";
import { countEnd } from "../../../lib/core/table/ends.ts";
import { createTable, slotOf } from "../../../lib/core/table/schema.ts";
import { assert, assertEquals } from "../../kit/assert.ts";
import { withSeed } from "../../kit/random.ts";
import { faultsOf } from "../../kit/schema.ts";

function live(told: Partial<LiveConnection> = {}): LiveConnection {
  return {
    client: "192.0.2.7:5123",
    slot: slotOf(1, 2),
    server: "10.0.0.1:80",
    ageMs: 61_234.5678,
    idleMs: 999.9994,
    sent: 12,
    received: 3456,
    phase: "relaying",
    ...told,
  };
}

Deno.test("a connection is told in seconds and by the numbers of its channel", () => {
  const document = connectionsDocument({ connections: [live()], omitted: 7 });
  assertEquals(faultsOf("connections", document), []);
  assertEquals(document, {
    connections: [{
      client: "192.0.2.7:5123",
      group: 1,
      channel: 2,
      server: "10.0.0.1:80",
      ageSeconds: 61.235,
      idleSeconds: 1,
      sentBytes: 12,
      receivedBytes: 3456,
      phase: "relaying",
    }],
    omitted: 7,
  });
});

Deno.test("a client without a channel has none in the document, and dashes in the text", () => {
  const waiting = live({
    slot: undefined,
    server: undefined,
    phase: "queued",
    ageMs: -3,
    idleMs: 0,
  });
  const document = connectionsDocument({ connections: [waiting], omitted: 0 });
  assertEquals(faultsOf("connections", document), []);
  const [one] = document.connections;
  assertEquals([one?.group, one?.channel, one?.server, one?.ageSeconds], [null, null, null, 0]);
  const [, line = ""] = formatConnections(document);
  assertEquals(line.split(/ +/), ["192.0.2.7:5123", "-", "-", "0s", "0s", "12", "3456", "queued"]);
});

Deno.test("conns is a table with numbers to the right, and says how many more there are", () => {
  const connections = [live(), live({ client: "[2001:db8::1]:5", sent: 1, server: "unix:/a\x1b" })];
  assertEquals(formatConnections(connectionsDocument({ connections, omitted: 24 })), [
    "client           channel  server        age  idle  sent  rcvd  state",
    "192.0.2.7:5123   1.2      10.0.0.1:80  1m1s    1s    12  3456  relaying",
    "[2001:db8::1]:5  1.2      unix:/a\\x1b  1m1s    1s     1  3456  relaying",
    "and 24 more",
  ]);
});

Deno.test("lists of several threads become one, the oldest first, with the right number left out", () =>
  withSeed((random) => {
    for (let round = 0; round < 20; round++) {
      const parts = Array.from({ length: random.between(0, 4) }, () => ({
        connections: Array.from(
          { length: random.between(0, MAX_LISTED) },
          () => live({ ageMs: random.between(0, 1e6) }),
        ),
        omitted: random.chance(0.5) ? 0 : random.between(1, 500),
      }));
      const { connections, omitted } = mergeConnections(parts);
      const ages = connections.map(({ ageMs }) => ageMs);
      assertEquals(ages, ages.toSorted((a, b) => b - a));
      const total = parts.reduce((sum, part) => sum + part.connections.length + part.omitted, 0);
      assertEquals(connections.length + omitted, total);
      assert(connections.length <= MAX_LISTED);
      const all = parts.flatMap((part) => part.connections.map(({ ageMs }) => ageMs));
      assertEquals(ages, all.toSorted((a, b) => b - a).slice(0, MAX_LISTED));
    }
  }));

function end(slot: number, cause: LastEnd["cause"], atMs: number): LastEnd {
  return { slot, cause, atMs, client: `192.0.2.7:${atMs}`, server: "10.0.0.1:80" };
}

Deno.test("the last end of each channel and cause is remembered, and no other one", () => {
  const ends = new LastEnds();
  assertEquals(ends.all(), []);
  ends.note(end(0, "client closed", 1));
  ends.note(end(0, "server closed", 2));
  ends.note(end(1, "client closed", 3));
  ends.note(end(0, "client closed", 4));
  assertEquals(ends.all().map(({ atMs }) => atMs).toSorted(), [2, 3, 4]);
});

Deno.test("causes are those of the channels that are meant, the most frequent first, with the last of all threads", () => {
  const table = createTable(2);
  countEnd(table, 0, 0, "client closed", 1);
  for (const worker of [0, 1, 1]) countEnd(table, worker, 0, "server reset", 1);
  countEnd(table, 1, 5, "client closed", 1);
  countEnd(table, 0, 6, "idle timeout", 1);
  const ends = [
    end(0, "server reset", 1000),
    end(0, "server reset", 3000),
    end(0, "server reset", 2000),
    end(6, "idle timeout", 9000),
    end(5, "client closed", 500),
  ];
  const causes = causeDocuments(table, [0, 5], ends);
  assertEquals(faultsOf("causes", { causes }), []);
  assertEquals(causes.map(({ cause, count }) => `${cause} ${count}`), [
    "server reset 3",
    "client closed 2",
  ]);
  assertEquals(causes.map(({ last }) => last?.at), [
    "1970-01-01T00:00:03.000Z",
    "1970-01-01T00:00:00.500Z",
  ]);
  assertEquals(causes[1]?.last?.channel, 5);
  // The thread that knew the example has died.
  assertEquals(causeDocuments(table, [6], [])[0], { cause: "idle timeout", count: 1, last: null });
  assertEquals(formatCauses(causeDocuments(table, [0, 6], ends.slice(0, 1))), [
    "cause          count  last                      client          channel  server",
    "server reset       3  1970-01-01T00:00:01.000Z  192.0.2.7:1000  0.0      10.0.0.1:80",
    "client closed      1  -                         -               -        -",
    "idle timeout       1  -                         -               -        -",
  ]);
});

Deno.test("a table keeps its columns apart, and no line ends with blanks", () => {
  assertEquals(formatTable([["a", "bb", "c"], ["aaa", "b", ""]], ["", "r", ""]), [
    "a    bb  c",
    "aaa   b",
  ]);
  assertEquals(formatTable([], ["", ""]), []);
});
