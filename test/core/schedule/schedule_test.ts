import { hashClient } from "../../../lib/core/schedule/hash.ts";
import {
  advanceCursor,
  type Client,
  type HashTrace,
  NOTHING,
} from "../../../lib/core/schedule/schedule.ts";
import { apply } from "../../../lib/core/table/change.ts";
import { channelOf, groupOf, slotOf, type Table } from "../../../lib/core/table/schema.ts";
import { release, usable } from "../../../lib/core/table/access.ts";
import { viewTable } from "../../../lib/core/table/view.ts";
import { assert, assertEquals } from "../../kit/assert.ts";
import { makeScheduler } from "../../kit/make_scheduler.ts";
import { ipv4Place, makeTable, setEnabled, slotNamed } from "../../kit/make_table.ts";

/** Addresses by what their hash is modulo 3. */
const MOD3_IS_0 = "127.0.0.3";
const MOD3_IS_1 = "127.0.0.2";
const MOD3_IS_2 = "127.0.0.1";

interface World {
  readonly table: Table;
  /** Channels that refuse, as `group.channel`. */
  readonly down?: readonly string[];
  readonly address?: string;
  readonly hashFailover?: boolean;
}

function nameOf(slot: number): string {
  return slot === NOTHING ? "none" : `${groupOf(slot)}.${channelOf(slot)}`;
}

/** What one client meets: every channel that is tried, then `none` if it gets nothing. */
function attempts(world: World): string[] {
  const { table, down = [], address = MOD3_IS_2, hashFailover = false } = world;
  const client: Client = { address, hashFailover };
  const refused = new Set(down.map(slotNamed));
  const tried = new Set<number>();
  const names: string[] = [];
  const scheduler = makeScheduler(table);
  let slot = scheduler.first(client);
  while (slot !== NOTHING) {
    names.push(nameOf(slot));
    if (!refused.has(slot)) {
      if (tried.size > 0) advanceCursor(table, slot);
      return names;
    }
    release(table, 0, slot);
    tried.add(slot);
    slot = scheduler.next(client, slot, tried);
  }
  return [...names, "none"];
}

/** Whom `count` clients get, one after another; connections end at once unless `hold`. */
function serve(world: World, count: number, hold = false): string {
  const served: string[] = [];
  for (let client = 0; client < count; client++) {
    const name = attempts(world).at(-1) ?? "";
    served.push(name);
    if (!hold && name !== "none") release(world.table, 0, slotNamed(name));
  }
  return served.join(" ");
}

interface Case {
  readonly name: string;
  readonly channels: string;
  readonly disabled?: readonly string[];
  readonly down?: readonly string[];
  readonly address?: string;
  readonly hashFailover?: boolean;
  readonly hold?: boolean;
  /** Whom clients get, in order; their number is how many come. */
  readonly served: string;
}

