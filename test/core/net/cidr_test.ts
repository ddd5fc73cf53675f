import { type Random, withSeed } from "../../kit/random.ts";
import {
  compileNetworks,
  contains,
  formatNetworks,
  type Network,
  type NetworkSet,
  parseNetworks,
} from "../../../lib/core/net/cidr.ts";
import { formatAddress } from "../../../lib/core/net/ip_address.ts";
import { parseIpv6 } from "../../../lib/core/net/address.ts";
import { assert, assertEquals, assertMatch } from "../../kit/assert.ts";
import { nastyText } from "../../fuzz/target.ts";

function setOf(text: string): NetworkSet {
  const parsed = parseNetworks(text);
  assert(parsed.kind === "networks", text);
  return parsed.set;
}

function bytesOf(text: string): Uint8Array {
  const bytes = parseIpv6(text);
  assert(bytes !== undefined, text);
  return bytes;
}

const MEMBERS: readonly [list: string, inside: readonly string[], outside: readonly string[]][] = [
  ["10.0.0.0/8", ["10.0.0.0", "10.255.255.255", "::ffff:10.1.2.3"], ["9.255.255.255", "11.0.0.0"]],
  ["10.1.2.3/8", ["10.9.9.9"], ["11.1.2.3"]],
  ["::ffff:10.0.0.0/104", ["10.1.2.3"], ["11.1.2.3", "::10.1.2.3", "::"]],
  ["192.0.2.7", ["192.0.2.7", "::ffff:192.0.2.7"], ["192.0.2.6", "::192.0.2.7"]],
  ["192.0.2.6/31", ["192.0.2.6", "192.0.2.7"], ["192.0.2.5", "192.0.2.8"]],
  ["128.0.0.0/1", ["128.0.0.0", "255.255.255.255"], ["127.255.255.255"]],
  ["0.0.0.0/0", ["0.0.0.0", "255.255.255.255", "::ffff:1.2.3.4"], ["::1", "2001:db8::1"]],
  ["::/0", ["::", "::1", "ffff::", "::fffe:1.2.3.4"], ["1.2.3.4", "::ffff:1.2.3.4"]],
  ["::/80", ["::1"], ["1.2.3.4"]],
  ["2001:db8::/32", ["2001:db8::", "2001:db8:ffff::1"], ["2001:db9::", "2001:db7:ffff::"]],
  ["2001:db8::/33", ["2001:db8:7fff::"], ["2001:db8:8000::"]],
  ["2001:db8::7", ["2001:db8::7"], ["2001:db8::6", "2001:db8::1:7"]],
  ["fe80::/10", ["fe80::1", "febf::1"], ["fec0::1"]],
  [" 10.0.0.0/8 ,\t::1,192.0.2.7 ", ["10.1.1.1", "::1", "192.0.2.7"], ["192.0.2.8", "::2"]],
];

for (const [list, inside, outside] of MEMBERS) {
  Deno.test(`"${list}" has ${inside.join(", ")} and not ${outside.join(", ")}`, () => {
    const set = setOf(list);
    assertEquals(inside.filter((text) => !contains(set, bytesOf(text))), []);
    assertEquals(outside.filter((text) => contains(set, bytesOf(text))), []);
  });
}

const WANTED = "is not like 10.0.0.0/8, 192.0.2.7, 2001:db8::/32 or 2001:db8::7";
const IPV4 = "does not end in the length of an IPv4 network, 0 to 32";
const IPV6 = "does not end in the length of an IPv6 network, 0 to 128";

