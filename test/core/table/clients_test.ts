import { claim, release, releaseAll } from "../../../lib/core/table/access.ts";
import {
  beginWait,
  clientCount,
  countRefusal,
  endWait,
  enter,
  forgetClients,
  leave,
  NO_TICKET,
  olderWaits,
  publishOldest,
  recount,
  refusalCounts,
  waitingCount,
} from "../../../lib/core/table/clients.ts";
import { createTable, instanceWord, openTable, REFUSALS } from "../../../lib/core/table/schema.ts";
import { assert, assertEquals } from "../../kit/assert.ts";
import { makeTable, setEnabled, slotNamed } from "../../kit/make_table.ts";

Deno.test("enter() counts clients over all workers up to a number, and a place that was left again", () => {
  const table = createTable(2);
  const entered = [enter(table, 0, 2), enter(table, 1, 2), enter(table, 0, 2)];
  assertEquals([entered, clientCount(table)], [[true, true, false], 2]);
  leave(table, 1);
  assertEquals([enter(table, 0, 2), enter(table, 1, 2)], [true, false]);
});

Deno.test("beginWait() gives tickets in order over all workers, up to a number of clients", () => {
  const table = createTable(2);
  const tickets = [0, 1, 0, 1].map((worker) => beginWait(table, worker, 3));
  assert(tickets.slice(0, 3).every((ticket, at) => ticket > (tickets[at - 1] ?? 0)), `${tickets}`);
  assertEquals([tickets[3], waitingCount(table)], [NO_TICKET, 3]);
  endWait(table, 1);
  assert(beginWait(table, 1, 3) > (tickets[2] ?? 0));
});

Deno.test("tickets go on behind the largest number, without the one that means none", () => {
  const table = createTable(2);
  Atomics.store(table.words, instanceWord(table, "ticket"), 2 ** 31 - 2);
  const early = beginWait(table, 0, 9);
  const late = beginWait(table, 1, 9);
  assertEquals([early, late], [2 ** 31 - 1, -(2 ** 31)]);
  publishOldest(table, 0, early);
  publishOldest(table, 1, late);
  assertEquals([olderWaits(table, 1, late), olderWaits(table, 0, early)], [true, false]);
  Atomics.store(table.words, instanceWord(table, "ticket"), -1);
  assertEquals(beginWait(table, 0, 9), 1);
});

Deno.test("olderWaits() looks at other workers only, and whoever has no ticket comes last", () => {
  const table = createTable(3);
  publishOldest(table, 1, 5);
  const said = [olderWaits(table, 1, 9), olderWaits(table, 0, 4), olderWaits(table, 0, 6)];
  assertEquals(said, [false, false, true]);
  assertEquals([olderWaits(table, 0, NO_TICKET), olderWaits(table, 1, NO_TICKET)], [true, false]);
});

Deno.test("refusals are counted by reason and summed over the workers", () => {
  const table = createTable(2);
  for (const reason of REFUSALS) countRefusal(table, 0, reason);
  countRefusal(table, 1, "rate");
  const wanted = Object.fromEntries(REFUSALS.map((reason) => [reason, reason === "rate" ? 2 : 1]));
  assertEquals(refusalCounts(table), { ...refusalCounts(table), ...wanted });
});

Deno.test("forgetClients() gives back what a dead worker has, and nobody else's", () => {
  const table = createTable(2);
  for (const worker of [0, 1, 1]) {
    enter(table, worker, 9);
    beginWait(table, worker, 9);
  }
  publishOldest(table, 1, 2);
  releaseAll(table, 1);
  forgetClients(table, 1);
  const left = [clientCount(table), waitingCount(table), olderWaits(table, 0, 3)];
  assertEquals(left, [1, 1, false]);
  // What the dead thread still does changes nothing; its successor counts.
  leave(table, 1);
  endWait(table, 1);
  assertEquals([enter(table, 1, 9), beginWait(table, 1, 9)], [false, NO_TICKET]);
  assertEquals([clientCount(table), waitingCount(table)], [1, 1]);
  assert(enter(openTable(table.memory, 2, 1), 1, 9));
  assertEquals(clientCount(table), 2);
});

Deno.test("a place that comes free and a change wake whoever waits, and nobody if nobody does", () => {
  const table = makeTable("10.0.0.1::1");
  const room = (): number => Atomics.load(table.words, instanceWord(table, "room"));
  const changes: [string, () => void][] = [
    ["release", () => release(table, 0, slotNamed("0.0"))],
    ["enable", () => setEnabled(table, true, "0.0")],
  ];
  for (const [name, change] of changes) {
    assert(claim(table, 0, slotNamed("0.0")) || name === "enable");
    const before = room();
    change();
    assertEquals(room(), before, name);
    claim(table, 0, slotNamed("0.0"));
    beginWait(table, 0, 9);
    change();
    assert(room() !== before, name);
    endWait(table, 0);
  }
});

Deno.test("recount() begins to count with those who are there, and leaves the other workers' alone", () => {
  const table = createTable(2);
  enter(table, 1, 9);
  recount(table, 0, 3);
  assertEquals([clientCount(table), enter(table, 0, 5), enter(table, 0, 5)], [4, true, false]);
  leave(table, 0);
  recount(table, 0, 0);
  assertEquals(clientCount(table), 1);
});