const SERVED: readonly Case[] = [
  { name: "rotates over a group", channels: "a b c", served: "0.0 0.1 0.2 0.0 0.1 0.2 0.0" },
  { name: "stays on a lonely channel", channels: "a", served: "0.0 0.0 0.0" },
  { name: "has nothing without channels", channels: "", served: "none none" },
  {
    name: "leaves out a disabled channel",
    channels: "a b c",
    disabled: ["0.1"],
    served: "0.0 0.2 0.0 0.2",
  },
  {
    name: "has nothing when all are disabled",
    channels: "a b ! c",
    disabled: ["0.0", "0.1", "1.0"],
    served: "none none",
  },
  {
    name: "looks at the next group only when the first has nothing",
    channels: "a b ! c d",
    served: "0.0 0.1 0.0 0.1",
  },
  {
    name: "goes to the next group when the first is disabled",
    channels: "a b ! c d",
    disabled: ["0.0", "0.1"],
    served: "1.0 1.1 1.0",
  },
  {
    name: "fills a group up to maxc, then the next, then nothing",
    channels: "a::2 b::1 ! c::1",
    hold: true,
    served: "0.0 0.1 0.0 1.0 none none",
  },
  {
    name: "never uses a channel with a negative maxc",
    channels: "a::-1 b",
    served: "0.1 0.1",
  },
  {
    name: "skips a refused channel: its neighbour does not get a double share",
    channels: "a b c",
    down: ["0.1"],
    served: "0.0 0.2 0.0 0.2 0.0 0.2",
  },
  {
    name: "skips a refused first channel",
    channels: "a b c",
    down: ["0.0"],
    served: "0.1 0.2 0.1 0.2",
  },
  {
    name: "passes two refused channels",
    channels: "a b c d",
    down: ["0.1", "0.2"],
    served: "0.0 0.3 0.0 0.3",
  },
  {
    name: "fails over into the next group and rotates there",
    channels: "a b ! c d e",
    down: ["0.0", "0.1"],
    served: "1.0 1.1 1.2 1.0",
  },
  {
    name: "fails over into a later group past its refused channel",
    channels: "a ! b c d",
    down: ["0.0", "1.1"],
    served: "1.0 1.2 1.0 1.2",
  },
  {
    name: "fails over into a later group's usable channels only",
    channels: "a ! b c d::-1",
    down: ["0.0"],
    disabled: ["1.0"],
    served: "1.1 1.1 1.1",
  },
  {
    name: "fails over past a disabled group",
    channels: "a ! b ! c",
    down: ["0.0"],
    disabled: ["1.0"],
    served: "2.0 2.0",
  },
  {
    name: "fails over into a full group's next one",
    channels: "a ! b::1 ! c",
    down: ["0.0"],
    hold: true,
    served: "1.0 2.0 2.0",
  },
  {
    name: "never fails over to a lower group",
    channels: "a::1 ! b",
    down: ["1.0"],
    hold: true,
    served: "0.0 none none",
  },
  {
    name: "has nothing when every channel refuses",
    channels: "a b ! c",
    down: ["0.0", "0.1", "1.0"],
    served: "none none none",
  },
  {
    name: "keeps an address on one channel of a Hash group",
    channels: "a b c %",
    address: MOD3_IS_1,
    served: "0.1 0.1 0.1",
  },
  {
    name: "hashes over disabled channels too, and goes to the next group for them",
    channels: "a b c % d",
    disabled: ["0.0"],
    address: MOD3_IS_0,
    served: "1.0 1.0",
  },
  {
    name: "leaves other clients where they are when a Hash channel is disabled",
    channels: "a b c % d",
    disabled: ["0.0"],
    address: MOD3_IS_2,
    served: "0.2 0.2",
  },
  {
    name: "goes to the next group from a full Hash channel",
    channels: "a b c::1 % d",
    hold: true,
    served: "0.2 1.0 1.0",
  },
  {
    name: "goes to the next group from a refused Hash channel, not to a sibling",
    channels: "a b c % d e",
    down: ["0.2"],
    served: "1.0 1.1 1.0",
  },
  {
    name: "has nothing behind a refused Hash channel of the last group",
    channels: "a b c %",
    down: ["0.2"],
    served: "none none",
  },
  {
    name: "takes the following channel of a Hash group with -H",
    channels: "a b c % d",
    disabled: ["0.2"],
    hashFailover: true,
    served: "0.0 0.0",
  },
  {
    name: "takes the one after next of a Hash group with -H",
    channels: "a b c % d",
    disabled: ["0.0", "0.2"],
    hashFailover: true,
    served: "0.1 0.1",
  },
  {
    name: "tries the siblings of a refused Hash channel with -H",
    channels: "a b c % d",
    down: ["0.2"],
    hashFailover: true,
    served: "0.0 0.0",
  },
  {
    name: "leaves an exhausted Hash group with -H",
    channels: "a b c % d",
    down: ["0.0", "0.1", "0.2"],
    hashFailover: true,
    served: "1.0 1.0",
  },
  {
    name: "uses the client's address in a Hash group that failover leads to",
    channels: "a ! b c d %",
    down: ["0.0"],
    address: MOD3_IS_1,
    served: "1.1 1.1",
  },
  {
    name: "uses -H in a Hash group that failover leads to",
    channels: "a ! b c d %",
    down: ["0.0"],
    disabled: ["1.1"],
    address: MOD3_IS_1,
    hashFailover: true,
    served: "1.2 1.2",
  },
  {
    name: "passes a Hash group that failover leads to when its channel is disabled",
    channels: "a ! b c d % e",
    down: ["0.0"],
    disabled: ["1.1"],
    address: MOD3_IS_1,
    served: "2.0 2.0",
  },
  { name: "leaves a backup alone", channels: "a b,backup c", served: "0.0 0.2 0.0 0.2" },
  {
    name: "uses a backup while nothing else of its group is usable, before the next group",
    channels: "a b,backup ! c",
    disabled: ["0.0"],
    served: "0.1 0.1",
  },
  {
    name: "tries a backup when every other channel of the group has failed",
    channels: "a b,backup c ! d",
    down: ["0.0", "0.2"],
    served: "0.1 0.1",
  },
  {
    name: "rotates over backups",
    channels: "a b,backup c,backup",
    disabled: ["0.0"],
    served: "0.1 0.2 0.1",
  },
  {
    name: "fills ordinary channels before the backup",
    channels: "a::1 b,backup,maxc=1 ! c",
    hold: true,
    served: "0.0 0.1 1.0",
  },
  {
    name: "hashes over the channels that are no backups",
    channels: "a b c d,backup %",
    address: MOD3_IS_1,
    served: "0.1 0.1",
  },
  {
    name: "hashes to no backup while another channel is usable",
    channels: "a b c d,backup % e",
    address: MOD3_IS_1,
    disabled: ["0.1"],
    served: "1.0",
  },
  {
    name: "hashes over the backups while nothing else is usable",
    channels: "a b,backup c,backup d,backup %",
    address: MOD3_IS_2,
    disabled: ["0.0"],
    served: "0.3",
  },
  {
    name: "hashes with failover to a usable channel before a backup",
    channels: "a b c d,backup %",
    address: MOD3_IS_1,
    hashFailover: true,
    disabled: ["0.1"],
    served: "0.2",
  },
];

