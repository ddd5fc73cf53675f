import { apply } from "../../../lib/core/table/change.ts";
import {
  counterIndex,
  groupOf,
  openTable,
  slotOf,
  type Table,
} from "../../../lib/core/table/schema.ts";
import {
  add,
  autodisable,
  channelCount,
  claim,
  cursor,
  epochOf,
  freeSlot,
  methodOf,
  moveCursor,
  release,
  releaseAll,
  setCursor,
  usable,
  workerLoad,
} from "../../../lib/core/table/access.ts";
import { decodeFlags, encodeFlags, PROXIES } from "../../../lib/core/table/flags.ts";
import { placeAt, unresolvedPlace } from "../../../lib/core/table/place.ts";
import { unixPaths, viewChannel, viewTable } from "../../../lib/core/table/view.ts";
import { assertEquals } from "../../kit/assert.ts";
import { ipv4Place, makeTable, slotNamed } from "../../kit/make_table.ts";

function counters(table: Table, name: string): [number, number, number, number] {
  const { c, totalc, sent, received } = viewChannel(table, slotNamed(name));
  return [c, totalc, sent, received];
}

Deno.test("viewTable() lists groups and channels ascending, without the empty groups", () => {
  const table = makeTable("10.0.0.1 10.0.0.2:25 % 10.0.0.3::4 !");
  assertEquals(
    viewTable(table).map(({ group, channel, port, maxc }) => [group, channel, port, maxc]),
    [[0, 0, 80, 0], [0, 1, 25, 0], [1, 0, 80, 4]],
  );
  assertEquals([methodOf(table, 0), methodOf(table, 1)], ["hash", "rr"]);
});

Deno.test("viewChannel() starts enabled with all counters at zero", () => {
  assertEquals(viewChannel(makeTable("255.255.255.254:-1:-4"), 0), {
    group: 0,
    channel: 0,
    leaving: false,
    enabled: true,
    draining: false,
    observed: "up",
    weight: 1,
    effectiveWeight: 1,
    flags: { backup: false, proxy: "default", member: false },
    endpoint: { family: "ipv4", address: 0xfffffffe, port: 0xffff },
    port: -1,
    maxc: -4,
    c: 0,
    totalc: 0,
    sent: 0,
    received: 0,
  });
});

Deno.test("claim() counts c and totalc at once, release() gives back c alone", () => {
  const table = makeTable("10.0.0.1");
  assertEquals(claim(table, 0, 0), true);
  assertEquals(claim(table, 0, 0), true);
  release(table, 0, 0);
  assertEquals(counters(table, "0.0"), [1, 2, 0, 0]);
});

Deno.test("claim() gives at most maxc places, and a freed one again", () => {
  const table = makeTable("10.0.0.1::2");
  assertEquals([claim(table, 0, 0), claim(table, 0, 0), claim(table, 0, 0)], [true, true, false]);
  release(table, 0, 0);
  assertEquals([claim(table, 0, 0), claim(table, 0, 0)], [true, false]);
  assertEquals(counters(table, "0.0"), [2, 3, 0, 0]);
});

Deno.test("claim() of a refused place counts nothing", () => {
  const table = makeTable("10.0.0.1::-1");
  assertEquals(claim(table, 0, 0), false);
  assertEquals(counters(table, "0.0"), [0, 0, 0, 0]);
});

const USABLE: readonly [name: string, maxc: number, c: number, wanted: boolean][] = [
  ["without a limit", 0, 1000, true],
  ["below the limit", 3, 2, true],
  ["not at the limit", 3, 3, false],
  ["not above a limit that was lowered", 2, 3, false],
  ["never with a negative limit", -1, 0, false],
];

for (const [name, maxc, c, wanted] of USABLE) {
  Deno.test(`usable() is ${wanted} for an enabled channel ${name}`, () => {
    const table = makeTable("10.0.0.1");
    for (let taken = 0; taken < c; taken++) claim(table, 0, 0);
    apply(table, [{ kind: "maxc", slot: 0, maxc }]);
    assertEquals(usable(table, 0), wanted);
  });
}

Deno.test("usable() is false for a disabled channel", () => {
  const table = makeTable("10.0.0.1");
  apply(table, [{ kind: "enabled", slot: 0, enabled: false }]);
  assertEquals([usable(table, 0), claim(table, 0, 0)], [false, false]);
});

Deno.test("apply() of enable and of a raised maxc work on the next claim", () => {
  const table = makeTable("10.0.0.1::1");
  claim(table, 0, 0);
  apply(table, [{ kind: "maxc", slot: 0, maxc: 2 }]);
  assertEquals(claim(table, 0, 0), true);
  apply(table, [{ kind: "enabled", slot: 0, enabled: false }]);
  apply(table, [{ kind: "enabled", slot: 0, enabled: true }, { kind: "maxc", slot: 0, maxc: 0 }]);
  assertEquals(claim(table, 0, 0), true);
});

