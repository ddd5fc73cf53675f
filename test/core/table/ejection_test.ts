import { allHeld, claim, release, releaseAll, usable } from "../../../lib/core/table/access.ts";
import { apply, type Change } from "../../../lib/core/table/change.ts";
import {
  abandonTrial,
  clearEjection,
  countFailure,
  ejectionPhase,
  failTrial,
  failuresInARow,
  isOnTrial,
  offerTrial,
  succeed,
  takeTrial,
} from "../../../lib/core/table/ejection.ts";
import { asIfUp, type Table } from "../../../lib/core/table/schema.ts";
import { assertEquals } from "../../kit/assert.ts";
import { ipv4Place, makeTable, setEnabled } from "../../kit/make_table.ts";

/** What can be done to channel 0.0; the trial's worker is 0 unless told. */
const STEPS = {
  fails: (table: Table): boolean => countFailure(table, 0, 2),
  succeeds: (table: Table): boolean => succeed(table, 0),
  "time passes": (table: Table): boolean => offerTrial(table, 0),
  comes: (table: Table): boolean => takeTrial(table, 0, 0),
  "trial fails": (table: Table): boolean => failTrial(table, 0, 0),
  "trial of another fails": (table: Table): boolean => failTrial(table, 1, 0),
  leaves: (table: Table): boolean => abandonTrial(table, 0, 0),
} as const;

type StepName = keyof typeof STEPS;

const OUT: readonly StepName[] = ["fails", "fails"];
const DUE: readonly StepName[] = [...OUT, "time passes"];
const TRYING: readonly StepName[] = [...DUE, "comes"];

const TABLE: readonly [
  before: readonly StepName[],
  step: StepName,
  does: boolean,
  phase: string,
][] = [
  [[], "fails", false, "in service"],
  [["fails"], "fails", true, "waiting"],
  [["fails", "succeeds"], "fails", false, "in service"],
  [[], "succeeds", false, "in service"],
  [[], "time passes", false, "in service"],
  [[], "comes", false, "in service"],
  [[], "trial fails", false, "in service"],
  [[], "leaves", false, "in service"],
  [OUT, "fails", false, "waiting"],
  [OUT, "succeeds", true, "in service"],
  [OUT, "time passes", true, "trial due"],
  [OUT, "comes", false, "waiting"],
  [OUT, "trial fails", false, "waiting"],
  [OUT, "leaves", false, "waiting"],
  [DUE, "fails", false, "trial due"],
  [DUE, "succeeds", true, "in service"],
  [DUE, "time passes", false, "trial due"],
  [DUE, "comes", true, "on trial"],
  [DUE, "trial fails", false, "trial due"],
  [DUE, "leaves", false, "trial due"],
  [TRYING, "fails", false, "on trial"],
  [TRYING, "succeeds", true, "in service"],
  [TRYING, "time passes", false, "on trial"],
  [TRYING, "comes", false, "on trial"],
  [TRYING, "trial fails", true, "waiting"],
  [TRYING, "trial of another fails", false, "on trial"],
  [TRYING, "leaves", true, "trial due"],
];

for (const [before, step, does, phase] of TABLE) {
  const name = [...before, step].join(", ");
  Deno.test(`ejection after two failures: ${name} leads to ${phase}`, () => {
    const table = makeTable("10.0.0.1", 2);
    for (const each of before) STEPS[each](table);
    assertEquals([STEPS[step](table), ejectionPhase(table, 0)], [does, phase]);
  });
}

/** A table whose first channel has been ejected; with `due` its trial is due. */
function outTable(due: boolean): Table {
  const table = makeTable("10.0.0.1 10.0.0.2", 2);
  countFailure(table, 0, 1);
  if (due) offerTrial(table, 0);
  return table;
}

Deno.test("an ejected channel is not usable until its trial is due, and then for one claim", () => {
  const waiting = outTable(false);
  assertEquals([usable(waiting, 0), claim(waiting, 0, 0)], [false, false]);
  const due = outTable(true);
  assertEquals(usable(due, 0), true);
  assertEquals([claim(due, 0, 0), claim(due, 1, 0)], [true, false]);
  assertEquals([isOnTrial(due, 0, 0), isOnTrial(due, 1, 0), usable(due, 0)], [true, false, false]);
});

Deno.test("an abandoned trial and the place are given back by releaseAll(), for a dead worker", () => {
  const table = outTable(true);
  claim(table, 1, 0);
  releaseAll(table, 0);
  assertEquals(ejectionPhase(table, 0), "on trial");
  releaseAll(table, 1);
  assertEquals(ejectionPhase(table, 0), "trial due");
});

Deno.test("a success counts no failure any more", () => {
  const table = makeTable("10.0.0.1");
  countFailure(table, 0, 9);
  countFailure(table, 0, 9);
  assertEquals(failuresInARow(table, 0), 2);
  succeed(table, 0);
  assertEquals(failuresInARow(table, 0), 0);
});

const FORGETTING: readonly [name: string, change: Change][] = [
  ["enable", { kind: "enabled", slot: 0, enabled: true }],
  ["another address", { kind: "address", slot: 0, place: ipv4Place(1, 2) }],
];

for (const [name, change] of FORGETTING) {
  Deno.test(`${name} ends an ejection and its failures`, () => {
    const table = outTable(false);
    apply(table, [change]);
    assertEquals([ejectionPhase(table, 0), failuresInARow(table, 0)], ["in service", 0]);
  });
}

Deno.test("a trial that the operator's enable has overtaken is nobody's to end", () => {
  const table = outTable(true);
  claim(table, 0, 0);
  clearEjection(table, 0);
  assertEquals([failTrial(table, 0, 0), abandonTrial(table, 0, 0)], [false, false]);
  assertEquals(ejectionPhase(table, 0), "in service");
});

Deno.test("asIfUp() has channels that are down or ejected, not disabled, full or weightless ones", () => {
  const table = makeTable("10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4::1 10.0.0.5 10.0.0.6");
  countFailure(table, 0, 1);
  apply(table, [
    { kind: "observed", slot: 1, observed: "down" },
    { kind: "weight", slot: 4, weight: 0 },
    { kind: "observed", slot: 5, observed: "unresolved" },
  ]);
  setEnabled(table, false, "0.2");
  claim(table, 0, 3);
  const slots = [0, 1, 2, 3, 4, 5];
  assertEquals(slots.filter((slot) => usable(table, slot)), []);
  assertEquals(slots.filter((slot) => usable(asIfUp(table), slot)), [0, 1]);
  assertEquals([claim(asIfUp(table), 0, 0), claim(asIfUp(table), 0, 1)], [true, true]);
  release(table, 0, 0);
  // Full is not held: it is up, and has room again when a connection ends.
  assertEquals(allHeld(table), false);
  setEnabled(table, false, "0.3");
  assertEquals(allHeld(table), true);
});

Deno.test("a weight in slow start counts in thousandths, and is kept by a channel that is ejected", () => {
  const table = makeTable("10.0.0.1");
  const change = (...changes: Change[]): boolean => {
    apply(table, changes);
    return usable(table, 0);
  };
  assertEquals(change({ kind: "growth", slot: 0, growth: 100 }), true);
  assertEquals(change({ kind: "observed", slot: 0, observed: "ejected" }), true);
  assertEquals(change({ kind: "observed", slot: 0, observed: "down" }), false);
  assertEquals(change({ kind: "weight", slot: 0, weight: 7 }), false);
  assertEquals(change({ kind: "observed", slot: 0, observed: "up" }), true);
});
