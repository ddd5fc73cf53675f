/** The methods on a real table: shares, movements, several threads. */
import { Random, withSeed } from "../../kit/random.ts";
import { NOTHING, type Scheduler } from "../../../lib/core/schedule/schedule.ts";
import { release } from "../../../lib/core/table/access.ts";
import { apply } from "../../../lib/core/table/change.ts";
import {
  channelOf,
  channelWord,
  type MethodName,
  METHODS,
  slotOf,
  type Table,
} from "../../../lib/core/table/schema.ts";
import { viewTable } from "../../../lib/core/table/view.ts";
import { methodIn } from "../../../lib/core/schedule/methods.ts";
import { assert, assertEquals } from "../../kit/assert.ts";
import { makeScheduler } from "../../kit/make_scheduler.ts";
import { encodeFlags } from "../../../lib/core/table/flags.ts";
import { ipv4Place, makeTable, setEnabled } from "../../kit/make_table.ts";
import { deviation, randomWeights } from "./make_candidates.ts";
import type { ClaimOrder } from "./claiming_worker.ts";

/** A table of one group, channels named `web0:80` and so on, with these weights. */
function makeGroup(method: MethodName, weights: readonly number[], workers = 1): Table {
  const table = makeTable(weights.map((_, channel) => `web${channel}:80`).join(" "), workers);
  apply(table, [
    { kind: "method", group: 0, method },
    ...weights.map((weight, slot) => ({ kind: "weight", slot, weight }) as const),
  ]);
  return table;
}

/** The `n`-th of many clients. */
function clientOf(n: number): { address: string; hashFailover: boolean } {
  return { address: `10.${n >> 16 & 255}.${n >> 8 & 255}.${n & 255}`, hashFailover: false };
}

/** Whom a client gets whose connection ends at once. */
function visit(table: Table, scheduler: Scheduler, client = clientOf(1)): number {
  const slot = scheduler.first(client);
  if (slot !== NOTHING) release(table, 0, slot);
  return slot === NOTHING ? NOTHING : channelOf(slot);
}

/** The channels of clients whose connections end at once, as letters. */
function letters(table: Table, scheduler: Scheduler, count: number): string {
  return Array.from({ length: count }, () => "abcdefgh"[visit(table, scheduler)] ?? "-").join("");
}

/** The channels of clients who stay, as letters. */
function held(scheduler: Scheduler, count: number): string {
  return Array.from({ length: count }, () => {
    const slot = scheduler.first(clientOf(1));
    return slot === NOTHING ? "-" : "abcdefgh"[channelOf(slot)];
  }).join("");
}

Deno.test("each number of a method in the table is that method", () => {
  const table = makeTable("a");
  for (const method of METHODS) {
    apply(table, [{ kind: "method", group: 0, method }]);
    assertEquals(methodIn(table, 0).name, method);
    assert(methodIn(table, 0).label.length <= 4);
  }
});

interface Turns {
  readonly name: string;
  readonly method: MethodName;
  readonly weights: readonly number[];
  readonly given: string;
  /** Whether the clients stay. */
  readonly hold?: boolean;
}

const TURNS: readonly Turns[] = [
  { name: "plain turns", method: "rr", weights: [1, 1, 1], given: "abcabc" },
  { name: "plain turns for equal weights", method: "rr", weights: [7, 7], given: "abab" },
  { name: "smooth turns", method: "rr", weights: [5, 1, 1], given: "aabacaaaabacaa" },
  { name: "nobody to a weight of 0", method: "rr", weights: [0, 1, 2], given: "cbccbc" },
  { name: "plain turns beside a weight of 0", method: "rr", weights: [0, 3, 3], given: "bcbc" },
  { name: "nothing without weights", method: "rr", weights: [0, 0], given: "--" },
  { name: "equals in turn", method: "least", weights: [1, 1, 1], given: "abcabca" },
  { name: "equals in turn", method: "least", weights: [1, 1, 1], given: "abcabca", hold: true },
  {
    name: "the fewest connections for the weight",
    method: "least",
    weights: [4, 2, 1],
    given: "abaabca",
    hold: true,
  },
  { name: "the heaviest when nobody stays", method: "least", weights: [1, 2, 1], given: "bbb" },
  { name: "nothing without weights", method: "least", weights: [0, 0], given: "--" },
  { name: "nothing without weights", method: "random", weights: [0, 0], given: "--" },
  { name: "the only one", method: "random", weights: [0, 1], given: "bbb" },
  { name: "nothing without weights", method: "rendezvous", weights: [0, 0], given: "--" },
  { name: "one client to one channel", method: "rendezvous", weights: [1, 1, 1], given: "bbb" },
];