const WRONG: readonly [list: string, reason: string][] = [
  ["", "an entry is empty"],
  ["10.0.0.0/8,", "an entry is empty"],
  ["10.0.0.0/8,,::1", "an entry is empty"],
  ["10.0.0.0/33", `10.0.0.0/33 ${IPV4}`],
  ["::1,10.0.0.0/", `10.0.0.0/ ${IPV4}`],
  ["10.0.0.0/08", `10.0.0.0/08 ${IPV4}`],
  ["10.0.0.0/-1", `10.0.0.0/-1 ${IPV4}`],
  ["10.0.0.0/8/8", `10.0.0.0/8/8 ${IPV4}`],
  ["10.0.0.0/255.0.0.0", `10.0.0.0/255.0.0.0 ${IPV4}`],
  ["2001:db8::/129", `2001:db8::/129 ${IPV6}`],
  ["2001:db8::/x", `2001:db8::/x ${IPV6}`],
  [
    "::ffff:10.0.0.0/8",
    "::ffff:10.0.0.0/8 does not end in the length of a mapped IPv4 network, 96 to 128",
  ],
  ["10.0.0/8", `10.0.0/8 ${WANTED}`],
  ["010.0.0.0/8", `010.0.0.0/8 ${WANTED}`],
  ["0x0a000000/8", `0x0a000000/8 ${WANTED}`],
  ["fe80::1%eth0", `fe80::1%eth0 ${WANTED}`],
  ["web1", `web1 ${WANTED}`],
  ["[::1]", `[::1] ${WANTED}`],
  ["/8", `/8 ${WANTED}`],
  ["10.0.0.0/8\n10.0.0.1", `10.0.0.0/8\\x0a10.0.0.1 ${IPV4}`],
];

for (const [list, reason] of WRONG) {
  Deno.test(`parseNetworks() refuses ${JSON.stringify(list)}: ${reason}`, () => {
    assertEquals(parseNetworks(list), { kind: "malformed", reason });
  });
}

Deno.test("formatNetworks() writes networks in their canonical form", () => {
  const list =
    "10.1.2.3/8, ::FFFF:192.0.2.0/120,192.0.2.7/32,2001:DB8:0::1/32,::1/128,::/0,0.0.0.0/0";
  const canonical = "10.0.0.0/8,192.0.2.0/24,192.0.2.7,2001:db8::/32,::1,::/0,0.0.0.0/0";
  assertEquals(formatNetworks(setOf(list)), canonical);
  assertEquals(formatNetworks(setOf(canonical)), canonical);
});

/** An address near others: few of its bits are chance. */
function nearAddress(random: Random): Uint8Array {
  const ipv4 = random.chance(0.5);
  const bytes = bytesOf(ipv4 ? "10.0.0.0" : random.pick(["2001:db8::", "::", "::fffe:0:0"]));
  for (let flips = random.between(0, 3); flips > 0; flips--) {
    const bit = random.between(ipv4 ? 96 : 0, 127);
    bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (0x80 >> (bit & 7));
  }
  return bytes;
}

function bits(address: Uint8Array): string {
  return [...address].map((byte) => byte.toString(2).padStart(8, "0")).join("");
}

/** What a network is, bit by bit. */
function belongs(address: Uint8Array, networks: readonly Network[]): boolean {
  const mapped = `${"0".repeat(80)}${"1".repeat(16)}`;
  return networks.some((network) => {
    const same = bits(address).startsWith(bits(network.address).slice(0, network.bits));
    return same && bits(address).startsWith(mapped) === bits(network.address).startsWith(mapped);
  });
}

Deno.test("contains() is a comparison of leading bits within a family, and a written list is read again", () =>
  withSeed((random) => {
    let members = 0;
    for (let round = 0; round < 2000; round++) {
      const text = Array.from({ length: random.between(1, 4) }, () => {
        const address = formatAddress(nearAddress(random));
        return `${address}/${random.between(0, address.includes(":") ? 128 : 32)}`;
      }).join(",");
      const parsed = parseNetworks(text);
      // A mapped address that was given few leading bits, as ::ffff:0:0/3.
      if (parsed.kind === "malformed") continue;
      const { set } = parsed;
      assertEquals(setOf(formatNetworks(set)), set, text);
      assertEquals(compileNetworks(set.networks), set, text);
      const address = nearAddress(random);
      const member = belongs(address, set.networks);
      if (member) members++;
      assertEquals(contains(set, address), member, `${formatAddress(address)} in ${text}`);
    }
    assert(members > 200, `${members}`);
  }));

Deno.test("parseNetworks() answers any text with a set, or one printable line", () =>
  withSeed((random) => {
    for (let round = 0; round < 2000; round++) {
      const text = nastyText(random, 6);
      const parsed = parseNetworks(text);
      if (parsed.kind === "malformed") assertMatch(parsed.reason, /^[^\p{Cc}\p{Cf}\p{Cs}]+$/u);
      else assert(parsed.set.networks.length > 0);
    }
  }));
