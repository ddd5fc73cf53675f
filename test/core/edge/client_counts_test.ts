import { withSeed } from "../../kit/random.ts";
import { within } from "../../kit/wait.ts";
import {
  ClientCounts,
  type ClientMemory,
  createClientMemory,
  type Verdict,
} from "../../../lib/core/edge/client_counts.ts";
import type { Admission, ClientLimits } from "../../../lib/core/edge/limits.ts";
import { formatRate, type Rate } from "../../../lib/core/edge/rate.ts";
import { mapIpv4 } from "../../../lib/core/net/ip_address.ts";
import { assert, assertEquals } from "../../kit/assert.ts";
import { LIMIT } from "./counting_limit.ts";

const ONE = mapIpv4(0x0a000001);
const TWO = mapIpv4(0x0a000002);

/** Clients that a memory of one set remembers. */
const WAYS = 32;

function only(rate: Rate): ClientLimits {
  return { connections: 0, rate };
}

function most(connections: number): ClientLimits {
  return { connections, rate: undefined };
}

/** Counts of one thread, in a memory of its own unless one is given. */
function countsFor(
  limits: ClientLimits,
  { memory = createClientMemory(1, 7, 64), worker = 0, alive = () => true }: {
    memory?: ClientMemory;
    worker?: number;
    alive?: () => boolean;
  } = {},
): ClientCounts {
  return new ClientCounts(memory, worker, limits, alive);
}

function admit(counts: ClientCounts, client: Uint8Array, nowMs = 0): Admission {
  return counts.admit(client, nowMs).admission;
}

/** A connection that is admitted and ends at once. */
function visit(counts: ClientCounts, client: Uint8Array, nowMs: number): Admission {
  const verdict = counts.admit(client, nowMs);
  counts.release(verdict);
  return verdict.admission;
}

Deno.test("a client has at most so many connections at a time, and a place again when one ends", () => {
  const counts = countsFor(most(2));
  const verdicts = [1, 2, 3].map(() => counts.admit(ONE, 0));
  assertEquals(verdicts.map(({ admission }) => admission), ["admitted", "admitted", "connections"]);
  assertEquals(admit(counts, TWO), "admitted");
  for (const verdict of verdicts.slice(1)) counts.release(verdict);
  assertEquals([admit(counts, ONE), admit(counts, ONE)], ["admitted", "connections"]);
});

Deno.test("IPv4 and IPv6 clients are told apart by their whole address", () => {
  const counts = countsFor(most(1));
  const ones = new Uint8Array(16).fill(255);
  const last = (byte: number): Uint8Array => ones.with(15, byte);
  const first = (byte: number): Uint8Array => ones.with(0, byte);
  const clients = [mapIpv4(0), mapIpv4(1), new Uint8Array(16), ones, last(1), last(2), first(1)];
  for (const client of clients) assertEquals(admit(counts, client), "admitted");
  for (const client of clients) assertEquals(admit(counts, client), "connections");
});

Deno.test("a client may open N connections at once, then one each SEC/N seconds", () => {
  const counts = countsFor(only({ count: 4, seconds: 2 }));
  const at = (ms: number, tries: number): string =>
    Array.from({ length: tries }, () => visit(counts, ONE, ms) === "admitted" ? "+" : "-").join("");
  assertEquals(at(1000, 6), "++++--");
  assertEquals(at(1499, 2), "--");
  assertEquals(at(1500, 2), "+-");
  assertEquals(at(2499, 2), "+-");
  assertEquals(at(2500, 2), "+-");
  assertEquals(at(4500, 6), "++++--");
  assertEquals(visit(counts, TWO, 4500), "admitted");
});

Deno.test("a refused attempt costs nothing, by either limit", () => {
  const counts = countsFor({ connections: 1, rate: { count: 2, seconds: 10 } });
  const verdict = counts.admit(ONE, 0);
  for (let round = 0; round < 9; round++) assertEquals(admit(counts, ONE), "connections");
  counts.release(verdict);
  assertEquals(visit(counts, ONE, 0), "admitted");
  for (let ms = 0; ms < 5000; ms += 100) assertEquals(visit(counts, ONE, ms), "rate", `${ms}`);
  assertEquals(visit(counts, ONE, 5000), "admitted");
});

