/** `explain` says what the scheduler then does, and moves nothing. */
import type { ClientRules, Context } from "../../../lib/core/control/commands/command.ts";
import { interpret } from "../../../lib/core/control/interpreter.ts";
import { parseNetworks } from "../../../lib/core/net/cidr.ts";
import { Attempt } from "../../../lib/core/session/attempt.ts";
import { claim } from "../../../lib/core/table/access.ts";
import { apply } from "../../../lib/core/table/change.ts";
import { countFailure, offerTrial, takeTrial } from "../../../lib/core/table/ejection.ts";
import { EndpointReader } from "../../../lib/core/table/endpoint.ts";
import { encodeFlags } from "../../../lib/core/table/flags.ts";
import { lockGroup } from "../../../lib/core/table/lock.ts";
import {
  channelOf,
  createTable,
  groupOf,
  METHODS,
  OBSERVED,
  openTable,
  slotOf,
  type Table,
} from "../../../lib/core/table/schema.ts";
import { viewTable } from "../../../lib/core/table/view.ts";
import { assert, assertEquals } from "../../kit/assert.ts";
import { makeScheduler } from "../../kit/make_scheduler.ts";
import { ipv4Place, makeTable, SERVICES } from "../../kit/make_table.ts";
import { type Random, withSeed } from "../../kit/random.ts";

const OPEN: ClientRules = {
  hashFailover: false,
  loadBound: undefined,
  lastResort: false,
  lists: { allow: undefined, deny: undefined },
};

/** The answer to `explain`; fails if a byte of the table has changed. */
function explain(table: Table, rules: Partial<ClientRules> = {}, address = "192.0.2.7"): string[] {
  const before = new Uint8Array(table.memory.slice(0));
  const context: Context = {
    table,
    group: 0,
    services: SERVICES,
    workers: [],
    rules: { ...OPEN, ...rules },
  };
  const outcome = interpret(`explain ${address}`, context);
  assert(outcome.kind === "answer");
  assertEquals(outcome.changes, []);
  const after = new Uint8Array(table.memory.slice(0));
  assert(before.every((byte, at) => byte === after[at]), "something has moved");
  return [...outcome.lines];
}

/** The channels in the order that was told, and the others with their reasons. */
function told(lines: readonly string[]): { order: string[]; skipped: Map<string, string> } {
  const order: string[] = [];
  const skipped = new Map<string, string>();
  for (const line of lines) {
    const [, name, what = ""] =
      /^\S+ +(\d+\.\d+) +\S+ +(.*?)(?:, as its check is late or has failed)?$/.exec(line) ?? [];
    if (name === undefined) continue;
    if (what.startsWith("skipped: ")) skipped.set(name, what.slice("skipped: ".length));
    else if (what === "taken") order[0] = name;
    else if (what === "next, if that fails") order[1] = name;
    else order[Number(/^then \((\d+)\)$/.exec(what)?.[1]) - 1] = name;
  }
  return { order, skipped };
}

/** What really becomes of a client each of whose connects fails, in a copy. */
function really(table: Table, rules: Partial<ClientRules>, address = "192.0.2.7"): string[] {
  const copy = openTable(table.memory.slice(0), table.workers);
  const { hashFailover, loadBound, lastResort } = { ...OPEN, ...rules };
  using attempt = new Attempt({
    table: copy,
    worker: 0,
    scheduler: makeScheduler(copy, { loadBound, chance: () => 0.5 }),
    endpoints: new EndpointReader(copy),
    autodisable: false,
    ejectAfter: 0,
    lastResort,
    observer: {},
  }, { address, hashFailover });
  const order: string[] = [];
  for (let step = attempt.begin(); step.kind === "try"; step = attempt.failed("refused", false)) {
    const { slot } = step.lease;
    order.push(`${groupOf(slot)}.${channelOf(slot)}`);
  }
  return order;
}

