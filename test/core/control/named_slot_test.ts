/** Which channel a word names for the newer commands. */
import { namedSlot } from "../../../lib/core/control/commands/channel.ts";
import { releaseAll } from "../../../lib/core/table/access.ts";
import { apply } from "../../../lib/core/table/change.ts";
import { slotOf } from "../../../lib/core/table/schema.ts";
import { assertEquals } from "../../kit/assert.ts";
import { makeTable, SERVICES } from "../../kit/make_table.ts";

const table = makeTable("10.0.0.1 10.0.0.2 10.0.0.3 ! 10.0.0.4");
apply(table, [
  { kind: "presence", slot: 1, presence: "free" },
  { kind: "presence", slot: 2, presence: "leaving" },
]);
// What lies behind the groups and channels of the table is not empty.
releaseAll(table, 0);

const CASES: readonly [word: string, group: number, slot: number | undefined][] = [
  ["0", 0, 0],
  ["0", 1, slotOf(1, 0)],
  ["0", 2, undefined],
  ["1.0", 0, slotOf(1, 0)],
  ["0.0", 1, 0],
  ["00.0000", 1, 0],
  ["1", 0, undefined],
  ["2", 0, 2],
  ["3", 0, undefined],
  ["64", 0, undefined],
  ["0.64", 0, undefined],
  ["15.0", 0, undefined],
  ["16.0", 0, undefined],
  ["9999.0", 0, undefined],
  ["00000", 0, undefined],
  ["", 0, undefined],
  ["-0", 0, undefined],
  ["+0", 0, undefined],
  ["0x0", 0, undefined],
  ["0.", 0, undefined],
  [".0", 0, undefined],
  ["0.0.0", 0, undefined],
  ["0 ", 0, undefined],
  ["web", 0, undefined],
];

for (const [word, group, slot] of CASES) {
  Deno.test(`"${word}" in group ${group} names ${slot ?? "no channel"}`, () => {
    assertEquals(namedSlot({ table, group, services: SERVICES, workers: [] }, word), slot);
  });
}