Deno.test("the rate is a bucket of N tokens that fills evenly, N in SEC", () =>
  withSeed((random) => {
    for (let round = 0; round < 100; round++) {
      const rate = { count: random.between(1, 50), seconds: random.between(1, 60) };
      const counts = countsFor(only(rate));
      const intervalMs = rate.seconds * 1000 / rate.count;
      let tokens = rate.count;
      let ms = random.between(0, 1e9);
      for (let tries = 0; tries < 300; tries++) {
        const waited = random.chance(0.02)
          ? random.next() * rate.seconds * 2000
          : random.next() * intervalMs * 1.5;
        ms += waited;
        tokens = Math.min(rate.count, tokens + waited / intervalMs);
        const admitted = visit(counts, ONE, ms) === "admitted";
        const edge = Math.abs(tokens - 1) < 1e-3;
        assert(edge || admitted === tokens > 1, `${tokens} tokens of ${formatRate(rate)}`);
        if (admitted) tokens--;
      }
    }
  }));

Deno.test("threads count together, for the connections and for the rate", () => {
  const memory = createClientMemory(2, 7, 64);
  const limits = { connections: 3, rate: { count: 5, seconds: 5 } };
  const [zero, one] = [0, 1].map((worker) => countsFor(limits, { memory, worker }));
  assert(zero !== undefined && one !== undefined);
  const verdicts = [zero, one, zero].map((counts) => counts.admit(ONE, 0));
  assertEquals([admit(zero, ONE), admit(one, ONE)], ["connections", "connections"]);
  zero.release(verdicts[0] ?? { admission: "rate", place: -1 });
  assertEquals(admit(one, ONE), "admitted");
  assertEquals([admit(zero, ONE), admit(one, ONE)], ["connections", "connections"]);
  one.release(verdicts[1] ?? { admission: "rate", place: -1 });
  assertEquals([visit(zero, ONE, 0), visit(one, ONE, 0)], ["admitted", "rate"]);
});

Deno.test("a thread whose clock is behind takes the others' time, and goes on from there", () => {
  const memory = createClientMemory(2, 7, 64);
  const limits = only({ count: 1, seconds: 1 });
  const [ahead, behind] = [0, 1].map((worker) => countsFor(limits, { memory, worker }));
  assert(ahead !== undefined && behind !== undefined);
  assertEquals(visit(ahead, ONE, 1_000_000), "admitted");
  assertEquals(visit(behind, ONE, 500), "rate");
  assertEquals(visit(behind, ONE, 1499), "rate");
  assertEquals(visit(behind, ONE, 1501), "admitted");
});

Deno.test("what a dead thread has counted is given back, and it counts no more", () => {
  const memory = createClientMemory(2, 7, 64);
  let lives = true;
  const zero = countsFor(most(3), { memory, worker: 0 });
  const one = countsFor(most(3), { memory, worker: 1, alive: () => lives });
  const main = countsFor(most(3), { memory, worker: 2 });
  const held = [one.admit(ONE, 0), one.admit(ONE, 0), zero.admit(ONE, 0)];
  assertEquals(admit(zero, ONE), "connections");
  lives = false;
  main.forget(1);
  // What it does from now on changes nothing.
  one.release(held[0] ?? { admission: "rate", place: -1 });
  one.release(one.admit(ONE, 0));
  const after = [1, 2, 3].map(() => admit(zero, ONE));
  assertEquals(after, ["admitted", "admitted", "connections"]);
});