for (const { name, method, weights, given, hold = false } of TURNS) {
  const stay = hold ? ", clients stay" : "";
  Deno.test(`${method} gives ${name}: ${given} for ${weights.join(", ")}${stay}`, () => {
    const table = makeGroup(method, weights);
    const scheduler = makeScheduler(table);
    const served = hold ? held(scheduler, given.length) : letters(table, scheduler, given.length);
    assertEquals(served, given);
  });
}

Deno.test("turns become weighted with a weight that differs, begin anew, and plain again behind the last", () => {
  const table = makeGroup("rr", [1, 1, 1]);
  const scheduler = makeScheduler(table);
  assertEquals(letters(table, scheduler, 4), "abca");
  for (const _ of [1, 2]) {
    apply(table, [{ kind: "weight", slot: 0, weight: 5 }]);
    assertEquals(letters(table, scheduler, 9), "aabacaaaa");
    apply(table, [{ kind: "weight", slot: 0, weight: 1 }]);
    assertEquals(letters(table, scheduler, 3).split("").toSorted().join(""), "abc");
  }
});

Deno.test("a channel that is created with another weight makes turns weighted", () => {
  const table = makeGroup("rr", [1, 1]);
  const place = { address: new Uint8Array(16), port: 1 };
  const create = { kind: "create", group: 0, place, maxc: 0, enabled: true } as const;
  apply(table, [{ ...create, name: "x", weight: 2 }]);
  assertEquals(letters(table, makeScheduler(table), 8), "cabccabc");
});

for (const method of ["rr", "least", "random", "rendezvous"] as const) {
  Deno.test(`${method} gives a suspect nobody while another channel has room, and whoever is left then`, () => {
    const table = makeGroup(method, [1, 1, 1]);
    const scheduler = makeScheduler(table);
    apply(table, [
      { kind: "suspect", slot: 1, suspect: true },
      { kind: "maxc", slot: 0, maxc: 2 },
      { kind: "maxc", slot: 2, maxc: 2 },
    ]);
    const given = held(scheduler, 6);
    assertEquals([...given.slice(0, 4)].toSorted().join(""), "aacc");
    assertEquals(given.slice(4), "bb");
  });
}

Deno.test("after a failed connect a suspect is the last that is tried", () => {
  const table = makeGroup("rr", [1, 1, 1]);
  const scheduler = makeScheduler(table);
  apply(table, [{ kind: "suspect", slot: 1, suspect: true }]);
  const tried = new Set<number>();
  for (let slot = scheduler.first(clientOf(1)); slot !== NOTHING;) {
    tried.add(slot);
    release(table, 0, slot);
    slot = scheduler.next(clientOf(1), slot, tried);
  }
  assertEquals([...tried], [0, 2, 1]);
});

for (const backup of [false, true]) {
  Deno.test(`a hash group ${backup ? "with a backup " : ""}gives a client the suspect that its address names, with hash failover another`, () => {
    const table = makeGroup("hash", [1, 1, 1]);
    if (backup) {
      const flags = encodeFlags({ backup: true, proxy: "default", member: false });
      const create = { kind: "create", group: 0, place: ipv4Place(9, 9) } as const;
      apply(table, [{ ...create, maxc: 0, enabled: true, flags }]);
    }
    const scheduler = makeScheduler(table);
    const named = visit(table, scheduler);
    apply(table, [{ kind: "suspect", slot: named, suspect: true }]);
    assertEquals(visit(table, scheduler), named);
    assertEquals(visit(table, scheduler, { ...clientOf(1), hashFailover: true }), (named + 1) % 3);
  });
}

Deno.test("an ordinary channel that is suspect comes before a backup", () => {
  const table = makeGroup("rr", [1, 1, 1, 1]);
  const flags = encodeFlags({ backup: true, proxy: "default", member: false });
  apply(table, [
    { kind: "flags", slot: 2, flags },
    { kind: "flags", slot: 3, flags },
    { kind: "suspect", slot: 0, suspect: true },
    { kind: "suspect", slot: 2, suspect: true },
    ...[0, 1, 2, 3].map((slot) => ({ kind: "maxc", slot, maxc: 1 }) as const),
  ]);
  assertEquals(held(makeScheduler(table), 5), "badc-");
});