for (const { name, channels, disabled = [], served, hold, ...world } of SERVED) {
  Deno.test(`a client ${name}`, () => {
    const table = makeTable(channels);
    setEnabled(table, false, ...disabled);
    assertEquals(serve({ table, ...world }, served.split(" ").length, hold), served);
  });
}

const ATTEMPTS: readonly (Omit<Case, "served"> & { readonly tried: readonly string[] })[] = [
  {
    name: "starts one further in group 0 when all of it failed",
    channels: "a b c",
    down: ["0.0", "0.1", "0.2"],
    tried: ["0.0 0.1 0.2 none", "0.1 0.2 0.0 none", "0.2 0.0 0.1 none", "0.0 0.1 0.2 none"],
  },
  {
    name: "moves a later group entered by failover on success only",
    channels: "a ! b c",
    down: ["0.0", "1.0", "1.1"],
    tried: ["0.0 1.0 1.1 none", "0.0 1.0 1.1 none"],
  },
  {
    name: "tries every channel at most once, with -H too",
    channels: "a b c % d e",
    down: ["0.0", "0.1", "0.2", "1.0", "1.1"],
    hashFailover: true,
    tried: ["0.2 0.0 0.1 1.0 1.1 none"],
  },
  {
    name: "tries one channel of each Hash group without -H",
    channels: "a b c % d e f % g",
    down: ["0.0", "0.1", "0.2", "1.0", "1.1", "1.2"],
    tried: ["0.2 1.2 2.0"],
  },
  {
    name: "leaves out siblings that are disabled or full",
    channels: "a b::-1 c d",
    disabled: ["0.2"],
    down: ["0.0"],
    tried: ["0.0 0.3", "0.0 0.3"],
  },
];

for (const { name, channels, disabled = [], tried, hold: _, ...world } of ATTEMPTS) {
  Deno.test(`failover ${name}`, () => {
    const table = makeTable(channels);
    setEnabled(table, false, ...disabled);
    const met = tried.map(() => attempts({ table, ...world }).join(" "));
    assertEquals(met, [...tried]);
  });
}

Deno.test("totalc counts every attempt, c none that has failed", () => {
  const table = makeTable("a b ! c");
  for (let client = 0; client < 3; client++) attempts({ table, down: ["0.0"] });
  assertEquals(viewTable(table).map(({ c, totalc }) => [c, totalc]), [[0, 3], [3, 3], [0, 0]]);
});

Deno.test("the cursor goes back to channel 0 when its group has nothing to give", () => {
  const table = makeTable("a b c");
  assertEquals(serve({ table }, 1), "0.0");
  setEnabled(table, false, "0.0", "0.1", "0.2");
  assertEquals(serve({ table }, 1), "none");
  setEnabled(table, true, "0.0", "0.1", "0.2");
  assertEquals(serve({ table }, 2), "0.0 0.1");
});

Deno.test("the cursor stays where it is while nobody comes", () => {
  const table = makeTable("a b c");
  assertEquals(serve({ table }, 1), "0.0");
  setEnabled(table, false, "0.0", "0.1", "0.2");
  setEnabled(table, true, "0.0", "0.1", "0.2");
  assertEquals(serve({ table }, 2), "0.1 0.2");
});