Deno.test("a flood of clients is remembered up to the bound: those nearest to a full bucket go first", () => {
  const counts = countsFor(only({ count: 1, seconds: 1000 }), {
    memory: createClientMemory(1, 7, 1),
  });
  assertEquals(admit(counts, ONE), "admitted");
  for (let client = 100; client < 1100; client++) {
    assertEquals(visit(counts, mapIpv4(client), client), "admitted");
  }
  // The connected client and the last ones of the flood are known, the first ones are not.
  assertEquals(visit(counts, ONE, 2000), "rate");
  const known = Array.from({ length: WAYS - 1 }, (_, at) => mapIpv4(1099 - at));
  for (const client of known) assertEquals(visit(counts, client, 2000), "rate");
  assertEquals(visit(counts, mapIpv4(100), 2000), "admitted");
});

Deno.test("a client that comes into a full set of connected ones is served and not counted", () => {
  const counts = countsFor(most(1), { memory: createClientMemory(1, 7, 1) });
  const verdicts = Array.from({ length: WAYS }, (_, at) => counts.admit(mapIpv4(at), 0));
  for (let at = 0; at < WAYS; at++) assertEquals(admit(counts, mapIpv4(at)), "connections");
  const extra = [counts.admit(ONE, 0), counts.admit(ONE, 0)];
  assertEquals(extra.map(({ admission }) => admission), ["admitted", "admitted"]);
  // Their end takes no place from anybody, and a place that comes free is counted again.
  for (const verdict of extra) counts.release(verdict);
  counts.release(verdicts[0] ?? { admission: "rate", place: -1 });
  assertEquals([admit(counts, ONE), admit(counts, ONE)], ["admitted", "connections"]);
});

Deno.test("counts agree with a plain map, whatever comes and goes on two threads", () =>
  withSeed((random) => {
    const limits = { connections: 3, rate: { count: 6, seconds: 2 } };
    const memory = createClientMemory(2, random.between(0, 2 ** 31 - 1), 64);
    const threads = [0, 1].map((worker) => countsFor(limits, { memory, worker }));
    const open: { verdict: Verdict; thread: number; client: number }[] = [];
    const model = new Map<number, { count: number; tokens: number; at: number }>();
    let ms = 1000;
    for (let round = 0; round < 4000; round++) {
      ms += random.between(0, 40);
      const client = random.between(1, 9);
      const thread = random.between(0, 1);
      const entry = model.get(client) ?? { count: 0, tokens: 6, at: ms };
      entry.tokens = Math.min(6, entry.tokens + (ms - entry.at) * 3 / 1000);
      entry.at = ms;
      model.set(client, entry);
      const verdict = threads[thread]?.admit(mapIpv4(client), ms);
      assert(verdict !== undefined);
      const wanted = entry.count >= 3 ? "connections" : entry.tokens >= 1 ? "admitted" : "rate";
      if (Math.abs(entry.tokens - 1) > 1e-3 || wanted === "connections") {
        assertEquals(verdict.admission, wanted);
      }
      if (verdict.admission === "admitted") {
        entry.count++;
        entry.tokens--;
        open.push({ verdict, thread, client });
      }
      if (!random.chance(0.4)) continue;
      const [gone] = open.splice(random.between(0, Math.max(0, open.length - 1)), 1);
      if (gone === undefined) continue;
      threads[gone.thread]?.release(gone.verdict);
      const left = model.get(gone.client);
      if (left !== undefined) left.count--;
    }
  }));

Deno.test("two real threads at once never let a client have more than its limit", async () => {
  const memory = createClientMemory(2, 7, 64);
  const gate = new SharedArrayBuffer(4);
  const module = new URL("./counting_worker.ts", import.meta.url);
  const results = await Promise.all([0, 1].map(async (worker) => {
    const thread = new Worker(module, { type: "module" });
    const { promise, resolve } = Promise.withResolvers<MessageEvent<number>>();
    thread.onmessage = resolve;
    thread.postMessage({ memory, worker, gate });
    const { data } = await within(promise, "the thread's result");
    thread.terminate();
    return data;
  }));
  // Each of them has kept what it got: together exactly the limit.
  assertEquals(results.reduce((sum, got) => sum + got, 0), LIMIT);
});
