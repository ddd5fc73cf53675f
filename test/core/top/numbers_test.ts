/** Numbers and histories in few columns. */
import { formatBytes, formatCount, formatMs, formatRate } from "../../../lib/core/top/format.ts";
import { NO_HISTORY, remember } from "../../../lib/core/top/history.ts";
import { sparkline } from "../../../lib/core/top/sparkline.ts";
import { assert, assertEquals } from "../../kit/assert.ts";

Deno.test("counts, rates, bytes and times are short, and a dash when not known", () => {
  assertEquals([0, 1204, 99_999, 100_000, 1.25e6, null, undefined, NaN].map(formatCount), [
    ...["0", "1,204", "99,999", "100k", "1.3M", "-", "-", "-"],
  ]);
  assertEquals([0, 0.2, 0.96, 318.4, 9999, 12_400, null].map(formatRate), [
    ...["0", "<1", "1", "318", "9999", "12.4k", "-"],
  ]);
  assertEquals([0, 980, 999.6, 4.1e6, 88.2e6, 999.7e6, 1e12, null].map(formatBytes), [
    ...["0", "980", "1.0k", "4.1M", "88.2M", "1.0G", "1.0T", "-"],
  ]);
  assertEquals([0, 0.34, 99.94, 120.4, 12_345, null].map(formatMs), [
    ...["0.0", "0.3", "99.9", "120", "12.3s", "-"],
  ]);
});

Deno.test("no number is wider than its column", () => {
  for (let power = 0; power < 17; power += 0.01) {
    const value = 10 ** power;
    assert(formatCount(value).length <= 6);
    assert(formatRate(value).length <= 5);
    assert(formatBytes(value).length <= 5);
  }
});

Deno.test("a history is drawn from nothing known to the highest, one bar a column", () => {
  const history = [0, 1, null, 7].reduce<typeof NO_HISTORY>(
    (all, value) => remember(all, value),
    NO_HISTORY,
  );
  assertEquals(sparkline(history, 60, 7).trimStart(), "▁▂ █");
  assertEquals(sparkline(history, 60, 0).trimStart(), "▁▁ ▁");
});

Deno.test("in a narrow history only the last column changes until it is full", () => {
  let history = NO_HISTORY;
  for (let second = 0; second < 120; second++) history = remember(history, second % 10);
  const pictures = Array.from({ length: 6 }, (_, second) => {
    history = remember(history, second);
    return sparkline(history, 10, 9);
  });
  assertEquals(pictures.map(({ length }) => length), [10, 10, 10, 10, 10, 10]);
  assertEquals(new Set(pictures.map((each) => each.slice(0, 9))).size, 1);
});

Deno.test("seconds that were missed are not known", () => {
  const history = remember(remember(NO_HISTORY, 5), 5, 3);
  assertEquals(history.values.slice(-5), [5, null, null, null, 5]);
  assertEquals(remember(history, 1, 1e9).values.filter((each) => each !== null), [1]);
});
