/** Times as RFC 3339 has them, both ways, as the runtime has them. */
import { formatTime, parseTime } from "../../lib/core/time_of_day.ts";
import { assertEquals } from "../kit/assert.ts";
import { withSeed } from "../kit/random.ts";

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

Deno.test("random times are read and written as the runtime has them", () =>
  withSeed((random) => {
    const latest = Date.parse("2400-01-01T00:00:00Z");
    for (let count = 0; count < 5000; count++) {
      const ms = Math.floor(random.next() * latest) + random.next() * 0.9;
      const text = new Date(Math.floor(ms)).toISOString();
      assertEquals(formatTime(ms), text);
      assertEquals(parseTime(text), Math.floor(ms));
    }
  }));

Deno.test("every day of four hundred years", () => {
  for (let day = 0; day < 146_097; day++) {
    const text = new Date(day * 86_400_000).toISOString();
    if (formatTime(day * 86_400_000) !== text || parseTime(text) !== day * 86_400_000) {
      throw new Error(text);
    }
  }
});

Deno.test("a date that no calendar has is no time", () => {
  for (
    const text of [
      "2026-13-01T00:00:00Z",
      "2026-00-01T00:00:00Z",
      "2026-02-29T00:00:00Z",
      "2026-04-31T00:00:00Z",
      "2026-01-00T00:00:00Z",
      "2026-01-01T24:00:00Z",
      "2026-01-01T00:60:00Z",
      "2026-01-01T00:00:60Z",
      "1969-12-31T23:59:59Z",
      "2026-01-01T00:00:00",
      "2026-01-01T00:00:00+01:00",
    ]
  ) assertEquals([text, parseTime(text)], [text, undefined]);
});
