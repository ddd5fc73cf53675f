import {
  formatAddress,
  formatHextets,
  formatIpv6,
  mapIpv4,
  parseCanonicalIpv4,
  parsePlainIpv6,
  unmapIpv4,
} from "../../../lib/core/net/ip_address.ts";
import { assertEquals } from "../../kit/assert.ts";
import { type Random, withSeed } from "../../kit/random.ts";

/** Examples of RFC 5952, sections 4 and 5, and edges of the rules. */
const CANONICAL: readonly [typed: string, written: string][] = [
  ["2001:0db8::0001", "2001:db8::1"],
  ["2001:db8:0:0:0:0:2:1", "2001:db8::2:1"],
  ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
  ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1"],
  ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
  ["2001:DB8::AAAA", "2001:db8::aaaa"],
  ["0:0:0:0:0:0:0:0", "::"],
  ["0:0:0:0:0:0:0:1", "::1"],
  ["1:0:0:0:0:0:0:0", "1::"],
  ["1:2:3:4:5:6:0:0", "1:2:3:4:5:6::"],
  ["::ffff:c000:201", "::ffff:192.0.2.1"],
  ["::fffe:c000:201", "::fffe:c000:201"],
  ["::192.0.2.1", "::c000:201"],
];

for (const [typed, written] of CANONICAL) {
  Deno.test(`formatIpv6() writes ${typed} as ${written}`, () => {
    assertEquals(formatIpv6(parsePlainIpv6(typed) ?? new Uint8Array()), written);
  });
}

Deno.test("formatAddress() writes a mapped address as IPv4, any other as IPv6", () => {
  assertEquals(formatAddress(mapIpv4(0xc0000201)), "192.0.2.1");
  assertEquals(formatAddress(new Uint8Array(16)), "::");
});

Deno.test("unmapIpv4() is the inverse of mapIpv4() and has nothing for other addresses", () => {
  for (const address of [0, 1, 0x7fffffff, 0x80000000, 0xffffffff]) {
    assertEquals(unmapIpv4(mapIpv4(address)), address);
  }
  for (let at = 0; at < 12; at++) {
    const bytes = mapIpv4(0x7f000001);
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    assertEquals(unmapIpv4(bytes), undefined);
  }
});

for (
  const text of [
    ...["", "1.2.3", "1.2.3.4.5", "1.2.3.4.", ".1.2.3.4", "1..2.3", "01.2.3.4", "1.2.3.04"],
    ...[
      "256.1.1.1",
      "1.2.3.999",
      "0x1.2.3.4",
      "1.2.3.4 ",
      "+1.2.3.4",
      "1.2.3.-4",
      "::1",
      "１.2.3.4",
    ],
  ]
) {
  Deno.test(`parseCanonicalIpv4() refuses ${JSON.stringify(text)}`, () => {
    assertEquals(parseCanonicalIpv4(text), undefined);
  });
}

Deno.test("parsePlainIpv6() takes no IPv4 address, no zone and no octal quad", () => {
  for (const text of ["1.2.3.4", "fe80::1%eth0", "::ffff:010.0.0.1", "::ffff:1.2.3", ""]) {
    assertEquals(parsePlainIpv6(text), undefined, text);
  }
  assertEquals(parsePlainIpv6("::ffff:10.0.0.1"), mapIpv4(0x0a000001));
});

/** An address of which many words are zero, so that runs of all lengths and places occur. */
function sparseAddress(random: Random): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(16);
  for (let at = 0; at < 16; at += 2) {
    if (random.chance(0.4)) bytes.set(random.bytes(2), at);
  }
  return bytes;
}

Deno.test("every way of writing an address is read again, and a URL writes it likewise", () =>
  withSeed((random) => {
    for (let round = 0; round < 3000; round++) {
      const address = sparseAddress(random);
      const text = formatHextets(address);
      assertEquals(parsePlainIpv6(text), address, text);
      assertEquals(parsePlainIpv6(formatIpv6(address)), address);
      assertEquals(new URL(`http://[${text}]/`).hostname, `[${text}]`);
    }
  }));
