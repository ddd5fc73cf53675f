import { type Random, withSeed } from "../../kit/random.ts";
import { decideMembership, type PresentMember } from "../../../lib/core/names/membership.ts";
import type { Wanted } from "../../../lib/core/names/records.ts";
import { assert, assertEquals } from "../../kit/assert.ts";

function wanted(keys: string): Wanted[] {
  return keys.split("").map((key) => ({ key, weight: undefined, backup: false }));
}

/** Members by their keys, capital letters for those that leave; their slots count up. */
function present(keys: string): PresentMember[] {
  return keys.split("").map((letter, slot) => {
    const key = letter.toLowerCase();
    return { key, slot, leaving: letter !== key };
  });
}

/** What changes: who joins, stays, comes back and leaves, and how many have no room. */
function decide(records: string, members: string, room: number): string {
  const change = decideMembership(wanted(records), present(members), room);
  const stays = change.stays.filter(({ member }) => !member.leaving);
  const back = change.stays.filter(({ member }) => member.leaving);
  return [
    `joins ${change.joins.map(({ key }) => key).join("")}`,
    `stays ${stays.map(({ member }) => member.slot).join("")}`,
    `back ${back.map(({ member }) => member.slot).join("")}`,
    `leaves ${change.leaves.map(({ slot }) => slot).join("")}`,
    `surplus ${change.surplus}`,
  ].filter((words) => !/ 0?$/.test(words) || /^(?:stays|back|leaves) 0$/.test(words)).join(", ");
}

const CASES: readonly [
  name: string,
  records: string,
  members: string,
  room: number,
  change: string,
][] = [
  ["records join", "abc", "", 9, "joins abc"],
  ["records in another order change nothing", "cab", "abc", 9, "stays 201"],
  ["a record that is gone leaves", "ac", "abc", 9, "stays 02, leaves 1"],
  ["one comes and one goes", "ad", "ab", 9, "joins d, stays 0, leaves 1"],
  ["all are others", "cd", "ab", 9, "joins cd, leaves 01"],
  ["an empty answer changes nothing", "", "abC", 9, ""],
  ["a record is back before its last connection has ended", "ab", "aB", 9, "stays 0, back 1"],
  ["what leaves already leaves no more", "a", "aB", 9, "stays 0"],
  ["records without room are surplus", "abcd", "a", 1, "joins b, stays 0, surplus 2"],
  ["without any room nobody joins", "ab", "", 0, "surplus 2"],
  ["too little room is no room", "ab", "", -3, "surplus 2"],
  ["those that stay need no room", "ab", "ab", 0, "stays 01"],
];

for (const [name, records, members, room, change] of CASES) {
  Deno.test(`decideMembership(): ${name}`, () => {
    assertEquals(decide(records, members, room), change);
  });
}

/** The rows of a group, with who has them and how many connections they have. */
class Group {
  readonly rows: ({ key: string; leaving: boolean; c: number } | undefined)[] = Array.from({
    length: 8,
  });

  members(): PresentMember[] {
    return this.rows.flatMap((row, slot) =>
      row === undefined ? [] : [{ key: row.key, slot, leaving: row.leaving }]
    );
  }

  follow(records: readonly Wanted[]): void {
    const room = this.rows.filter((row) => row === undefined).length;
    const { joins, stays, leaves } = decideMembership(records, this.members(), room);
    for (const { slot } of leaves) Object.assign(this.rows[slot] ?? {}, { leaving: true });
    for (const { member } of stays) Object.assign(this.rows[member.slot] ?? {}, { leaving: false });
    for (const { key } of joins) {
      const free = this.rows.indexOf(undefined);
      assert(free >= 0, "nobody joins without room");
      this.rows[free] = { key, leaving: false, c: 0 };
    }
  }

  sweep(): void {
    this.rows.forEach((row, slot) => {
      if (row?.leaving === true && row.c === 0) this.rows[slot] = undefined;
    });
  }
}

function someRecords(random: Random): Wanted[] {
  return wanted("abcdefghijkl").filter(() => random.chance(0.5)).sort(() => random.next() - 0.5);
}

Deno.test("whatever records come and go, a channel keeps its number while it is there, and its connections", () =>
  withSeed((random) => {
    const group = new Group();
    for (let round = 0; round < 3000; round++) {
      const before = group.members();
      const records = random.chance(0.1) ? [] : someRecords(random);
      group.follow(records);
      const after = group.members();
      for (const { key, slot } of before) {
        assertEquals(after.find((each) => each.slot === slot)?.key, key, "nobody is replaced");
      }
      if (records.length > 0) {
        const keys = new Set(records.map(({ key }) => key));
        for (const { key, leaving } of after) assertEquals(leaving, !keys.has(key), key);
        const served = after.filter(({ leaving }) => !leaving).length;
        assert(served === keys.size || group.rows.every((row) => row !== undefined));
      } else assertEquals(after, before);
      assertEquals(new Set(after.map(({ key }) => key)).size, after.length, "nobody twice");
      for (const row of group.rows) if (row !== undefined) row.c = random.between(0, 1);
      group.sweep();
    }
  }));
