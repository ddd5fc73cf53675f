/** What operators have changed, and events, as text. */
import { describeChanges } from "../../../lib/core/report/changes.ts";
import { formatEvent } from "../../../lib/core/report/event.ts";
import type { Change } from "../../../lib/core/table/change.ts";
import { placeAt } from "../../../lib/core/table/place.ts";
import { slotOf } from "../../../lib/core/table/schema.ts";
import { assertEquals } from "../../kit/assert.ts";
import { ipv4Place } from "../../kit/make_table.ts";

const SLOT = slotOf(2, 3);
const PLACE = ipv4Place(0x7f000001, 80);

const CASES: readonly [change: Change, text: string | undefined][] = [
  [{ kind: "enabled", slot: SLOT, enabled: true }, "channel 2.3 web enabled"],
  [{ kind: "enabled", slot: SLOT, enabled: false }, "channel 2.3 web disabled"],
  [{ kind: "drain", slot: SLOT }, "channel 2.3 web set to drain"],
  [{ kind: "weight", slot: SLOT, weight: 7 }, "channel 2.3 web given weight 7"],
  [{ kind: "maxc", slot: SLOT, maxc: -1 }, "channel 2.3 web given maxc -1"],
  [{ kind: "reset", slot: SLOT }, "channel 2.3 web had its counters reset"],
  [{ kind: "address", slot: SLOT, place: PLACE }, "channel 2.3 web sent to 127.0.0.1:80"],
  [
    {
      kind: "address",
      slot: SLOT,
      place: placeAt({ family: "unix", path: "/run/x" }, 0),
    },
    "channel 2.3 web sent to unix:/run/x",
  ],
  [{ kind: "method", group: 1, method: "least" }, "group 1 set to least"],
  [
    { kind: "create", group: 4, place: PLACE, maxc: 0, enabled: false },
    "channel created in group 4",
  ],
  // These follow from others.
  [{ kind: "name", slot: SLOT, name: "web" }, undefined],
  [{ kind: "flags", slot: SLOT, flags: 0 }, undefined],
  [{ kind: "observed", slot: SLOT, observed: "up" }, undefined],
  [{ kind: "growth", slot: SLOT, growth: 100 }, undefined],
  [{ kind: "presence", slot: SLOT, presence: "leaving" }, undefined],
];

for (const [change, text] of CASES) {
  Deno.test(`${JSON.stringify(change).slice(0, 60)} is ${text ?? "nothing to tell"}`, () => {
    const told = describeChanges([change], (slot) => slot === SLOT ? "web" : "?");
    const subject = "slot" in change ? { group: 2, channel: 3, name: "web" } : {};
    const event = { kind: "operator", level: "notice", text: `${text} by an operator` } as const;
    assertEquals(told, text === undefined ? [] : [{ ...event, ...subject }]);
  });
}

Deno.test("several changes are told in their order", () => {
  const changes = CASES.map(([change]) => change);
  const wanted = CASES.flatMap(([, text]) => text === undefined ? [] : [`${text} by an operator`]);
  assertEquals(describeChanges(changes, () => "web").map(({ text }) => text), wanted);
});

Deno.test("a name that could drive a terminal is made harmless in the text, and stays whole beside it", () => {
  const [event] = describeChanges([{ kind: "drain", slot: 0 }], () => "a\x1b[31m");
  assertEquals(event?.text, "channel 0.0 a\\x1b[31m set to drain by an operator");
  assertEquals(event?.name, "a\x1b[31m");
});

Deno.test("an event is one line: time, level, text", () => {
  const at = "2026-11-25T14:03:12.345Z";
  const event = { at, kind: "instance", level: "warning", text: "one\ntwo" } as const;
  assertEquals(formatEvent(event), `${at} warning one\\x0atwo`);
});
