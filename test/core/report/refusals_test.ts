import { type RefusalCounts, RefusalTeller } from "../../../lib/core/report/refusals.ts";
import { REFUSALS } from "../../../lib/core/table/schema.ts";
import { assertEquals } from "../../kit/assert.ts";

function counts(some: Partial<RefusalCounts>): RefusalCounts {
  const none = Object.fromEntries(REFUSALS.map((reason) => [reason, 0]));
  return { ...none, ...some } as RefusalCounts;
}

Deno.test("the first refused clients are told at once, later ones together after a minute", () => {
  const teller = new RefusalTeller();
  assertEquals(teller.news(counts({}), 0), undefined);
  assertEquals(teller.news(counts({ rate: 1 }), 5000), { refused: 1, reasons: "rate 1" });
  assertEquals(teller.news(counts({ rate: 9, denied: 3 }), 64_999), undefined);
  const news = { refused: 15, reasons: "denied 3, rate 12" };
  assertEquals(teller.news(counts({ rate: 13, denied: 3 }), 65_000), news);
});

Deno.test("nothing is told twice, and after a quiet minute the next ones are told at once", () => {
  const teller = new RefusalTeller();
  teller.news(counts({ denied: 2 }), 0);
  assertEquals(teller.news(counts({ denied: 2 }), 60_000), undefined);
  const news = { refused: 1, reasons: "queue full 1" };
  assertEquals(teller.news(counts({ "denied": 2, "queue full": 1 }), 61_000), news);
});

Deno.test("at the end what is left is told, whatever the time", () => {
  const teller = new RefusalTeller();
  teller.news(counts({ denied: 2 }), 0);
  const last = counts({ denied: 3 });
  assertEquals(teller.news(last, Infinity), { refused: 1, reasons: "denied 1" });
  assertEquals(teller.news(last, Infinity), undefined);
});
