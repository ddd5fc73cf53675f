/** What terminals send, as keys. */
import { type Key, parseKeys } from "../../../lib/core/top/keys.ts";
import { assertEquals } from "../../kit/assert.ts";

const CASES: readonly [sent: string, keys: readonly Key[], rest?: string][] = [
  ["qé", [{ character: "q" }, { character: "é" }]],
  ["\x1b[A\x1bOA\x1b[B\x1bOB", ["up", "up", "down", "down"]],
  ["\x1b[5~\x1b[6~\x1b[1~\x1b[4~\x1b[H\x1bOF", [
    "page up",
    "page down",
    "home",
    "end",
    "home",
    "end",
  ]],
  ["\r\n\x03\x0c\x1a", ["enter", "enter", "ctrl-c", "ctrl-l", "ctrl-z"]],
  ["\x1b", ["escape"]],
  ["\x1bq", ["escape", { character: "q" }]],
  ["\x1b\x1b[A", ["escape", "up"]],
  // Unknown ones: an arrow with Ctrl, a function key, a report of the mouse.
  ["\x1b[1;5Cd\x1b[15~\x1b[<0;1;1Mq", [{ character: "d" }, { character: "q" }]],
  ["\x00\x01\x7f", [{ character: "\x7f" }]],
  ["x\x1b[", [{ character: "x" }], "\x1b["],
  ["\x1b[1;", [], "\x1b[1;"],
];

for (const [sent, keys, rest = ""] of CASES) {
  Deno.test(`${JSON.stringify(sent)} is read as keys`, () => {
    assertEquals(parseKeys(sent), { keys, rest });
  });
}
