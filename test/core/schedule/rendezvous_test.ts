import { Random, withSeed } from "../../kit/random.ts";
import { parseIpv6 } from "../../../lib/core/net/address.ts";
import { type Candidates, NOTHING } from "../../../lib/core/schedule/candidates.ts";
import { HASH_WORDS, hashBytes, hashText, mixToUnit } from "../../../lib/core/hash64.ts";
import {
  chooseRendezvous,
  type Ranked,
  rankRendezvous,
} from "../../../lib/core/schedule/rendezvous.ts";
import { assert, assertEquals } from "../../kit/assert.ts";
import { slowFnv, slowHash, slowMix, slowScore, slowUnit } from "../../kit/slow_rendezvous.ts";
import { deviation, makeCandidates, randomWeights } from "./make_candidates.ts";

/** A group of named channels. */
interface Group {
  readonly candidates: Candidates;
  readonly hashes: Int32Array;
}

function makeGroup(names: readonly string[], weights: readonly number[]): Group {
  const hashes = new Int32Array(names.length * HASH_WORDS);
  for (const [channel, name] of names.entries()) hashText(name, hashes, channel * HASH_WORDS);
  return { candidates: makeCandidates(weights), hashes };
}

function bytesOf(address: string): Uint8Array {
  const bytes = parseIpv6(address);
  if (bytes === undefined) throw new TypeError(`no address: ${address}`);
  return bytes;
}

function hashOf(address: Uint8Array): Int32Array {
  const hash = new Int32Array(HASH_WORDS);
  hashBytes(address, hash);
  return hash;
}

function choose({ candidates, hashes }: Group, address: Uint8Array): number {
  return chooseRendezvous(candidates, hashes, hashOf(address));
}

function rank({ candidates, hashes }: Group, address: Uint8Array): Ranked[] {
  return rankRendezvous(candidates, hashes, hashOf(address));
}

/** The IPv6 form of an IPv4 address given as a number. */
function ipv4(address: number): Uint8Array {
  const bytes = new Uint8Array(16);
  bytes.set([255, 255], 10);
  new DataView(bytes.buffer).setUint32(12, address);
  return bytes;
}

/** `count` names as operators choose them: much alike. */
function makeNames(random: Random, count: number): string[] {
  const first = random.between(1, 9000);
  const form = random.pick(["web#", "10.0.0.#:80", "127.0.0.1:#", "größe-#", "#"]);
  return Array.from({ length: count }, (_, at) => form.replace("#", `${first + at}`));
}

const MASK = 2n ** 64n - 1n;

/** Scores that a program in another language computed from the module's comment. */
const VECTORS: readonly [
  client: string,
  name: string,
  weight: number,
  mixed: bigint,
  score: number,
][] = [
  ["192.0.2.7", "web1", 1, 0x092b1e7934e0158bn, 0.3003534280756752],
  ["192.0.2.7", "web2", 1, 0x58b4aa7e37446223n, 0.9435270769411938],
  ["192.0.2.7", "web3", 1, 0x3c84039c72b2972dn, 0.6933490791499906],
  ["192.0.2.7", "web2", 5, 0x58b4aa7e37446223n, 4.717635384705969],
  ["10.0.0.1", "127.0.0.1:8080", 1, 0xb6f5fbd8c3942c2en, 2.9770311589006284],
  ["10.0.0.2", "127.0.0.1:8080", 1, 0xa09112bd86c57b91n, 2.1437694984121656],
  ["255.255.255.255", "a", 1000, 0xa6dfc8c8024956e8n, 2336.7900290839357],
  ["2001:db8::1", "web1", 1, 0xcce74f7109c9e3b8n, 4.491595519171682],
  ["2001:db8::1", "web2", 1, 0xaf9d15aaf8e5710cn, 2.65328526529222],
  ["::1", "web1", 1, 0xaa8a0352a4eeee90n, 2.4617640583936775],
  ["::", "", 1, 0x881240c940d298d1n, 1.5822824276053502],
  ["198.51.100.77", "größe-日本-😀", 3, 0x0af4f90290bb8c45n, 0.9520165248943445],
];

for (const [client, name, weight, mixed, score] of VECTORS) {
  Deno.test(`rendezvous scores ${client} on "${name}" with weight ${weight} as ${score}`, () => {
    assertEquals(slowHash(bytesOf(client), name), mixed);
    const [ranked] = rank(makeGroup([name], [weight]), bytesOf(client));
    assertEquals(ranked, { channel: 0, score: ranked?.score ?? NaN });
    // The logarithm of another library may differ in the last bit.
    assert(Math.abs((ranked?.score ?? NaN) / score - 1) < 1e-14, `${ranked?.score}`);
  });
}

