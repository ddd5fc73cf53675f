import {
  type CheckState,
  DEFAULT_CHECK_RULE,
  recordCheck,
  uncheckedState,
} from "../../../lib/core/health/check_state.ts";
import { formatTransition, type Transition } from "../../../lib/core/health/transition.ts";
import { assertEquals } from "../../kit/assert.ts";

/** Checks one after another, a second apart from second 1 on: `+` is a success, `-` a failure. */
function run(results: string, rule = DEFAULT_CHECK_RULE): {
  /** `U` or `D` after each result. */
  readonly statuses: string;
  readonly transitions: readonly Transition[];
  readonly state: CheckState;
} {
  let state = uncheckedState(0);
  let statuses = "";
  const transitions: Transition[] = [];
  for (const [at, sign] of [...results].entries()) {
    const ok = sign === "+";
    const reason = ok ? "http 200" : "http 503";
    const step = recordCheck(state, { ok, reason, atMs: (at + 1) * 1000, tookMs: 1 }, rule);
    state = step.state;
    statuses += state.status === "up" ? "U" : "D";
    if (step.transition !== undefined) transitions.push(step.transition);
  }
  return { statuses, transitions, state };
}

interface Case {
  readonly name: string;
  readonly results: string;
  readonly statuses: string;
  readonly rise?: number;
  readonly fall?: number;
}

const CASES: readonly Case[] = [
  { name: "goes down at once when its first check fails", results: "-", statuses: "D" },
  { name: "is up when its first check succeeds", results: "+", statuses: "U" },
  { name: "goes down with the third failure in a row", results: "+---", statuses: "UUUD" },
  {
    name: "stays up when successes lie between failures",
    results: "+--+--+--",
    statuses: "UUUUUUUUU",
  },
  { name: "comes up with the second success in a row", results: "-++", statuses: "DDU" },
  { name: "stays down when failures lie between successes", results: "-+-+-+", statuses: "DDDDDD" },
  {
    name: "needs three failures again after it has come up",
    results: "-++--+---",
    statuses: "DDUUUUUUD",
  },
  { name: "stays down while failures go on", results: "-------++", statuses: "DDDDDDDDU" },
  {
    name: "follows every result with rise and fall 1",
    results: "+-+-",
    statuses: "UDUD",
    rise: 1,
    fall: 1,
  },
  {
    name: "takes rise and fall as they are given",
    results: "+----++++",
    statuses: "UUUUDDDDU",
    rise: 4,
    fall: 4,
  },
];

for (const { name, results, statuses, rise = 2, fall = 3 } of CASES) {
  Deno.test(`a checked channel ${name}`, () => {
    assertEquals(run(results, { rise, fall }).statuses, statuses);
  });
}

Deno.test("a channel counts as up until its first check has ended", () => {
  const state = uncheckedState(77);
  assertEquals(state, {
    status: "up",
    sinceMs: 77,
    last: undefined,
    streak: 0,
    late: false,
    pace: undefined,
  });
});

Deno.test("transitions tell reason, count and how long the status had lasted", () => {
  const lines = run("+---++").transitions.map((transition) =>
    formatTransition({ group: 0, channel: 1, name: "web2" }, transition)
  );
  assertEquals(lines, [
    "channel 0.1 web2 down: http 503 (3 of 3), was up 4s",
    "channel 0.1 web2 up: http 200 (2 of 2), was down 2s",
  ]);
});

Deno.test("a first check that fails is told as such; one that succeeds is no transition", () => {
  assertEquals(run("-").transitions.map(({ basis }) => basis), [{ kind: "first check" }]);
  assertEquals(run("+").transitions, []);
});

Deno.test("since when a channel is up or down moves with transitions only", () => {
  assertEquals(run("++++").state.sinceMs, 0);
  assertEquals(run("+-----").state.sinceMs, 4000);
  assertEquals(run("+-----++++").state.sinceMs, 8000);
});

Deno.test("the state keeps the last result and the length of its row", () => {
  const { last, streak } = run("++--").state;
  assertEquals([last, streak], [{ ok: false, reason: "http 503", atMs: 4000, tookMs: 1 }, 2]);
});

Deno.test("a rule that changes acts on the next result", () => {
  const { state } = run("+---", { rise: 2, fall: 9 });
  assertEquals(state.status, "up");
  const result = { ok: false, reason: "refused", atMs: 5000, tookMs: 1 };
  assertEquals(recordCheck(state, result, { rise: 2, fall: 2 }).state.status, "down");
});