Deno.test("a channel that is down counts for nothing, whatever its weight", () => {
  const table = makeGroup("rr", [5, 1, 1]);
  apply(table, [{ kind: "observed", slot: 0, observed: "down" }]);
  assertEquals(letters(table, makeScheduler(table), 4), "bcbc");
  apply(table, [{ kind: "observed", slot: 0, observed: "up" }]);
  assertEquals(letters(table, makeScheduler(table), 7), "aabacaa");
});

Deno.test("an effective weight of a thousandth counts", () => {
  const table = makeGroup("least", [1, 1]);
  table.words[channelWord(0, "effectiveWeight")] = 1;
  assertEquals(held(makeScheduler(table), 1000), `b`.repeat(999) + "a");
});

Deno.test("after a failed connect weighted turns spread the clients over the others by weight", () => {
  const table = makeGroup("rr", [6, 2, 1]);
  const scheduler = makeScheduler(table);
  const counts = [0, 0, 0];
  for (let client = 0; client < 900; client++) {
    let slot = scheduler.first(clientOf(1));
    if (slot === 0) {
      release(table, 0, slot);
      slot = scheduler.next(clientOf(1), slot, new Set([slot]));
    }
    release(table, 0, slot);
    counts[slot] = (counts[slot] ?? NaN) + 1;
  }
  // A turn more or less: the 900th client comes in the middle of a cycle.
  assert(counts[0] === 0 && Math.abs((counts[1] ?? 0) - 600) <= 2, `${counts}`);
});

for (const method of ["least", "random", "rendezvous"] as const) {
  Deno.test(`after failed connects ${method} tries the others, each once, then the next group`, () => {
    const table = makeTable("a b c d ! e");
    apply(table, [{ kind: "method", group: 0, method }]);
    const scheduler = makeScheduler(table);
    const tried = new Set<number>();
    let slot = scheduler.first(clientOf(7));
    while (slot < 64) {
      assert(!tried.has(slot) && slot !== NOTHING);
      tried.add(slot);
      release(table, 0, slot);
      slot = scheduler.next(clientOf(7), slot, tried);
    }
    assertEquals([tried.size, slot], [4, slotOf(1, 0)]);
  });
}

Deno.test("the failover order of rendezvous is the order in which channels are skipped when disabled", () =>
  withSeed((random) => {
    for (let round = 0; round < 50; round++) {
      const table = makeGroup("rendezvous", randomWeights(random, 16, 5));
      const scheduler = makeScheduler(table);
      const client = clientOf(random.between(0, 2 ** 24));
      const tried = new Set<number>();
      const failed: number[] = [];
      for (let slot = scheduler.first(client); slot !== NOTHING;) {
        assert(!tried.has(slot), "tried twice");
        failed.push(slot);
        tried.add(slot);
        release(table, 0, slot);
        slot = scheduler.next(client, slot, tried);
      }
      const skipped: number[] = [];
      for (let slot = visit(table, scheduler, client); slot !== NOTHING;) {
        skipped.push(slot);
        setEnabled(table, false, `0.${slot}`);
        slot = visit(table, scheduler, client);
      }
      assertEquals(failed, skipped);
    }
  }));

Deno.test("each share of round robin and least is exactly its weight's", () =>
  withSeed((random) => {
    for (let round = 0; round < 40; round++) {
      const method = random.pick(["rr", "least"] as const);
      const weights = randomWeights(random, 60, random.pick([1, 5, 100]));
      const table = makeGroup(method, weights);
      const scheduler = makeScheduler(table);
      const cycles = random.between(1, 3);
      const sum = weights.reduce((total, weight) => total + weight, 0);
      for (let client = 0; client < cycles * sum; client++) scheduler.first(clientOf(client));
      assertEquals(viewTable(table).map(({ c }) => c), weights.map((weight) => cycles * weight));
    }
  }));

Deno.test("random with clients who stay keeps every load within two of the others' mean", () => {
  const random = new Random(5);
  for (let round = 0; round < 20; round++) {
    const weights = randomWeights(random, 16, 5).map((weight) => weight || 1);
    const table = makeGroup("random", weights);
    const scheduler = makeScheduler(table, { chance: () => random.next() });
    const sum = weights.reduce((total, weight) => total + weight, 0);
    for (let client = 0; client < 50 * sum; client++) scheduler.first(clientOf(client));
    for (const [channel, { c }] of viewTable(table).entries()) {
      const share = 50 * (weights[channel] ?? 0);
      assert(Math.abs(c - share) <= 2 * Math.max(2, weights[channel] ?? 0) + 4, `${c} of ${share}`);
    }
  }
});

