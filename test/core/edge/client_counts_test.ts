import { type Admission, ClientCounts } from "../../../lib/core/edge/limits.ts";
import { formatRate, parseRate, type Rate } from "../../../lib/core/edge/rate.ts";
import { mapIpv4 } from "../../../lib/core/net/ip_address.ts";
import { assert, assertEquals, assertMatch } from "../../kit/assert.ts";
import { nastyText } from "../../fuzz/target.ts";
import { withSeed } from "../../hard/random.ts";

const ONE = mapIpv4(0x0a000001);
const TWO = mapIpv4(0x0a000002);

function only(rate: Rate): { connections: number; rate: Rate } {
  return { connections: 0, rate };
}

/** A connection that is admitted and ends at once. */
function visit(counts: ClientCounts, client: Uint8Array, nowMs: number): Admission {
  const admission = counts.admit(client, nowMs);
  if (admission === "admitted") counts.release(client, nowMs);
  return admission;
}

Deno.test("without limits every connection is admitted, and clients that have gone are forgotten", () => {
  const counts = new ClientCounts({ connections: 0, rate: undefined });
  for (let round = 0; round < 1000; round++) assertEquals(counts.admit(ONE, 0), "admitted");
  assertEquals(counts.size, 1);
  for (let round = 0; round < 1000; round++) counts.release(ONE, 0);
  assertEquals(counts.size, 0);
});

Deno.test("a client has at most so many connections at a time, and a place again when one ends", () => {
  const counts = new ClientCounts({ connections: 2, rate: undefined });
  const said = [1, 2, 3].map(() => counts.admit(ONE, 0));
  assertEquals(said, ["admitted", "admitted", "too many connections"]);
  assertEquals(counts.admit(TWO, 0), "admitted");
  counts.release(ONE, 0);
  assertEquals(counts.admit(ONE, 0), "admitted");
  assertEquals(counts.admit(ONE, 0), "too many connections");
});

Deno.test("IPv4 and IPv6 clients are told apart by their whole address", () => {
  const counts = new ClientCounts({ connections: 1, rate: undefined });
  const ones = new Uint8Array(16).fill(255);
  const clients = [mapIpv4(0), mapIpv4(1), new Uint8Array(16), ones];
  for (const client of clients) assertEquals(counts.admit(client, 0), "admitted");
  for (const client of clients) assertEquals(counts.admit(client, 0), "too many connections");
});

Deno.test("a client may open N connections at once, then one each SEC/N seconds", () => {
  const counts = new ClientCounts(only({ count: 4, seconds: 2 }));
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
  const counts = new ClientCounts({ connections: 1, rate: { count: 2, seconds: 10 } });
  assertEquals(counts.admit(ONE, 0), "admitted");
  for (let round = 0; round < 9; round++) {
    assertEquals(counts.admit(ONE, 0), "too many connections");
  }
  counts.release(ONE, 0);
  assertEquals(visit(counts, ONE, 0), "admitted");
  for (let ms = 0; ms < 5000; ms += 100) assertEquals(visit(counts, ONE, ms), "too fast", `${ms}`);
  assertEquals(visit(counts, ONE, 5000), "admitted");
});

Deno.test("look() says what admit() will say, and counts nothing", () =>
  withSeed((random) => {
    const counts = new ClientCounts({ connections: 2, rate: { count: 3, seconds: 1 } }, 4);
    const open: Uint8Array[] = [];
    let ms = 0;
    for (let round = 0; round < 3000; round++) {
      ms += random.between(0, 300);
      const client = mapIpv4(random.between(1, 8));
      const looked = counts.look(client, ms);
      assertEquals(counts.look(client, ms), looked);
      assertEquals(counts.admit(client, ms), looked);
      if (looked === "admitted") open.push(client);
      if (random.chance(0.6)) counts.release(open.shift() ?? client, ms);
    }
  }));

