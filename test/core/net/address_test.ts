import { atoi, formatIpv4, parseIpv4, parseIpv6 } from "../../../lib/core/net/address.ts";
import { assertEquals } from "../../kit/assert.ts";

const NUMBERS: readonly [text: string, value: number][] = [
  ["12", 12],
  ["12x", 12],
  [" \t\n12", 12],
  ["+3", 3],
  ["-1", -1],
  ["- 1", 0],
  ["--1", 0],
  ["7.5", 7],
  ["", 0],
  ["x", 0],
  ["-0", 0],
  ["0x10", 0],
  ["007", 7],
  ["127.0.0.1", 127],
  ["2147483648", 2147483648],
  ["99999999999999999999", Number.MAX_SAFE_INTEGER],
  ["-99999999999999999999", -Number.MAX_SAFE_INTEGER],
];

for (const [text, value] of NUMBERS) {
  Deno.test(`atoi() reads ${JSON.stringify(text)} as ${value}`, () => {
    assertEquals(Object.is(atoi(text), value), true);
  });
}

const QUADS: readonly [text: string, quad: string | undefined][] = [
  ["127.0.0.1", "127.0.0.1"],
  ["0.0.0.0", "0.0.0.0"],
  ["255.255.255.255", "255.255.255.255"],
  ["127.1", "127.0.0.1"],
  ["127.0.1", "127.0.0.1"],
  ["10.1.256", "10.1.1.0"],
  ["2130706433", "127.0.0.1"],
  ["0x7f.0.0.1", "127.0.0.1"],
  ["0x7f000001", "127.0.0.1"],
  ["0177.0.0.01", "127.0.0.1"],
  ["0", "0.0.0.0"],
  ["4294967295", "255.255.255.255"],
  ["4294967296", undefined],
  ["256.0.0.1", undefined],
  ["1.2.3.256", undefined],
  ["1.2.65536", undefined],
  ["1.16777216", undefined],
  ["1.2.3.4.5", undefined],
  ["1.2.3.", undefined],
  [".1", undefined],
  ["", undefined],
  ["08.1.1.1", undefined],
  ["0x.1", undefined],
  ["1.2.3.4 ", undefined],
  ["-1", undefined],
  ["[", undefined],
  ["localhost", undefined],
];

for (const [text, quad] of QUADS) {
  Deno.test(`parseIpv4() reads ${JSON.stringify(text)} as ${quad}`, () => {
    const address = parseIpv4(text);
    assertEquals(address === undefined ? undefined : formatIpv4(address), quad);
  });
}

const SIXES: readonly [text: string, hex: string | undefined][] = [
  ["::", "00000000000000000000000000000000"],
  ["::1", "00000000000000000000000000000001"],
  ["1::", "00010000000000000000000000000000"],
  ["2001:db8::ff", "20010db80000000000000000000000ff"],
  ["2001:DB8:8000::9c:fffe", "20010db8800000000000000000 9cfffe".replace(" ", "")],
  ["1:2:3:4:5:6:7:8", "00010002000300040005000600070008"],
  ["1:2:3:4:5:6:7::", "00010002000300040005000600070000"],
  ["127.0.0.1", "00000000000000000000ffff7f000001"],
  ["::ffff:127.0.0.1", "00000000000000000000ffff7f000001"],
  ["::ffff:7f00:1", "00000000000000000000ffff7f000001"],
  ["fe80::1%eth0", "fe800000000000000000000000000001"],
  ["1:2:3:4:5:6:7:8:9", undefined],
  ["1:2:3:4:5:6:7", undefined],
  ["1::2::3", undefined],
  ["1:2:3:4:5:6:7::8", undefined],
  ["12345::", undefined],
  ["g::", undefined],
  [":1", undefined],
  ["::1.2.3", undefined],
  ["1.2.3.4::", undefined],
  ["localhost", undefined],
  ["", undefined],
];

for (const [text, hex] of SIXES) {
  Deno.test(`parseIpv6() reads ${JSON.stringify(text)} as ${hex}`, () => {
    assertEquals(parseIpv6(text)?.toHex(), hex);
  });
}
