/**
 * Addresses and destinations: parsing and writing are each other's inverse, and no text breaks them.
 *
 * @module
 */
import { assert, assertEquals } from "../kit/assert.ts";
import { atoi, formatIpv4, parseIpv4, parseIpv6 } from "../../lib/core/net/address.ts";
import { hashClient } from "../../lib/core/schedule/hash.ts";
import { formatDestination, parseDestination } from "../../lib/core/command_line/destination.ts";
import type { Random } from "../kit/random.ts";
import { nastyText, type Target } from "./target.ts";

/** One of the many spellings of an IPv4 address. */
function spell(random: Random, address: number): string {
  const parts = random.between(1, 4);
  const bytes = [24, 16, 8, 0].map((shift) => (address >>> shift) & 255);
  const head = bytes.slice(0, parts - 1);
  const tail = address % 256 ** (5 - parts);
  return [...head, tail].map((part) =>
    random.pick([
      `${part}`,
      `0${part.toString(8)}`,
      `0x${part.toString(16)}`,
      `0X${part.toString(16)}`,
    ])
  ).join(".");
}

/** One of the spellings of an IPv6 address. */
function spell6(random: Random, bytes: Uint8Array): string {
  const words = Array.from(
    { length: 8 },
    (_, at) => ((bytes[2 * at] ?? 0) << 8 | (bytes[2 * at + 1] ?? 0)).toString(16),
  );
  const tail = random.chance(0.3) ? [[...bytes.slice(12)].join(".")] : words.slice(6);
  const head = words.slice(0, 6);
  const zero = head.findIndex((word) => word === "0");
  if (zero < 0 || random.chance(0.3)) return [...head, ...tail].join(":");
  let end = zero;
  while (end < head.length && head[end] === "0") end++;
  return `${head.slice(0, zero).join(":")}::${[...head.slice(end), ...tail].join(":")}`;
}

/** The hash of BEHAVIOUR: base 31 over 28 signed bytes, first byte most significant, in whole numbers. */
function slowHash(bytes: Uint8Array): number {
  let sum = 0n;
  for (let at = 0; at < 28; at++) {
    const byte = at < 16 ? ((bytes[at] ?? 0) << 24) >> 24 : 0;
    sum = sum * 31n + BigInt(byte);
  }
  return Number(BigInt.asUintN(32, sum));
}

/** Every property of addresses. */
export const targets: readonly Target[] = [
  {
    name: "every spelling of an IPv4 address means that address, and what is written is read again",
    round: (random): void => {
      const address = Math.floor(random.next() * 2 ** 32);
      assertEquals(parseIpv4(formatIpv4(address)), address);
      const text = spell(random, address);
      assertEquals(parseIpv4(text), address, text);
    },
  },
  {
    name: "every spelling of an IPv6 address means that address and has its hash",
    round: (random): void => {
      const bytes = random.bytes(16).map((byte) => random.chance(0.5) ? 0 : byte);
      const text = spell6(random, bytes);
      assertEquals(parseIpv6(text), bytes, text);
      assertEquals(hashClient(text), slowHash(bytes), text);
    },
  },
  {
    name:
      "a destination that is written is read again, and any text without commas and brackets is one",
    round: (random): void => {
      const destination = {
        address: { kind: "host", text: nastyText(random, 3).replace(/[:,[]/g, "") } as const,
        ...random.pick([
          { portText: "", port: 8888 },
          { portText: "0", port: 0 },
          { portText: "80", port: 80 },
          { portText: "70000", port: 70000 },
          { portText: "-1", port: -1 },
        ]),
        maxc: random.pick([0, 1, 16, -1, 2 ** 31 - 1]),
        attributes: {},
      };
      const text = formatDestination(destination);
      assertEquals(parseDestination(text, 8888, new Map()), destination, text);
      const any = nastyText(random, 8).replace(/[,[]/g, "");
      const { port, maxc } = parseDestination(`h${any}`, 8888, new Map());
      assert((port | 0) === port && (maxc | 0) === maxc);
    },
  },
  {
    name: "no text breaks the number and address readers",
    round: (random): void => {
      const text = nastyText(random, 8);
      assert(Number.isSafeInteger(atoi(text)), text);
      assert(!Object.is(atoi(text), -0), text);
      const address = parseIpv4(text);
      assert(address === undefined || (address >= 0 && address < 2 ** 32), text);
      parseIpv6(text);
      hashClient(text);
    },
  },
];