function randomTable(random: Random): Table {
  const workers = random.between(1, 3);
  const table = createTable(workers);
  const calm = random.chance(0.3);
  for (let group = 0; group < random.between(1, 4); group++) {
    apply(table, [{ kind: "method", group, method: random.pick(METHODS) }]);
    for (let channel = 0; channel < random.between(1, 6); channel++) {
      const slot = slotOf(group, channel);
      const flags = encodeFlags({ backup: random.chance(0.2), proxy: "default", member: false });
      apply(table, [{
        kind: "create",
        group,
        place: ipv4Place(slot, 80),
        maxc: random.pick([0, 0, 1, 2, 5, -1]),
        enabled: random.chance(0.8),
        weight: random.pick([1, 1, 2, 7, 0]),
        flags,
        observed: calm ? "up" : random.pick(random.chance(0.3) ? ["down"] : OBSERVED),
      }]);
      if (random.chance(0.1)) apply(table, [{ kind: "drain", slot }]);
      apply(table, [{ kind: "suspect", slot, suspect: random.chance(0.15) }]);
      if (random.chance(0.05)) apply(table, [{ kind: "presence", slot, presence: "leaving" }]);
      for (let count = random.between(0, 3); count > 0; count--) {
        claim(table, random.between(0, workers - 1), slot);
      }
      if (random.chance(0.3) && countFailure(table, slot, 1)) {
        apply(table, [{ kind: "observed", slot, observed: "ejected" }]);
        if (random.chance(0.6)) offerTrial(table, slot);
        if (random.chance(0.3)) takeTrial(table, random.between(0, workers - 1), slot);
      }
    }
  }
  return table;
}

Deno.test("what is told is what a client then meets, whatever the table and the rules", () =>
  withSeed((random) => {
    let kinds = 0;
    for (let round = 0; round < 300; round++) {
      const table = randomTable(random);
      const rules = {
        hashFailover: random.chance(0.5),
        loadBound: random.chance(0.3) ? 125 : undefined,
        lastResort: random.chance(0.5),
      };
      const address = random.pick(["192.0.2.7", "10.0.0.1", "2001:db8::1", "198.51.100.77"]);
      const lines = explain(table, rules, address);
      const { order, skipped } = told(lines);
      const wanted = really(table, rules, address);
      assertEquals([lines, order], [lines, wanted]);
      assertEquals(order.length + skipped.size, viewTable(table).length);
      const none = "no channel is left: the client is closed, or waits in the queue";
      assertEquals(lines.at(-1) === none, order.length === 0);
      kinds += order.length;
    }
    assert(kinds > 100, String(kinds));
  }));

Deno.test("with a load bound the place of a connect that failed is free for the next choice", () =>
  withSeed((random) => {
    for (let round = 0; round < 60; round++) {
      const channels = random.between(3, 6);
      const names = Array.from({ length: channels }, (_, at) => `10.0.${round}.${at}`);
      const table = makeTable(names.join(" "));
      apply(table, [{ kind: "method", group: 0, method: "rendezvous" }]);
      for (let count = random.between(0, 12); count > 0; count--) {
        claim(table, 0, random.between(0, channels - 1));
      }
      const rules = { loadBound: random.pick([100, 110, 125]) };
      assertEquals(told(explain(table, rules)).order, really(table, rules));
    }
  }));

/** Makes a table, and says of one of its channels why it is passed over. */
type Case = readonly [
  reason: string,
  operands: string,
  channel: string,
  make?: (table: Table) => void,
  rules?: Partial<ClientRules>,
];

const observe = (observed: typeof OBSERVED[number]) => (table: Table): void =>
  apply(table, [{ kind: "observed", slot: 0, observed }]);
const disable = (table: Table): void =>
  apply(table, [{ kind: "enabled", slot: 0, enabled: false }]);