Deno.test("random without load draws two by weight and takes the heavier, or the first of equals", () => {
  const random = new Random(6);
  for (let round = 0; round < 10; round++) {
    const weights = randomWeights(random, 8, 4);
    const table = makeGroup("random", weights);
    const scheduler = makeScheduler(table, { chance: () => random.next() });
    const counts = weights.map(() => 0);
    for (let client = 0; client < 10_000; client++) {
      const channel = visit(table, scheduler);
      counts[channel] = (counts[channel] ?? NaN) + 1;
    }
    assert(deviation(counts, chancesOfTwo(weights)) < 6, `${weights}: ${counts}`);
  }
});

/** How likely each channel is the heavier of two that are drawn by weight, the second one among the others. */
function chancesOfTwo(weights: readonly number[]): number[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const chances = weights.map(() => 0);
  for (const [one, weight] of weights.entries()) {
    if (weight === total) chances[one] = 1;
    for (const [other, second] of weights.entries()) {
      if (other === one || weight === 0 || weight === total) continue;
      const better = second > weight ? other : one;
      chances[better] = (chances[better] ?? 0) + weight / total * second / (total - weight);
    }
  }
  return chances;
}

Deno.test("each channel's share of the clients of rendezvous is its weight's", () => {
  const random = new Random(7);
  for (let round = 0; round < 8; round++) {
    const weights = randomWeights(random, random.pick([3, 16, 60]), random.pick([1, 9]));
    const table = makeGroup("rendezvous", weights);
    const scheduler = makeScheduler(table);
    const counts = weights.map(() => 0);
    for (let client = 0; client < 20_000; client++) {
      const channel = visit(table, scheduler, clientOf(client));
      counts[channel] = (counts[channel] ?? NaN) + 1;
    }
    assert(deviation(counts, weights) < 6, `${weights}: ${counts}`);
  }
});

for (const how of ["disabled", "down"] as const) {
  Deno.test(`a channel of rendezvous that is ${how} moves its own clients only, and gets them back`, () =>
    withSeed((random) => {
      const set = (table: Table, slot: number, able: boolean): void =>
        apply(table, [
          how === "disabled"
            ? { kind: "enabled", slot, enabled: able }
            : { kind: "observed", slot, observed: able ? "up" : "down" },
        ]);
      for (let round = 0; round < 5; round++) {
        const count = random.between(2, 16);
        const weights = Array.from({ length: count }, () => random.between(1, 5));
        const table = makeGroup("rendezvous", weights);
        const scheduler = makeScheduler(table);
        const all = (): number[] =>
          Array.from({ length: 500 }, (_, at) => visit(table, scheduler, clientOf(at * 7919)));
        const before = all();
        const gone = random.between(0, count - 1);
        set(table, gone, false);
        for (const [at, channel] of all().entries()) {
          if (before[at] === gone) assert(channel !== gone && channel !== NOTHING);
          else assertEquals(channel, before[at]);
        }
        set(table, gone, true);
        assertEquals(all(), before);
      }
    }));
}

Deno.test("a channel of rendezvous keeps its clients when it gets another address, and not with another name", () => {
  const table = makeGroup("rendezvous", [1, 1, 1]);
  const scheduler = makeScheduler(table);
  const all = (): number[] =>
    Array.from({ length: 200 }, (_, at) => visit(table, scheduler, clientOf(at)));
  const before = all();
  apply(table, [{ kind: "address", slot: 1, place: { address: new Uint8Array(16), port: 9 } }]);
  assertEquals(all(), before);
  apply(table, [{ kind: "name", slot: 1, name: "other:80" }]);
  const moved = all().filter((channel, at) => channel !== before[at]).length;
  assert(
    moved > 0 &&
      all().every((channel, at) => channel === before[at] || channel === 1 || before[at] === 1),
  );
});

Deno.test("channels that are created without a name are told apart by their addresses", () => {
  const table = makeTable("");
  apply(table, [{ kind: "method", group: 0, method: "rendezvous" }]);
  for (let port = 80; port < 84; port++) {
    const address = Uint8Array.of(2, 0, 0, port, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0);
    const place = { address, port };
    apply(table, [{ kind: "create", group: 0, place, maxc: 0, enabled: true }]);
  }
  const named = makeTable("10.0.0.1:80 10.0.0.1:81 10.0.0.1:82 10.0.0.1:83");
  apply(named, [{ kind: "method", group: 0, method: "rendezvous" }]);
  const [one, other] = [makeScheduler(table), makeScheduler(named)];
  for (let client = 0; client < 100; client++) {
    assertEquals(visit(table, one, clientOf(client)), visit(named, other, clientOf(client)));
  }
});

