import { withSeed } from "../../kit/random.ts";
import { formatRate, parseRate, type Rate } from "../../../lib/core/edge/rate.ts";
import { assert, assertEquals, assertMatch } from "../../kit/assert.ts";
import { nastyText } from "../../fuzz/target.ts";

const RATES: readonly [text: string, rate: Rate | undefined][] = [
  ["20/10", { count: 20, seconds: 10 }],
  ["1/1", { count: 1, seconds: 1 }],
  ["1000000/86400", { count: 1000000, seconds: 86400 }],
  ["1000001/1", undefined],
  ["1/86401", undefined],
  ["0/1", undefined],
  ["1/0", undefined],
  ["20", undefined],
  ["20/", undefined],
  ["/10", undefined],
  ["20/10/1", undefined],
  ["-1/1", undefined],
  ["1.5/1", undefined],
  ["20/s", undefined],
  [" 20/10", undefined],
  ["20/10\n", undefined],
  ["", undefined],
];

for (const [text, rate] of RATES) {
  Deno.test(`parseRate() ${rate === undefined ? "refuses" : "reads"} ${JSON.stringify(text)}`, () => {
    const parsed = parseRate(text);
    if (rate === undefined) {
      assert(parsed.kind === "malformed");
      assertMatch(
        parsed.reason,
        / is not N\/SEC: 1 to 1000000 connections in 1 to 86400 seconds, like 20\/10$/,
      );
    } else {
      assertEquals(parsed, { kind: "rate", rate });
      assertEquals(formatRate(rate), text);
    }
  });
}

Deno.test("parseRate() answers any text with a rate, or one printable line", () =>
  withSeed((random) => {
    for (let round = 0; round < 2000; round++) {
      const parsed = parseRate(nastyText(random, 5));
      if (parsed.kind === "malformed") assertMatch(parsed.reason, /^[^\p{Cc}\p{Cf}\p{Cs}]+$/u);
    }
  }));
