import {
  formatCount,
  formatMs,
  formatPercent,
  formatScaled,
  formatSome,
} from "../../../lib/watch/page/model/numbers.ts";
import { assertEquals } from "../../kit/assert.ts";

Deno.test("counts have their thousands parted, and are short from a hundred thousand on", () => {
  const counts = [0, 7, 999, 1000, 1204, 99_999, 100_000, 1_234_567];
  assertEquals(counts.map(formatCount), [
    "0",
    "7",
    "999",
    "1,000",
    "1,204",
    "99,999",
    "100k",
    "1.2M",
  ]);
});

Deno.test("scaled numbers never have more than five characters", () => {
  const numbers = [0, 812, 999.4, 1000, 99_949, 99_950, 999_499, 999_500, 29_100_000, 2.5e14];
  assertEquals(numbers.map(formatScaled), [
    "0",
    "812",
    "999",
    "1.0k",
    "99.9k",
    "100k",
    "999k",
    "1.0M",
    "29.1M",
    "250T",
  ]);
});

Deno.test("milliseconds have a decimal while they are few", () => {
  assertEquals([0, 0.31, 9.94, 9.96, 18.4, 1240].map(formatMs), [
    "0.0",
    "0.3",
    "9.9",
    "10",
    "18",
    "1,240",
  ]);
});

Deno.test("what is not known is a dash, not 0", () => {
  for (const format of [formatCount, formatScaled, formatMs]) {
    assertEquals([format(null), format(NaN)], ["–", "–"]);
  }
});

Deno.test("one is one, and all else is many", () => {
  assertEquals([0, 1, 2000].map((count) => formatSome(count, "server")), [
    "0 servers",
    "1 server",
    "2,000 servers",
  ]);
  assertEquals(formatPercent(1 / 3), "33 %");
});
