import { encodeFlags } from "../../../lib/core/table/flags.ts";
import { apply, type Change } from "../../../lib/core/table/change.ts";
import { doubts, isSuspect } from "../../../lib/core/table/suspicion.ts";
import { OBSERVED, type Table } from "../../../lib/core/table/schema.ts";
import { type Random, withSeed } from "../../kit/random.ts";
import { assertEquals } from "../../kit/assert.ts";
import { makeTable } from "../../kit/make_table.ts";

const BACKUP = encodeFlags({ backup: true, proxy: "default", member: false });

/**
 * A group, a letter a channel: `u` up, `s` up and suspect, `d` down, `x` disabled, a capital letter for a backup.
 */
function makeGroup(letters: string): Table {
  const table = makeTable([...letters].map((_, at) => `10.0.0.${at + 1}`).join(" "));
  for (const [slot, letter] of [...letters].entries()) {
    if (letter !== letter.toLowerCase()) apply(table, [{ kind: "flags", slot, flags: BACKUP }]);
    const kind = letter.toLowerCase();
    if (kind === "s") apply(table, [{ kind: "suspect", slot, suspect: true }]);
    if (kind === "d") apply(table, [{ kind: "observed", slot, observed: "down" }]);
    if (kind === "x") apply(table, [{ kind: "enabled", slot, enabled: false }]);
  }
  return table;
}

const CASES: readonly (readonly [letters: string, doubt: boolean, why: string])[] = [
  ["uuu", false, "nobody is suspect"],
  ["uus", true, "two of three are not suspect"],
  ["us", true, "one of two is not suspect"],
  ["uss", false, "most are suspect"],
  ["s", false, "there is nobody else"],
  ["ssss", false, "all are suspect"],
  ["sdx", false, "all others are down or disabled"],
  ["usdx", true, "of those that could have clients half is not suspect"],
  ["sU", false, "a backup does not come before an ordinary channel"],
  ["usSS", true, "ordinary channels decide"],
  ["ssUU", false, "ordinary channels decide"],
  ["dxUS", true, "backups decide while there is no ordinary channel"],
];

for (const [letters, doubt, why] of CASES) {
  const what = doubt ? "come behind" : "do not come behind";
  Deno.test(`suspects of ${letters} ${what} the others: ${why}`, () => {
    assertEquals(doubts(makeGroup(letters), 0), doubt);
  });
}

Deno.test("a channel that is new is no suspect, whatever its row was before", () => {
  const table = makeGroup("us");
  apply(table, [{ kind: "presence", slot: 1, presence: "free" }]);
  assertEquals(doubts(table, 0), false);
  const place = { address: new Uint8Array(16), port: 80 };
  apply(table, [{ kind: "create", group: 0, place, maxc: 0, enabled: true }]);
  assertEquals([isSuspect(table, 1), doubts(table, 0)], [false, false]);
});

/** A change that decides over doubt. */
function randomChange(random: Random): Change {
  const slot = random.between(0, 4);
  return random.pick<Change>([
    { kind: "suspect", slot, suspect: random.chance(0.5) },
    { kind: "observed", slot, observed: random.pick(OBSERVED) },
    { kind: "enabled", slot, enabled: random.chance(0.7) },
    { kind: "drain", slot },
    { kind: "weight", slot, weight: random.between(0, 2) },
    { kind: "flags", slot, flags: random.chance(0.3) ? BACKUP : 0 },
    { kind: "presence", slot, presence: random.pick(["present", "leaving"] as const) },
  ]);
}

Deno.test("after any changes the doubt of a group is that of a model that keeps what was said last", () =>
  withSeed((random) => {
    for (let round = 0; round < 300; round++) {
      const table = makeTable("10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4 10.0.0.5");
      const model = Array.from({ length: 5 }, () => ({
        suspect: false,
        observed: "up",
        enabled: true,
        weight: 1,
        flags: 0,
        presence: "present",
      }));
      for (let step = 0; step < 40; step++) {
        const change = randomChange(random);
        apply(table, [change]);
        const { kind, ...said } = change;
        Object.assign(
          model[change.kind === "method" || change.kind === "create" ? 0 : change.slot] ?? {},
          kind === "drain" ? { enabled: false } : said,
        );
        const able = model.filter((each) =>
          each.enabled && each.weight > 0 && each.presence === "present" &&
          (each.observed === "up" || each.observed === "ejected")
        );
        const ordinary = able.filter(({ flags }) => flags === 0);
        const deciding = ordinary.length > 0 ? ordinary : able;
        const suspects = deciding.filter(({ suspect }) => suspect).length;
        assertEquals(doubts(table, 0), suspects > 0 && suspects <= deciding.length / 2);
      }
    }
  }));
