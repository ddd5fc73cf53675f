import { formatDuration } from "../../../lib/core/health/duration.ts";
import { formatTransition, type Transition } from "../../../lib/core/health/transition.ts";
import { assertEquals } from "../../kit/assert.ts";

const DURATIONS: readonly [ms: number, text: string][] = [
  [0, "0s"],
  [999, "0s"],
  [-5000, "0s"],
  [1000, "1s"],
  [45_999, "45s"],
  [60_000, "1m"],
  [133_000, "2m13s"],
  [3_599_999, "59m59s"],
  [3_600_000, "1h"],
  [3_659_000, "1h"],
  [7_380_000, "2h3m"],
  [86_399_000, "23h59m"],
  [86_400_000, "1d"],
  [86_400_000 + 59 * 60_000, "1d"],
  [273_600_000, "3d4h"],
  [400 * 86_400_000, "400d"],
];

for (const [ms, text] of DURATIONS) {
  Deno.test(`formatDuration() writes ${ms} ms as ${text}`, () => {
    assertEquals(formatDuration(ms), text);
  });
}

const LABEL = { group: 0, channel: 1, name: "web2" };
const DOWN: Transition = {
  from: "up",
  to: "down",
  reason: "http 503",
  basis: { kind: "streak", count: 3, needed: 3 },
  lastedMs: 7_380_000,
};

const LINES: readonly [name: string, transition: Transition, line: string][] = [
  ["a row of failed checks", DOWN, "channel 0.1 web2 down: http 503 (3 of 3), was up 2h3m"],
  [
    "the first check",
    { ...DOWN, reason: "refused", basis: { kind: "first check" } },
    "channel 0.1 web2 down: refused (first check)",
  ],
  [
    "a successful trial",
    { from: "ejected", to: "up", reason: "connected", basis: { kind: "single" }, lastedMs: 17_000 },
    "channel 0.1 web2 up: connected, was ejected 17s",
  ],
  [
    "a reason that could drive a terminal",
    { ...DOWN, reason: "\x1b[2J" },
    "channel 0.1 web2 down: \\x1b[2J (3 of 3), was up 2h3m",
  ],
];

for (const [name, transition, line] of LINES) {
  Deno.test(`formatTransition() writes one line for ${name}`, () => {
    assertEquals(formatTransition(LABEL, transition), line);
  });
}

Deno.test("formatTransition() makes a channel's name printable", () => {
  const line = formatTransition({ group: 15, channel: 63, name: "a\nb" }, DOWN);
  assertEquals(line, "channel 15.63 a\\x0ab down: http 503 (3 of 3), was up 2h3m");
});