Deno.test("the rate is a bucket of N tokens that fills evenly, N in SEC", () =>
  withSeed((random) => {
    for (let round = 0; round < 100; round++) {
      const rate = { count: random.between(1, 50), seconds: random.between(1, 60) };
      const counts = new ClientCounts(only(rate));
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

Deno.test("limits can be changed: the new ones hold for new connections", () => {
  const counts = new ClientCounts({ connections: 1, rate: { count: 1, seconds: 86400 } });
  assertEquals(counts.admit(ONE, 0), "admitted");
  counts.configure({ connections: 2, rate: undefined }, 0);
  assertEquals([counts.admit(ONE, 0), counts.admit(ONE, 0)], ["admitted", "too many connections"]);
  counts.configure({ connections: 1, rate: undefined }, 0);
  counts.release(ONE, 0);
  assertEquals(counts.admit(ONE, 0), "too many connections");
  counts.configure({ connections: 0, rate: undefined }, 0);
  assertEquals(counts.admit(ONE, 0), "admitted");
});

Deno.test("what a client used up under a slow rate is at most an empty bucket of a faster one", () => {
  const counts = new ClientCounts(only({ count: 1, seconds: 86400 }));
  assertEquals([counts.admit(ONE, 0), visit(counts, TWO, 0)], ["admitted", "admitted"]);
  counts.configure(only({ count: 10, seconds: 1 }), 9000);
  for (const client of [ONE, TWO]) {
    const said = [9000, 9099, 9100, 9100].map((ms) => visit(counts, client, ms));
    assertEquals(said, ["too fast", "too fast", "admitted", "too fast"]);
  }
});

Deno.test("a client counts once, and is forgotten with its last connection if its bucket is full", () => {
  const counts = new ClientCounts(only({ count: 1, seconds: 1000 }));
  counts.admit(TWO, 0);
  visit(counts, ONE, 0);
  assertEquals(counts.size, 2);
  counts.admit(ONE, 1_000_000);
  assertEquals(counts.size, 2);
  counts.release(ONE, 1_000_000);
  assertEquals(counts.size, 2);
  counts.release(TWO, 1_500_000);
  assertEquals(counts.size, 1);
});

Deno.test("the end of a connection that was never admitted changes nothing", () => {
  const counts = new ClientCounts({ connections: 1, rate: undefined });
  counts.release(ONE, 0);
  assertEquals(counts.admit(ONE, 0), "admitted");
  counts.release(TWO, 0);
  assertEquals(counts.admit(ONE, 0), "too many connections");
});

Deno.test("a flood of clients is remembered up to the bound: the longest idle are forgotten first", () => {
  const counts = new ClientCounts(only({ count: 1, seconds: 1000 }), 10);
  assertEquals(counts.admit(ONE, 0), "admitted");
  for (let client = 100; client < 1100; client++) {
    assertEquals(visit(counts, mapIpv4(client), client), "admitted");
    assert(counts.size <= 11);
  }
  // The connected client and the last ones are known, the first of the flood are not.
  assertEquals(counts.look(ONE, 2000), "too fast");
  assertEquals(counts.look(mapIpv4(1099), 2000), "too fast");
  assertEquals(counts.look(mapIpv4(1091), 2000), "too fast");
  assertEquals(counts.look(mapIpv4(1090), 2000), "admitted");
  assertEquals(counts.look(mapIpv4(100), 2000), "admitted");
});

Deno.test("a client that keeps being refused is not forgotten in a flood", () => {
  const counts = new ClientCounts(only({ count: 1, seconds: 1000 }), 10);
  assertEquals(visit(counts, ONE, 0), "admitted");
  for (let client = 100; client < 1100; client++) {
    visit(counts, mapIpv4(client), client);
    if (client % 5 === 0) assertEquals(visit(counts, ONE, client), "too fast");
  }
});

Deno.test("connections are never forgotten: more clients than the bound are counted while they are there", () => {
  const counts = new ClientCounts({ connections: 1, rate: undefined }, 10);
  const clients = Array.from({ length: 100 }, (_, at) => mapIpv4(at));
  for (const client of clients) assertEquals(counts.admit(client, 0), "admitted");
  for (const client of clients) assertEquals(counts.admit(client, 0), "too many connections");
  for (const client of clients) counts.release(client, 0);
  assertEquals(counts.size, 0);
});

Deno.test("the memory of a past flood goes away while others come", () => {
  const counts = new ClientCounts(only({ count: 1, seconds: 1 }), 1000);
  for (let client = 0; client < 1000; client++) visit(counts, mapIpv4(client), 0);
  assertEquals(counts.size, 1000);
  for (let client = 2000; client < 2600; client++) visit(counts, mapIpv4(client), client);
  assertEquals(counts.size, 600);
  for (let client = 0; client < 1000; client++) visit(counts, ONE, 10_000 + 2000 * client);
  assertEquals(counts.size, 1);
});

const RATES: readonly [text: string, rate: Rate | undefined][] = [
  ["20/10", { count: 20, seconds: 10 }],
  ["1/1", { count: 1, seconds: 1 }],
  ["1000000/86400", { count: 1000000, seconds: 86400 }],
  ["1000001/1", undefined],
  ["1/86401", undefined],
  ["0/1", undefined],
  ["1/0", undefined],
  ["20", undefined],
  ["20/", undefined],
  ["/10", undefined],
  ["20/10/1", undefined],
  ["-1/1", undefined],
  ["1.5/1", undefined],
  ["20/s", undefined],
  [" 20/10", undefined],
  ["20/10\n", undefined],
  ["", undefined],
];

for (const [text, rate] of RATES) {
  Deno.test(`parseRate() ${rate === undefined ? "refuses" : "reads"} ${JSON.stringify(text)}`, () => {
    const parsed = parseRate(text);
    if (rate === undefined) {
      assert(parsed.kind === "malformed");
      assertMatch(
        parsed.reason,
        / is not N\/SEC: 1 to 1000000 connections in 1 to 86400 seconds, like 20\/10$/,
      );
    } else {
      assertEquals(parsed, { kind: "rate", rate });
      assertEquals(formatRate(rate), text);
    }
  });
}

Deno.test("parseRate() answers any text with a rate, or one printable line", () =>
  withSeed((random) => {
    for (let round = 0; round < 2000; round++) {
      const parsed = parseRate(nastyText(random, 5));
      if (parsed.kind === "malformed") assertMatch(parsed.reason, /^[^\p{Cc}\p{Cf}\p{Cs}]+$/u);
    }
  }));