/** Failover orders that a program in another language computed, for weights 1 1 1 1 1 and 1 2 5 1 1. */
const ORDERS: readonly [client: string, equal: string, weighted: string][] = [
  ["192.0.2.1", "4 2 3 5 1", "4 3 2 5 1"],
  ["192.0.2.2", "2 3 1 5 4", "2 3 1 5 4"],
  ["192.0.2.3", "5 4 2 1 3", "5 3 2 4 1"],
  ["198.51.100.77", "1 3 4 5 2", "3 1 4 5 2"],
  ["203.0.113.254", "3 1 4 2 5", "3 1 2 4 5"],
  ["2001:db8::1", "1 2 4 3 5", "3 2 1 4 5"],
  ["2001:db8:1:2::3", "1 3 4 2 5", "3 1 2 4 5"],
];

for (const [client, equal, weighted] of ORDERS) {
  Deno.test(`rendezvous gives ${client} to web1 … web5 in the order ${equal}`, () => {
    const names = ["web1", "web2", "web3", "web4", "web5"];
    const order = (weights: readonly number[]): string =>
      rank(makeGroup(names, weights), bytesOf(client)).map(({ channel }) => channel + 1).join(" ");
    assertEquals([order([1, 1, 1, 1, 1]), order([1, 2, 5, 1, 1])], [equal, weighted]);
  });
}

const FNV: readonly [text: string, hash: bigint][] = [
  ["", 0xcbf29ce484222325n],
  ["a", 0xaf63dc4c8601ec8cn],
  ["foobar", 0x85944171f73967e8n],
];

for (const [text, hash] of FNV) {
  Deno.test(`hashBytes() gives "${text}" the published FNV-1a hash`, () => {
    const words = new Int32Array(2);
    hashBytes(new TextEncoder().encode(text), words);
    const [high = 0, low = 0] = words;
    assertEquals(BigInt(high >>> 0) << 32n | BigInt(low >>> 0), hash);
  });
}

Deno.test("hashBytes() is FNV-1a, and mixToUnit() murmur3's finaliser, for any input", () =>
  withSeed((random) => {
    const words = new Int32Array(4);
    for (let round = 0; round < 2000; round++) {
      const bytes = random.bytes(random.between(0, 40));
      hashBytes(bytes, words, 2);
      const high = words[2] ?? 0;
      const low = words[3] ?? 0;
      const hash = BigInt(high >>> 0) << 32n | BigInt(low >>> 0);
      assertEquals(hash, slowFnv(bytes));
      assertEquals(mixToUnit(high, low), slowUnit(slowMix(hash)));
    }
    assertEquals([...words.subarray(0, 2)], [0, 0]);
  }));

Deno.test("mixToUnit() stays above 0 and below 1 at the ends, so that every score is finite", () => {
  assertEquals(mixToUnit(0, 0), 2 ** -53);
  // What the finaliser makes all ones of, found by running it backwards.
  const high = Number(ALL_ONES >> 32n) | 0;
  const low = Number(ALL_ONES & 0xffffffffn) | 0;
  assertEquals(slowMix(ALL_ONES), MASK);
  assertEquals(mixToUnit(high, low), 1 - 2 ** -53);
});

/** The number that murmur3's finaliser turns into 2^64 - 1. */
const ALL_ONES = unmix(MASK);

function unmix(hash: bigint): bigint {
  let h = hash ^ hash >> 33n;
  h = h * inverse(0xc4ceb9fe1a85ec53n) & MASK;
  h ^= h >> 33n;
  h = h * inverse(0xff51afd7ed558ccdn) & MASK;
  return h ^ h >> 33n;
}

/** The inverse of an odd number modulo 2^64: each step doubles the bits that are right. */
function inverse(odd: bigint): bigint {
  let x = odd;
  for (let step = 0; step < 6; step++) x = x * (2n - odd * x) & MASK;
  return x;
}

Deno.test("rendezvous chooses as a slow program does that follows its description", () =>
  withSeed((random) => {
    for (let round = 0; round < 300; round++) {
      const weights = randomWeights(random, 20, random.pick([1, 5, 1_000_000]));
      const names = makeNames(random, weights.length);
      const address = random.chance(0.5) ? random.bytes(16) : ipv4(random.between(0, 2 ** 32 - 1));
      const scores = names.map((name, at) => slowScore(address, name, weights[at] ?? 0));
      const order = [...weights.keys()].filter((at) => weights[at] !== 0)
        .sort((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0));
      const group = makeGroup(names, weights);
      assertEquals(rank(group, address).map(({ channel }) => channel), order);
      assertEquals(choose(group, address), order[0]);
    }
  }));

Deno.test("an IPv4 client is the same in both spellings", () => {
  assertEquals(hashOf(bytesOf("192.0.2.7")), hashOf(bytesOf("::ffff:192.0.2.7")));
});

