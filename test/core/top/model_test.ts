/** Rates and histories out of states that follow one another. */
import { addEvent, addState, beginModel, type Model } from "../../../lib/core/top/model.ts";
import { assertEquals } from "../../kit/assert.ts";
import { at, makeState } from "../../kit/documents.ts";
import type { StateDocument } from "../../../lib/core/report/documents.ts";

function state(time: string, totalConnections: number): StateDocument {
  return makeState([[{ name: "a", totalConnections, sentBytes: totalConnections * 10 }]], {
    now: at(time),
  });
}

function rates({ rows: [row], total }: Model): unknown[] {
  return [row?.trace.rates.connections, row?.trace.rates.sentBytes, total.rates.connections];
}

Deno.test("rates are what was counted over the time between two states", () => {
  const model = addState(beginModel(state("14:00:00", 100)), state("14:00:02", 140));
  assertEquals(rates(model), [20, 200, 20]);
});

Deno.test("a look between the seconds changes no rate, and the next one counts from the second", () => {
  let model = addState(beginModel(state("14:00:00", 100)), state("14:00:01", 110));
  model = addState(model, state("14:00:01.200", 150));
  assertEquals(rates(model), [10, 100, 10]);
  assertEquals(model.rows[0]?.document.totalConnections, 150);
  assertEquals(rates(addState(model, state("14:00:02", 160))), [50, 500, 50]);
});

Deno.test("a counter that was set back, and a clock, make rates unknown for once", () => {
  let model = addState(beginModel(state("14:00:00", 100)), state("14:00:01", 5));
  assertEquals(rates(model), [null, null, null]);
  model = addState(model, state("14:00:02", 6));
  assertEquals(rates(model), [1, 10, 1]);
  model = addState(model, state("13:00:00", 7));
  assertEquals(rates(model), [null, null, null]);
  assertEquals(rates(addState(model, state("13:00:01", 9))), [2, 20, 2]);
});

Deno.test("memory does not grow: a minute of history, 200 events, no channel that has gone", () => {
  let model = beginModel(state("14:00:00", 0));
  for (let second = 1; second < 100; second++) {
    const minute = String(Math.floor(second / 60)).padStart(2, "0");
    model = addState(model, state(`14:${minute}:${String(second % 60).padStart(2, "0")}`, second));
    for (let each = 0; each < 5; each++) {
      model = addEvent(model, { at: at("14:00:00"), kind: "instance", level: "info", text: "x" });
    }
  }
  assertEquals(model.rows[0]?.trace.rateHistory.values.length, 60);
  assertEquals(model.events.length, 200);
  assertEquals(addState(model, makeState([], { now: at("15:00:00") })).rows, []);
});