Deno.test("a cursor behind the last channel gives a created channel its turn", () => {
  const table = makeTable("a b");
  assertEquals(serve({ table }, 2), "0.0 0.1");
  apply(table, [{ kind: "create", group: 0, place: ipv4Place(1, 1), maxc: 0, enabled: true }]);
  assertEquals(serve({ table }, 3), "0.2 0.0 0.1");
});

Deno.test("a success without failover leaves the cursor to whoever chose since", () => {
  const table = makeTable("a b c");
  const client = { address: MOD3_IS_2, hashFailover: false };
  const scheduler = makeScheduler(table);
  const first = scheduler.first(client);
  const second = scheduler.first(client);
  assertEquals([nameOf(first), nameOf(second)], ["0.0", "0.1"]);
  assertEquals(serve({ table }, 1), "0.2");
});

Deno.test("a late success after a failover moves the cursor behind its channel", () => {
  const table = makeTable("a b c");
  const client = { address: MOD3_IS_2, hashFailover: false };
  const scheduler = makeScheduler(table);
  const failed = scheduler.first(client);
  assertEquals(serve({ table }, 1), "0.1");
  const next = scheduler.next(client, failed, new Set([failed]));
  assertEquals(nameOf(next), "0.1");
  advanceCursor(table, next);
  assertEquals(serve({ table }, 2), "0.2 0.0");
});

Deno.test("a group without channels is skipped, whatever its type", () => {
  const table = makeTable("a % ");
  apply(table, [{ kind: "method", group: 1, method: "hash" }]);
  setEnabled(table, false, "0.0");
  apply(table, [{ kind: "create", group: 7, place: ipv4Place(1, 1), maxc: 0, enabled: true }]);
  assertEquals(serve({ table }, 2), "7.0 7.0");
  assertEquals(serve({ table, down: ["7.0"] }, 1), "none");
});

Deno.test("switching the type acts on the next client", () => {
  const table = makeTable("a b c");
  apply(table, [{ kind: "method", group: 0, method: "hash" }]);
  assertEquals(serve({ table }, 2), "0.2 0.2");
  apply(table, [{ kind: "method", group: 0, method: "rr" }]);
  const [first = "", second = "", third = ""] = serve({ table }, 3).split(" ");
  assertEquals(new Set([first, second, third]).size, 3);
});

Deno.test("lowering maxc below c keeps clients away until enough have gone", () => {
  const table = makeTable("a::3 ! b");
  assertEquals(serve({ table }, 3, true), "0.0 0.0 0.0");
  apply(table, [{ kind: "maxc", slot: 0, maxc: 2 }]);
  release(table, 0, 0);
  assertEquals(serve({ table }, 1), "1.0");
  release(table, 0, 0);
  assertEquals(serve({ table }, 1), "0.0");
});

Deno.test("hash groups tell what they made of a client", () => {
  const table = makeTable("a b c % d");
  setEnabled(table, false, "0.2");
  const traces: HashTrace[] = [];
  const scheduler = makeScheduler(table, { hashed: (trace) => traces.push(trace) });
  scheduler.first({ address: MOD3_IS_2, hashFailover: false });
  scheduler.first({ address: MOD3_IS_2, hashFailover: true });
  const common = { group: 0, hash: hashClient(MOD3_IS_2), channels: 3, named: 2 };
  assertEquals(traces, [{ ...common, given: NOTHING }, { ...common, given: 0 }]);
});

Deno.test("no choice is ever disabled, full or tried before, whatever the table", () => {
  let state = 7;
  const random = (limit: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor(state / 2 ** 32 * limit);
  };
  for (let round = 0; round < 300; round++) {
    const groups = Array.from(
      { length: 1 + random(4) },
      () => Array.from({ length: 1 + random(5) }, () => `a::${random(4) - 1}`).join(" "),
    );
    const table = makeTable(groups.join(random(2) === 0 ? " ! " : " % "));
    const views = viewTable(table);
    for (const { group, channel } of views) {
      if (random(3) === 0) setEnabled(table, false, `${group}.${channel}`);
    }
    const client = { address: `10.0.${random(256)}.${random(256)}`, hashFailover: random(2) === 0 };
    const tried = new Set<number>();
    const able = views.map(({ group, channel }) => slotOf(group, channel))
      .filter((slot) => usable(table, slot));
    const scheduler = makeScheduler(table);
    let slot = scheduler.first(client);
    while (slot !== NOTHING) {
      assert(able.includes(slot) && !tried.has(slot));
      tried.add(slot);
      release(table, 0, slot);
      slot = scheduler.next(client, slot, tried);
    }
  }
});
