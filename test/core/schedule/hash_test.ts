import { parseIpv6 } from "../../../lib/core/net/address.ts";
import { hashClient } from "../../../lib/core/schedule/hash.ts";
import { assertEquals } from "../../kit/assert.ts";

/** Values that balance 3.54 printed. */
const OBSERVED: readonly [client: string, hash: number, mod2: number, mod3: number][] = [
  ["::1", 4001564289, 1, 0],
  ["::ffff:127.0.0.1", 3231995906, 0, 2],
  ["::ffff:127.0.0.2", 2938592899, 1, 1],
  ["::ffff:127.0.0.3", 2645189892, 0, 0],
  ["::ffff:10.200.255.254", 1402197437, 1, 2],
  ["2001:db8::ff", 1331857003, 1, 1],
  ["2001:db8:8000::9c:fffe", 1686422887, 1, 1],
];

for (const [client, hash, mod2, mod3] of OBSERVED) {
  Deno.test(`hashClient() gives ${hash} for ${client}`, () => {
    const value = hashClient(client);
    assertEquals([value, value % 2, value % 3], [hash, mod2, mod3]);
  });
}

Deno.test("hashClient() gives an IPv4 client the value of its IPv6 form", () => {
  assertEquals(hashClient("127.0.0.2"), hashClient("::ffff:127.0.0.2"));
  assertEquals(hashClient("10.200.255.254"), 1402197437);
});

Deno.test("hashClient() is the base-31 polynomial over 28 signed bytes, whatever the address", () => {
  let state = 12345;
  for (let round = 0; round < 500; round++) {
    const words = Array.from({ length: 8 }, () => {
      state = (Math.imul(state, 1103515245) + 12345) >>> 0;
      return (state >>> 16).toString(16);
    });
    const client = words.join(":");
    const bytes = [...parseIpv6(client) ?? [], ...Array(12).fill(0)];
    const sum = bytes.reduce(
      (hash, byte) => hash * 31n + BigInt(byte > 127 ? byte - 256 : byte),
      0n,
    );
    assertEquals(hashClient(client), Number(BigInt.asUintN(32, sum)), client);
  }
});

Deno.test("hashClient() gives 0 for text that is no address", () => {
  assertEquals(hashClient("somewhere"), 0);
});
