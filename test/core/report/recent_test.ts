/** How long connects took lately, against a list of all of them. */
import { RecentConnects } from "../../../lib/core/report/recent.ts";
import { countConnect } from "../../../lib/core/table/ends.ts";
import { createTable } from "../../../lib/core/table/schema.ts";
import { assert, assertEquals } from "../../kit/assert.ts";
import { withSeed } from "../../kit/random.ts";

function countOf(look: Map<number, { readonly counts: readonly number[] }>, slot = 0): number {
  return look.get(slot)?.counts.reduce((sum, count) => sum + count, 0) ?? NaN;
}

Deno.test("the first look is at everything, and looks that follow soon at the same", () => {
  const table = createTable(2);
  countConnect(table, 0, 0, 1);
  countConnect(table, 1, 0, 1);
  const recent = new RecentConnects();
  assertEquals(countOf(recent.look(table, [0, 1], 1000)), 2);
  countConnect(table, 0, 1, 1);
  const second = recent.look(table, [0, 1], 2000);
  assertEquals([countOf(second, 0), countOf(second, 1)], [0, 1]);
});

Deno.test("a look after a long time is at everything since the last one", () => {
  const table = createTable(1);
  const recent = new RecentConnects();
  recent.look(table, [0], 0);
  countConnect(table, 0, 0, 1);
  assertEquals(countOf(recent.look(table, [0], 10_000_000)), 1);
  assertEquals(countOf(recent.look(table, [0], 20_000_000)), 0);
});

Deno.test("while somebody looks each second, the last minute counts, give or take five seconds", () =>
  withSeed((random) => {
    const table = createTable(1);
    const recent = new RecentConnects();
    const times: number[] = [];
    for (let now = 0; now < 300_000; now += 1000) {
      for (let count = random.between(0, 3); count > 0; count--) {
        countConnect(table, 0, 0, 1);
        times.push(now);
      }
      const got = countOf(recent.look(table, [0], now));
      const within = (ms: number): number => times.filter((at) => at > now - ms).length;
      if (now < 60_000) continue;
      assert(got >= within(60_000) && got <= within(66_000), `${now}: ${got}`);
    }
  }));

Deno.test("a channel that came later counts from its beginning", () => {
  const table = createTable(1);
  const recent = new RecentConnects();
  recent.look(table, [0], 0);
  countConnect(table, 0, 5, 1);
  assertEquals(countOf(recent.look(table, [0, 5], 1000), 5), 1);
});
