import {
  formatAgo,
  formatClock,
  formatExact,
  formatSince,
  formatSpan,
} from "../../../lib/watch/page/model/times.ts";
import { assertEquals } from "../../kit/assert.ts";

/** Wednesday afternoon, wherever the test runs. */
const NOW = new Date(2026, 10, 25, 14, 5, 10).getTime();
const HOUR = 3_600_000;

Deno.test("times are written in the reader's time zone", () => {
  assertEquals(formatClock(NOW), "14:05:10");
  assertEquals(formatExact(NOW), "2026-11-25 14:05:10");
});

Deno.test("a beginning is as short as it is clear", () => {
  const at = (day: number, hour: number): number => new Date(2026, 10, day, hour, 3).getTime();
  assertEquals(formatSince(at(25, 9), NOW), "09:03");
  assertEquals(formatSince(at(24, 23), NOW), "Tue 23:03");
  assertEquals(formatSince(at(11, 9), NOW), "2026-11-11");
});

Deno.test("a span is told by its largest unit", () => {
  const spans = [-5, 0, 59_999, 60_000, HOUR - 1, HOUR, 47 * HOUR, 48 * HOUR, 150 * HOUR];
  assertEquals(spans.map(formatSpan), [
    "0 s",
    "0 s",
    "59 s",
    "1 min",
    "59 min",
    "1 h",
    "47 h",
    "2 d",
    "6 d",
  ]);
  assertEquals(formatAgo(NOW - 400, NOW), "now");
  assertEquals(formatAgo(NOW - 180_000, NOW), "3 min ago");
});