Deno.test("passing over the best again and again walks down the order", () =>
  withSeed((random) => {
    for (let round = 0; round < 100; round++) {
      const weights = randomWeights(random, 64, 9);
      const group = makeGroup(makeNames(random, weights.length), weights);
      const address = random.bytes(16);
      const order = rank(group, address);
      assert(
        order.every(({ score }, at) => score > 0 && score <= (order[at - 1]?.score ?? Infinity)),
      );
      for (const { channel } of order) {
        assertEquals(choose(group, address), channel);
        group.candidates.weights[channel] = 0;
      }
      assertEquals(choose(group, address), NOTHING);
    }
  }));

Deno.test("the chosen channel is the first of the order, also where two scores are close", () => {
  const random = new Random(13);
  for (const largest of [1, 3]) {
    const weights = Array.from({ length: 64 }, () => random.between(1, largest));
    const group = makeGroup(makeNames(random, 64), weights);
    for (let at = 0; at < 3000; at++) {
      assertEquals(choose(group, ipv4(at)), rank(group, ipv4(at))[0]?.channel);
    }
  }
});

Deno.test("a channel that goes moves its own clients only, spread over all others; back, it has them again", () => {
  const random = new Random(11);
  for (let round = 0; round < 10; round++) {
    const count = random.between(3, 16);
    const weights = Array.from({ length: count }, () => random.between(1, 5));
    const group = makeGroup(makeNames(random, count), weights);
    const gone = random.between(0, count - 1);
    const clients = Array.from({ length: 10_000 }, (_, at) => ipv4(0x0a000000 + at));
    const before = clients.map((client) => choose(group, client));
    group.candidates.weights[gone] = 0;
    const counts = weights.map(() => 0);
    for (const [at, client] of clients.entries()) {
      const now = choose(group, client);
      if (before[at] !== gone) assertEquals(now, before[at]);
      else counts[now] = (counts[now] ?? NaN) + 1;
    }
    const shares = weights.map((weight, channel) => channel === gone ? 0 : weight);
    assert(deviation(counts, shares) < 6, `${counts} for ${shares}`);
    group.candidates.weights.set(weights);
    assertEquals(clients.map((client) => choose(group, client)), before);
  }
});

Deno.test("a weight that grows moves clients to its channel only", () => {
  const names = ["a", "b", "c", "d"];
  const light = makeGroup(names, [2, 2, 2, 2]);
  const heavy = makeGroup(names, [2, 3, 2, 2]);
  let moved = 0;
  for (let at = 0; at < 20_000; at++) {
    const before = choose(light, ipv4(0xc0000200 + at));
    const now = choose(heavy, ipv4(0xc0000200 + at));
    if (now === before) continue;
    assertEquals(now, 1);
    moved++;
  }
  // Its share grows from 1/4 to 1/3: 1667 of 20 000, with a standard deviation of 39.
  assert(Math.abs(moved - 1667) < 240, `${moved}`);
});

Deno.test("instances with the same names in another order agree on every client", () =>
  withSeed((random) => {
    for (let round = 0; round < 100; round++) {
      const weights = randomWeights(random, 64, 5);
      const names = makeNames(random, weights.length);
      const shuffled = names.map((name, at) => ({
        name,
        weight: weights[at] ?? 0,
        key: random.next(),
      }))
        .sort((a, b) => a.key - b.key);
      const one = makeGroup(names, weights);
      const other = makeGroup(
        shuffled.map(({ name }) => name),
        shuffled.map(({ weight }) => weight),
      );
      for (let client = 0; client < 20; client++) {
        const address = random.bytes(16);
        assertEquals(
          rank(one, address).map(({ channel }) => names[channel]),
          rank(other, address).map(({ channel }) => shuffled[channel]?.name),
        );
      }
    }
  }));

Deno.test("each channel's share of the clients is its weight's, neighbours or strangers", () => {
  const random = new Random(12);
  for (let round = 0; round < 16; round++) {
    const weights = randomWeights(random, random.pick([3, 16, 64]), random.pick([1, 9]));
    const group = makeGroup(makeNames(random, weights.length), weights);
    const step = random.pick([1, 256, 65_543]);
    const counts = weights.map(() => 0);
    for (let at = 0; at < 20_000; at++) {
      const address = step === 1 ? random.bytes(16) : ipv4((0x0a000000 + at * step) % 2 ** 32);
      const channel = choose(group, round % 2 === 0 ? ipv4(0x0a000000 + at) : address);
      counts[channel] = (counts[channel] ?? NaN) + 1;
    }
    assert(deviation(counts, weights) < 6, `weights ${weights}: ${counts}`);
  }
});

Deno.test("of channels with the same name the first one that may be had is taken", () => {
  const group = makeGroup(["a", "a"], [1, 1]);
  assertEquals(choose(group, bytesOf("::1")), 0);
  group.candidates.weights[0] = 0;
  assertEquals(choose(group, bytesOf("::1")), 1);
});
