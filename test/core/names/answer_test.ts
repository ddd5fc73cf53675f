import { type Random, withSeed } from "../../kit/random.ts";
import {
  type AddressAnswer,
  chooseAddress,
  type IpAddress,
} from "../../../lib/core/names/answer.ts";
import { formatHost } from "../../../lib/core/net/socket_address.ts";
import { assert, assertEquals } from "../../kit/assert.ts";
import { ip } from "./addresses.ts";

interface Case {
  readonly name: string;
  readonly present?: string;
  readonly answer: string;
  readonly failed?: AddressAnswer["failed"];
  readonly chosen: string | undefined;
}

const BOTH = ["ipv4", "ipv6"] as const;

const CASES: readonly Case[] = [
  { name: "the first look-up prefers IPv4", answer: "::1 10.0.0.2 10.0.0.1", chosen: "10.0.0.2" },
  { name: "the first look-up takes IPv6 where there is no IPv4", answer: "::2 ::1", chosen: "::2" },
  { name: "nothing is known before an answer", answer: "", chosen: undefined },
  {
    name: "an address that is still in the answer stays, whatever the order",
    present: "10.0.0.1",
    answer: "10.0.0.2 10.0.0.3 10.0.0.1",
    chosen: "10.0.0.1",
  },
  {
    name: "an IPv6 address stays though there is an IPv4 one now",
    present: "::1",
    answer: "10.0.0.2 ::1",
    chosen: "::1",
  },
  {
    name: "an address that is gone makes room for the first IPv4 one",
    present: "10.0.0.1",
    answer: "::1 10.0.0.3",
    chosen: "10.0.0.3",
  },
  {
    name: "an address that is gone makes room for another family",
    present: "10.0.0.1",
    answer: "::1",
    chosen: "::1",
  },
  { name: "an empty answer keeps the last", present: "10.0.0.1", answer: "", chosen: "10.0.0.1" },
  {
    name: "a failed look-up keeps the last",
    present: "10.0.0.1",
    answer: "",
    failed: BOTH,
    chosen: "10.0.0.1",
  },
  {
    name: "an answer that lacks the family of the last keeps it",
    present: "10.0.0.1",
    answer: "::1",
    failed: ["ipv4"],
    chosen: "10.0.0.1",
  },
  {
    name: "an answer that lacks the other family counts",
    present: "10.0.0.1",
    answer: "10.0.0.2",
    failed: ["ipv6"],
    chosen: "10.0.0.2",
  },
];

function read(text: string): IpAddress[] {
  return text.split(" ").filter((word) => word !== "").map(ip);
}

for (const { name, present, answer, failed = [], chosen } of CASES) {
  Deno.test(`chooseAddress(): ${name}`, () => {
    const before = present === undefined ? undefined : ip(present);
    const after = chooseAddress(before, { addresses: read(answer), failed });
    assertEquals(after === undefined ? undefined : formatHost(after), chosen);
  });
}

function randomAddresses(random: Random): IpAddress[] {
  const pool = ["10.0.0.1", "10.0.0.2", "10.0.0.3", "::1", "::2"];
  return pool.filter(() => random.chance(0.5)).sort(() => random.next() - 0.5).map(ip);
}

Deno.test("chooseAddress() forgets nothing, stays while it can, and moves only to what the answer has", () =>
  withSeed((random) => {
    let present: IpAddress | undefined;
    for (let round = 0; round < 2000; round++) {
      const addresses = randomAddresses(random);
      const failed = BOTH.filter(() => random.chance(0.2));
      const after = chooseAddress(present, { addresses, failed });
      if (present !== undefined) assert(after !== undefined);
      const texts = addresses.map(formatHost);
      const moved = after !== undefined &&
        (present === undefined || formatHost(present) !== formatHost(after));
      if (moved) assert(texts.includes(formatHost(after)));
      if (present !== undefined && texts.includes(formatHost(present))) assert(!moved);
      // The order of an answer moves nobody.
      assertEquals(chooseAddress(after, { addresses: addresses.toReversed(), failed }), after);
      present = after;
    }
  }));
