/** The words of a takeover: each is read as it was written, and nothing else is one. */
import { assertEquals } from "../../kit/assert.ts";
import {
  formatLegacy,
  formatTakeoverOrder,
  type Legacy,
  parseLegacy,
  parseTakeoverOrder,
  type TakeoverOrder,
} from "../../../lib/core/control/takeover.ts";

const ORDERS: readonly [string, TakeoverOrder][] = [
  [".takeover offer balance-1f s-e_c 4711", {
    kind: "offer",
    name: "balance-1f",
    secret: "s-e_c",
    pid: 4711,
  }],
  [".takeover release", { kind: "release" }],
  [".takeover done", { kind: "done" }],
  [".takeover left", { kind: "left" }],
];

for (const [line, order] of ORDERS) {
  Deno.test(`"${line}" is written and read`, () => {
    assertEquals(formatTakeoverOrder(order), line);
    assertEquals(parseTakeoverOrder(line), order);
  });
}

for (
  const line of [
    "takeover done",
    ".takeover",
    ".takeover done now",
    " .takeover done",
    ".takeover release\n",
    ".takeover offer a b",
    ".takeover offer a b c",
    ".takeover offer a/b c 1",
    `.takeover offer ${"a".repeat(65)} b 1`,
    ".takeover offer a b 12345678901",
    "show",
  ]
) {
  Deno.test(`${JSON.stringify(line)} is no order of a takeover`, () => {
    assertEquals(parseTakeoverOrder(line), undefined);
  });
}

const NOTHING: Legacy = { managed: false, told: false, watchdogMs: undefined };
const LEGACIES: readonly [string, Legacy][] = [
  ["", NOTHING],
  ["managed", { ...NOTHING, managed: true }],
  ["told watchdog=30000", { ...NOTHING, told: true, watchdogMs: 30_000 }],
  ["managed told watchdog=0.5", { managed: true, told: true, watchdogMs: 0.5 }],
];

for (const [text, legacy] of LEGACIES) {
  Deno.test(`a legacy "${text}" is written and read`, () => {
    assertEquals(formatLegacy(legacy), text);
    assertEquals(parseLegacy(text), legacy);
  });
}

Deno.test("words of a legacy that are not known are passed over", () => {
  assertEquals(parseLegacy("later told x=1 watchdog=abc unmanaged"), { ...NOTHING, told: true });
});