const CASES: readonly Case[] = [
  ["disabled", "127.0.0.1 127.0.0.2", "0.0", disable],
  ["draining", "127.0.0.1 127.0.0.2", "0.0", (table) => apply(table, [{ kind: "drain", slot: 0 }])],
  ["down", "127.0.0.1 127.0.0.2", "0.0", observe("down")],
  ["unresolved", "127.0.0.1 127.0.0.2", "0.0", observe("unresolved")],
  ["ejected", "127.0.0.1 127.0.0.2", "0.0", (table) => {
    countFailure(table, 0, 1);
    observe("ejected")(table);
  }],
  ["ejected, and another client has its trial", "127.0.0.1 127.0.0.2", "0.0", (table) => {
    countFailure(table, 0, 1);
    observe("ejected")(table);
    offerTrial(table, 0);
    takeTrial(table, 0, 0);
  }],
  [
    "its record is gone",
    "127.0.0.1 127.0.0.2",
    "0.0",
    (table) => apply(table, [{ kind: "presence", slot: 0, presence: "leaving" }]),
  ],
  ["full, 1 of 1", "127.0.0.1::1 127.0.0.2", "0.0", (table) => void claim(table, 0, 0)],
  ["maxc -5 admits nobody", "127.0.0.1::-5 127.0.0.2", "0.0"],
  ["weight 0", "127.0.0.1,weight=0 127.0.0.2", "0.0"],
  ["a backup, and others of its group can be had", "127.0.0.1 127.0.0.2,backup %", "0.1"],
  ["the hash names another channel", "127.0.0.1 127.0.0.2 127.0.0.3 %", "0.1"],
];

for (const [reason, operands, channel, make, rules = {}] of CASES) {
  Deno.test(`a channel is passed over: ${reason}`, () => {
    const table = makeTable(operands);
    make?.(table);
    const { skipped } = told(explain(table, rules));
    assertEquals(skipped.get(channel), reason);
  });
}

Deno.test("without a channel that is up the enabled ones are tried, if that is the rule", () => {
  const table = makeTable("127.0.0.1 127.0.0.2");
  apply(table, [
    { kind: "observed", slot: 0, observed: "down" },
    { kind: "enabled", slot: 1, enabled: false },
  ]);
  assertEquals(explain(table), [
    "client 192.0.2.7",
    "RR  0.0  127.0.0.1:80  skipped: down",
    "RR  0.1  127.0.0.2:80  skipped: disabled",
    "no channel is left: the client is closed, or waits in the queue",
  ]);
  assertEquals(explain(table, { lastResort: true }), [
    "client 192.0.2.7: no channel is up, enabled ones are tried all the same",
    "RR  0.0  127.0.0.1:80  taken",
    "RR  0.1  127.0.0.2:80  skipped: disabled",
  ]);
});

Deno.test("a channel whose check is late or has failed comes behind the others, with this reason", () => {
  const table = makeTable("127.0.0.1 127.0.0.2 127.0.0.3");
  apply(table, [{ kind: "suspect", slot: 0, suspect: true }]);
  assertEquals(explain(table).slice(1), [
    "RR  0.0  127.0.0.1:80  then (3), as its check is late or has failed",
    "RR  0.1  127.0.0.2:80  taken",
    "RR  0.2  127.0.0.3:80  next, if that fails",
  ]);
  apply(table, [{ kind: "suspect", slot: 1, suspect: true }]);
  assertEquals(explain(table)[1], "RR  0.0  127.0.0.1:80  taken");
});

Deno.test("a client that may not come in is told so, and nothing else", () => {
  const networks = (text: string): ClientRules["lists"]["allow"] => {
    const parsed = parseNetworks(text);
    assert(parsed.kind === "networks");
    return parsed.set;
  };
  const table = makeTable("127.0.0.1");
  const lists = { allow: networks("192.0.2.0/24,2001:db8::/32"), deny: networks("192.0.2.7") };
  assertEquals(explain(table, { lists }), ["client 192.0.2.7: refused, denied"]);
  assertEquals(explain(table, { lists }, "10.0.0.1"), ["client 10.0.0.1: refused, not allowed"]);
  assertEquals(explain(table, { lists }, "192.0.2.8")[1], "RR  0.0  127.0.0.1:80  taken");
  assertEquals(explain(table, { lists }, "[2001:DB8:0::1]")[0], "client 2001:db8::1");
});

Deno.test("what names no client is a syntax error", () => {
  const table = makeTable("127.0.0.1");
  for (const address of ["", "web", "127.1", "127.0.0.256", "::1::", "[::1", "0.0"]) {
    assertEquals([address, explain(table, {}, address)], [address, ["syntax error"]]);
  }
});

Deno.test("a group that another thread has locked holds nobody up", () => {
  const table = makeTable("127.0.0.1 127.0.0.2,weight=3", 2);
  lockGroup(table, 1, 0);
  assertEquals(explain(table).length, 3);
});
