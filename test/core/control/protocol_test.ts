import {
  formatAnswer,
  formatGreeting,
  parseAnswerLine,
  parseGreeting,
} from "../../../lib/core/control/protocol.ts";
import { assertEquals } from "../../kit/assert.ts";

Deno.test("the greeting names program, protocol, pid and version", () => {
  assertEquals(formatGreeting(4711, "3.54"), "balance-control 1 4711 3.54\n");
  assertEquals(parseGreeting("balance-control 1 4711 3.54"), {
    protocol: "1",
    pid: 4711,
    version: "3.54",
  });
});

for (
  const line of [
    "",
    "hello",
    "balance-control 1 4711",
    "balance-control 1 x 3.54",
    "balance-control 1 4711 3.54 more",
    " balance-control 1 4711 3.54",
  ]
) {
  Deno.test(`parseGreeting() refuses "${line}"`, () => {
    assertEquals(parseGreeting(line), undefined);
  });
}

Deno.test("an answer without lines is its end alone", () => {
  assertEquals(formatAnswer([], 0), ". 0\n");
  assertEquals(formatAnswer([], 15, { bye: true }), ". 15 bye\n");
});

Deno.test("no line of an answer is taken for its end", () => {
  const lines = [".", ". 0", ". 3 bye", "..", "", "x", " .", "GRP"];
  const written = formatAnswer(lines, 2).slice(0, -1).split("\n").map(parseAnswerLine);
  assertEquals(written, [
    ...lines.map((text) => ({ kind: "text" as const, text })),
    { kind: "end", group: 2, bye: false, status: 0 },
  ]);
});

Deno.test("parseAnswerLine() reads the end with and without bye", () => {
  assertEquals(parseAnswerLine(". 7"), { kind: "end", group: 7, bye: false, status: 0 });
  assertEquals(parseAnswerLine(". 0 bye"), { kind: "end", group: 0, bye: true, status: 0 });
});

const WORDY: readonly [line: string, group: number, bye: boolean, status: number][] = [
  [". 0 status=75", 0, false, 75],
  [". 3 bye status=1", 3, true, 1],
  [". 3 status=1 bye", 3, true, 1],
  [". 15 a=b c= d=e=f later", 15, false, 0],
  [". 1 goodbye=1 exitstatus=2", 1, false, 0],
];

for (const [line, group, bye, status] of WORDY) {
  Deno.test(`parseAnswerLine() passes over what it does not know in "${line}"`, () => {
    assertEquals(parseAnswerLine(line), { kind: "end", group, bye, status });
  });
}
