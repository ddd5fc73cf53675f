import {
  addEvent,
  eventsOf,
  isTrouble,
  MOST_EVENTS,
} from "../../../lib/watch/page/model/happened.ts";
import { Model } from "../../../lib/watch/page/model/model.ts";
import {
  bandsOf,
  type Column,
  fillBand,
  fillRare,
  makeColumn,
} from "../../../lib/watch/page/model/plots.ts";
import { sparkPath } from "../../../lib/watch/page/model/spark.ts";
import { Timeline } from "../../../lib/watch/page/model/timeline.ts";
import type { EventDocument } from "../../../lib/core/report/documents.ts";
import { assert, assertEquals } from "../../kit/assert.ts";
import { fakeChannel, FakeWorld } from "../../kit/fake_documents.ts";

const START = Date.UTC(2026, 10, 25, 14);

Deno.test("a sparkline begins at 0 and has gaps where nothing is known", () => {
  assertEquals(sparkPath([0, 10, NaN, 5]), "M0 15.3L20 0.8M60 8");
  assertEquals(sparkPath([NaN, NaN]), "");
});

Deno.test("bands are stacked, and a gap of one is no gap of the others", () => {
  const channels = [0, 1].map((at) => fakeChannel(at, `web${at}`, START, { connections: 3 + at }));
  const world = new FakeWorld(START, [{ group: 0, method: "rr", channels }]);
  const model = new Model();
  model.fold(world.state());
  const bands = bandsOf(model);
  assertEquals(bands.map(({ name }) => name), ["web0", "web1"]);
  const columns: Column[] = [];
  for (const [at, band] of bands.entries()) {
    const column = makeColumn();
    fillBand(column, band, columns[at - 1], model.second);
    columns.push(column);
  }
  assertEquals(columns.map((column) => column.at(-1)), [3, 7]);
  assertEquals(columns.map((column) => column.at(-2)), [null, null]);
});

Deno.test("where channels are many, bands are groups", () => {
  const groups = [0, 1].map((group) => ({
    group,
    method: "rr" as const,
    channels: Array.from({ length: 64 }, (_, at) => fakeChannel(at, `web${at}`, START)),
  }));
  const model = new Model();
  model.fold(new FakeWorld(START, groups).state());
  assertEquals(bandsOf(model).map(({ name, tracks }) => [name, tracks.length]), [
    ["group 0", 64],
    ["group 1", 64],
  ]);
});

Deno.test("what is nearly always 0 is drawn only around what is not", () => {
  const timeline = new Timeline();
  for (const [at, value] of [0, 0, 5, 0, 0].entries()) timeline.put(100 + at, value);
  const column = makeColumn();
  fillRare(column, timeline, 104);
  assertEquals(column.slice(-5), [null, 0, 5, 0, null]);
});

/** Something that happened so many seconds after the start. */
function event(seconds: number, more: Partial<EventDocument> = {}): EventDocument {
  const at = new Date(START + 1000 * seconds).toISOString();
  return { at, kind: "instance", level: "info", text: `event ${seconds}`, ...more };
}

Deno.test("events are kept newest first, each once, and a hundred of them", () => {
  let events: readonly EventDocument[] = [];
  for (let second = 0; second < 150; second++) events = addEvent(events, event(second));
  assertEquals(events.length, MOST_EVENTS);
  assertEquals(events[0]?.text, "event 149");
  assertEquals(addEvent(events, event(140)), events);
  const late = addEvent(events, event(148.5));
  assertEquals(late.slice(0, 3).map(({ text }) => text), ["event 149", "event 148.5", "event 148"]);
});

Deno.test("events that happened at the same time stay in the order in which they came", () => {
  const events = ["a", "b", "c"].reduce<readonly EventDocument[]>(
    (known, text) => addEvent(known, event(1, { text })),
    [],
  );
  assertEquals(events.map(({ text }) => text), ["c", "b", "a"]);
});

Deno.test("trouble is what the instance warns of, and a server that is not up any more", () => {
  const trouble = (more: Partial<EventDocument>): boolean => isTrouble(event(1, more));
  assert(trouble({ level: "error" }) && trouble({ level: "warning" }));
  assert(
    trouble({ kind: "transition", to: "down" }) && trouble({ kind: "transition", to: "ejected" }),
  );
  assert(!trouble({ kind: "transition", to: "up" }));
  assert(!trouble({ kind: "operator", level: "notice" }));
});

Deno.test("the events of a channel are found", () => {
  const events = [event(1, { group: 0, channel: 1 }), event(2, { group: 1, channel: 1 }), event(3)];
  assertEquals(eventsOf(events, 0, 1).map(({ text }) => text), ["event 1"]);
});