Deno.test("apply() of a reset clears totalc, sent and rcvd and leaves c", () => {
  const table = makeTable("10.0.0.1 10.0.0.2", 2);
  claim(table, 0, 0);
  claim(table, 1, 0);
  claim(table, 1, 1);
  add(table, counterIndex(1, 0, "sent"), 500);
  add(table, counterIndex(0, 0, "received"), 700);
  apply(table, [{ kind: "reset", slot: 0 }]);
  assertEquals(counters(table, "0.0"), [2, 0, 0, 0]);
  claim(table, 1, 0);
  add(table, counterIndex(1, 0, "sent"), 3);
  assertEquals(counters(table, "0.0"), [3, 1, 3, 0]);
  assertEquals(counters(table, "0.1"), [1, 1, 0, 0]);
});

Deno.test("apply() of a new address keeps counters, maxc and status", () => {
  const table = makeTable("10.0.0.1::7");
  claim(table, 0, 0);
  apply(table, [{ kind: "enabled", slot: 0, enabled: false }]);
  apply(table, [{ kind: "address", slot: 0, place: ipv4Place(0xc0a80001, 99) }]);
  const { enabled, maxc, c, totalc, endpoint, port } = viewChannel(table, 0);
  assertEquals([endpoint, port], [{ family: "ipv4", address: 0xc0a80001, port: 99 }, 99]);
  assertEquals([enabled, maxc, c, totalc], [false, 7, 1, 1]);
});

Deno.test("apply() of create appends to its group", () => {
  const table = makeTable("10.0.0.1 ! 10.0.0.2");
  const create = { kind: "create", place: ipv4Place(1, 2), maxc: 0, enabled: false } as const;
  apply(table, [{ ...create, group: 0 }, { ...create, group: 15 }]);
  assertEquals([channelCount(table, 0), channelCount(table, 1), channelCount(table, 15)], [
    2,
    1,
    1,
  ]);
  assertEquals(viewChannel(table, slotOf(15, 0)).enabled, false);
  assertEquals(groupOf(slotOf(15, 63)), 15);
});

Deno.test("counters go beyond 32 bit", () => {
  const table = makeTable("10.0.0.1");
  add(table, counterIndex(0, 0, "sent"), 2 ** 40);
  add(table, counterIndex(0, 0, "sent"), 1);
  assertEquals(counters(table, "0.0"), [0, 0, 2 ** 40 + 1, 0]);
});

Deno.test("autodisable() tells once that it disabled a channel", () => {
  const table = makeTable("10.0.0.1 10.0.0.2");
  assertEquals([autodisable(table, 1), autodisable(table, 1)], [true, false]);
  assertEquals([usable(table, 0), usable(table, 1)], [true, false]);
});

Deno.test("openTable() sees what another thread writes", () => {
  const table = makeTable("10.0.0.1", 2);
  const other = openTable(table.memory, 2);
  claim(other, 1, 0);
  add(other, counterIndex(1, 0, "received"), 9);
  assertEquals(counters(table, "0.0"), [1, 1, 0, 9]);
});

Deno.test("counters of all workers add up", () => {
  const table = makeTable("10.0.0.1", 3);
  for (const worker of [0, 1, 1, 2]) claim(table, worker, 0);
  for (const worker of [0, 1, 2]) add(table, counterIndex(worker, 0, "sent"), 10 ** worker);
  assertEquals(counters(table, "0.0"), [4, 4, 111, 0]);
  assertEquals(workerLoad(table, 1), { c: 2, totalc: 2 });
});

Deno.test("releaseAll() gives back a dead worker's places and nobody else's", () => {
  const table = makeTable("10.0.0.1 10.0.0.2 ! 10.0.0.3", 2);
  for (const slot of [0, 0, 1, slotOf(1, 0)]) claim(table, 0, slot);
  claim(table, 1, 0);
  releaseAll(table, 0);
  assertEquals(counters(table, "0.0"), [1, 3, 0, 0]);
  assertEquals(counters(table, "0.1"), [0, 1, 0, 0]);
  assertEquals(counters(table, "1.0"), [0, 1, 0, 0]);
  assertEquals([workerLoad(table, 0).c, workerLoad(table, 1).c], [0, 1]);
  releaseAll(table, 0);
  assertEquals(counters(table, "0.0"), [1, 3, 0, 0]);
});

Deno.test("moveCursor() moves only a cursor that is where it was seen", () => {
  const table = makeTable("10.0.0.1 10.0.0.2");
  assertEquals(moveCursor(table, 0, 0, 1), true);
  assertEquals(moveCursor(table, 0, 0, 2), false);
  assertEquals(cursor(table, 0), 1);
  setCursor(table, 3, 7);
  assertEquals([cursor(table, 0), cursor(table, 3)], [1, 7]);
});

