/** Times as RFC 3339 has them, both ways, as the runtime has them. */
import { formatTime, parseTime } from "../../lib/core/time_of_day.ts";
import { assertEquals } from "../kit/assert.ts";

const TIMES = [
  "1970-01-01T00:00:00.000Z",
  "2000-02-29T23:59:59.999Z",
  "2026-11-25T14:05:25.500Z",
  "2099-12-31T00:00:00.000Z",
  "2100-03-01T00:00:00.000Z",
];

for (const text of TIMES) {
  Deno.test(`${text} is read and written`, () => {
    assertEquals(parseTime(text), Date.parse(text));
    assertEquals(formatTime(Date.parse(text)), text);
  });
}

Deno.test("a time without a fraction is read, and what is no time is not", () => {
  assertEquals(parseTime("2026-11-25T14:05:25Z"), Date.parse("2026-11-25T14:05:25Z"));
  assertEquals(["yesterday", "2026-11-25", ""].map(parseTime), [undefined, undefined, undefined]);
});