Deno.test("two instances whose operands stand in another order agree on every client", () =>
  withSeed((random) => {
    for (let round = 0; round < 20; round++) {
      const hosts = Array.from({ length: random.between(2, 20) }, (_, at) => `10.0.0.${at}:8080`);
      const shuffled = hosts.map((host) => ({ host, key: random.next() }))
        .sort((a, b) => a.key - b.key).map(({ host }) => host);
      const [one, other] = [hosts, shuffled].map((operands) => {
        const table = makeTable(operands.join(" "));
        apply(table, [{ kind: "method", group: 0, method: "rendezvous" }]);
        return { table, operands, scheduler: makeScheduler(table) };
      });
      if (one === undefined || other === undefined) throw new Error("no tables");
      for (let at = 0; at < 50; at++) {
        const client = clientOf(random.between(0, 2 ** 24));
        const [here, there] = [one, other].map(({ table, operands, scheduler }) =>
          operands[visit(table, scheduler, client)]
        );
        assertEquals(here, there);
      }
    }
  }));

Deno.test("with a load bound no channel of rendezvous ever gets more than its share times the bound", () =>
  withSeed((random) => {
    for (let round = 0; round < 20; round++) {
      const loadBound = random.pick([100, 125, 200]);
      const weights = randomWeights(random, 12, 4);
      const table = makeGroup("rendezvous", weights);
      const scheduler = makeScheduler(table, { loadBound });
      const sum = weights.reduce((total, weight) => total + weight, 0);
      const here: number[] = [];
      for (let step = 0; step < 400; step++) {
        if (random.chance(0.3) && here.length > 0) {
          release(table, 0, here.splice(random.between(0, here.length - 1), 1)[0] ?? 0);
          continue;
        }
        // Always the same few clients: without the bound they would fill their channels.
        const slot = scheduler.first(clientOf(random.between(0, 2)));
        assert(slot !== NOTHING, "somebody is always below the bound");
        here.push(slot);
        const share = here.length * (weights[slot] ?? 0) / sum;
        const c = here.filter((each) => each === slot).length;
        assert(c <= Math.ceil(share * loadBound / 100 - 1e-9), `${c} of ${share}`);
      }
    }
  }));

Deno.test("a client of rendezvous stays on its channel while that is below the load bound", () => {
  const table = makeGroup("rendezvous", [1, 1, 1, 1]);
  const scheduler = makeScheduler(table, { loadBound: 200 });
  const [first, second, third] = [0, 1, 2].map(() => scheduler.first(clientOf(3)));
  assertEquals(first, makeScheduler(table).first(clientOf(3)));
  assert(second !== first, "one of one is more than twice its share");
  assert(third !== undefined);
});

/** Lets threads claim until each has made its number of claims; how often a channel was ahead of its share. */
async function claimTogether(
  table: Table,
  claims: number,
  loadBound?: number,
): Promise<number> {
  const module = new URL("./claiming_worker.ts", import.meta.url);
  const threads = Array.from(
    { length: table.workers },
    () => new Worker(module, { type: "module" }),
  );
  const ahead = await Promise.all(
    threads.map((thread, worker) =>
      new Promise<number>((resolve, reject) => {
        thread.onmessage = ({ data }): void => resolve(data);
        thread.onerror = (event): void => reject(event.error);
        const { memory, workers } = table;
        thread.postMessage({ memory, workers, worker, claims, loadBound } satisfies ClaimOrder);
      })
    ),
  );
  for (const thread of threads) thread.terminate();
  return ahead.reduce((sum, each) => sum + each, 0);
}

for (const method of ["rr", "least"] as const) {
  for (const weights of [[5, 1, 1], [1, 1, 1, 1], [7, 0, 3, 2, 2, 2, 8]]) {
    Deno.test(`4 threads spread their claims exactly by ${method}, weights ${weights.join(", ")}`, async () => {
      const table = makeGroup(method, weights, 4);
      const sum = weights.reduce((total, weight) => total + weight, 0);
      const claims = 1000 * sum;
      const ahead = await claimTogether(table, claims);
      assertEquals(viewTable(table).map(({ c }) => c), weights.map((weight) => 4000 * weight));
      if (method === "least") assertEquals(ahead, 0);
    });
  }
}

for (const loadBound of [100, 125]) {
  Deno.test(`4 threads keep a load bound of ${loadBound} percent at all times`, async () => {
    const table = makeGroup("rendezvous", [2, 1, 1, 3], 4);
    assertEquals(await claimTogether(table, 7000, loadBound), 0);
    assertEquals(viewTable(table).reduce((sum, { c }) => sum + c, 0), 28_000);
  });
}
