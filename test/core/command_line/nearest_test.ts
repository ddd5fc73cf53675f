import { type Random, withSeed } from "../../kit/random.ts";
import { editDistance, nearest } from "../../../lib/core/command_line/nearest.ts";
import { assertEquals } from "../../kit/assert.ts";

const OPTIONS = [
  ...["workers", "drain", "run-dir", "log-file", "log-connections", "help", "version", "check"],
  ...["check-send", "check-interval", "proxy-in", "proxy-out", "allow", "deny"],
];

const MEANT: readonly [typed: string, meant: string | undefined][] = [
  ["wrkers", "workers"],
  ["worker", "workers"],
  ["wokrers", "workers"],
  ["WORKERS", "workers"],
  ["logfile", "log-file"],
  ["log_file", "log-file"],
  ["rundir", "run-dir"],
  ["verison", "version"],
  ["hlep", "help"],
  ["check-int", "check-interval"],
  ["chek", "check"],
  ["proxy", "proxy-in"],
  ["proxi-out", "proxy-out"],
  ["dney", "deny"],
  ["w", undefined],
  ["", undefined],
  ["xyzzy", undefined],
  ["denim", undefined],
  ["allowance-of-clients", undefined],
  ["x".repeat(100_000), undefined],
];

for (const [typed, meant] of MEANT) {
  const shown = typed.length > 30 ? "a very long word" : `"${typed}"`;
  Deno.test(`nearest() takes ${shown} for ${meant ?? "nothing"}`, () => {
    assertEquals(nearest(typed, OPTIONS), meant);
  });
}

Deno.test("nearest() finds the first of equally near words, and nothing among nothing", () => {
  assertEquals(nearest("bat", ["cat", "hat"]), "cat");
  assertEquals(nearest("workers", []), undefined);
});

const DISTANCES: readonly [from: string, to: string, distance: number][] = [
  ["", "", 0],
  ["", "abc", 3],
  ["abc", "", 3],
  ["abc", "abc", 0],
  ["abc", "abd", 1],
  ["abc", "ab", 1],
  ["abc", "acb", 1],
  ["kitten", "sitting", 3],
  ["ca", "abc", 3],
];

for (const [from, to, distance] of DISTANCES) {
  Deno.test(`editDistance() between "${from}" and "${to}" is ${distance}`, () => {
    assertEquals(editDistance(from, to), distance);
    assertEquals(editDistance(to, from), distance);
  });
}

/** One letter changed, left out, put in, or swapped with the next one. */
function mistype(random: Random, word: string): string {
  const at = random.between(0, word.length - 1);
  const [before, letter, after] = [word.slice(0, at), word.slice(at, at + 1), word.slice(at + 1)];
  return random.pick([
    `${before}_${after}`,
    `${before}${after}`,
    `${before}_${letter}${after}`,
    `${before}${after.slice(0, 1)}${letter}${after.slice(1)}`,
  ]);
}

Deno.test("a word with one slip is at most one away, and its own name is nearest", () =>
  withSeed((random) => {
    for (let round = 0; round < 500; round++) {
      const word = random.pick(OPTIONS);
      const typed = mistype(random, word);
      assertEquals(editDistance(word, typed) <= 1, true, typed);
      assertEquals(nearest(word, OPTIONS), word);
    }
  }));