Deno.test("a thread whose worker was given up claims nothing any more, its successor does", () => {
  const table = makeTable("10.0.0.1", 2);
  const dead = openTable(table.memory, 2);
  assertEquals(claim(dead, 1, 0), true);
  releaseAll(table, 1);
  assertEquals(claim(dead, 1, 0), false);
  assertEquals(counters(table, "0.0"), [0, 1, 0, 0]);
  release(dead, 1, 0);
  assertEquals(counters(table, "0.0"), [0, 1, 0, 0]);
  const successor = openTable(table.memory, 2, epochOf(table, 1));
  assertEquals(claim(successor, 1, 0), true);
  assertEquals([counters(table, "0.0"), workerLoad(table, 1).c], [[1, 2, 0, 0], 1]);
});

/** The rows of group 0 that are channels, as their numbers. */
function taken(table: Table): number[] {
  return viewTable(table).map(({ channel }) => channel);
}

Deno.test("a free row is no channel: it is not shown, not claimed, and the next channel gets it", () => {
  const table = makeTable("10.0.0.1 10.0.0.2 10.0.0.3");
  claim(table, 0, 1);
  release(table, 0, 1);
  apply(table, [{ kind: "presence", slot: 1, presence: "free" }]);
  assertEquals(taken(table), [0, 2]);
  assertEquals([usable(table, 1), claim(table, 0, 1)], [false, false]);
  assertEquals([channelCount(table, 0), freeSlot(table, 0)], [3, 1]);
  apply(table, [{
    kind: "create",
    group: 0,
    place: ipv4Place(9, 9),
    maxc: 0,
    enabled: true,
    weight: 7,
  }]);
  assertEquals(taken(table), [0, 1, 2]);
  const { totalc, weight, port } = viewChannel(table, 1);
  assertEquals([totalc, weight, port], [0, 7, 9]);
  assertEquals([channelCount(table, 0), freeSlot(table, 0)], [3, 3]);
});

Deno.test("a leaving channel is shown and gets nobody, until its record is back", () => {
  const table = makeTable("10.0.0.1");
  apply(table, [{ kind: "presence", slot: 0, presence: "leaving" }]);
  assertEquals([viewChannel(table, 0).leaving, claim(table, 0, 0)], [true, false]);
  apply(table, [{ kind: "weight", slot: 0, weight: 5 }, {
    kind: "observed",
    slot: 0,
    observed: "up",
  }]);
  assertEquals(usable(table, 0), false);
  apply(table, [{ kind: "presence", slot: 0, presence: "present" }]);
  assertEquals([viewChannel(table, 0).leaving, claim(table, 0, 0)], [false, true]);
});

Deno.test("a full group has no free row, and create does nothing there", () => {
  const table = makeTable("");
  const create = {
    kind: "create",
    group: 0,
    place: ipv4Place(1, 1),
    maxc: 0,
    enabled: true,
  } as const;
  apply(table, Array(64).fill(create));
  assertEquals([freeSlot(table, 0), channelCount(table, 0)], [undefined, 64]);
  const before = [...table.words];
  apply(table, [create]);
  assertEquals([...table.words], before);
});

Deno.test("an unresolved channel gets nobody and leads nowhere", () => {
  const table = makeTable("");
  const place = unresolvedPlace(80);
  apply(table, [
    { kind: "create", group: 0, place, maxc: 0, enabled: true, observed: "unresolved" },
  ]);
  const { observed, port, endpoint } = viewChannel(table, 0);
  assertEquals([observed, port], ["unresolved", 80]);
  assertEquals(endpoint, { family: "ipv4", address: 0, port: 0 });
  assertEquals(claim(table, 0, 0), false);
});

Deno.test("unixPaths() are those of the channels, each once", () => {
  const table = makeTable("10.0.0.1");
  for (const path of ["/run/a", "/run/b", "/run/a"]) {
    const place = placeAt({ family: "unix", path }, 80);
    apply(table, [{ kind: "create", group: 0, place, maxc: 0, enabled: true }]);
  }
  assertEquals(unixPaths(table), ["/run/a", "/run/b"]);
  assertEquals(viewChannel(table, 1).port, 0);
});

Deno.test("decodeFlags() reads back what encodeFlags() writes", () => {
  for (const backup of [false, true]) {
    for (const member of [false, true]) {
      for (const proxy of PROXIES) {
        const flags = { backup, proxy, member };
        assertEquals(decodeFlags(encodeFlags(flags)), flags);
      }
    }
  }
  assertEquals(encodeFlags({ backup: false, proxy: "default", member: false }), 0);
});
