import { type Random, withSeed } from "../../kit/random.ts";
import {
  type CheckRule,
  type CheckState,
  isSuspect,
  recordCheck,
  uncheckedState,
} from "../../../lib/core/health/check_state.ts";
import {
  ejected,
  type Ejection,
  inService,
  succeeded,
  trialFailed,
} from "../../../lib/core/health/ejection.ts";
import {
  abandonTrial,
  countFailure,
  ejectionPhase,
  failTrial,
  failuresInARow,
  offerTrial,
  succeed,
  takeTrial,
} from "../../../lib/core/table/ejection.ts";
import type { Table } from "../../../lib/core/table/schema.ts";
import type { Transition } from "../../../lib/core/health/transition.ts";
import { assertEquals } from "../../kit/assert.ts";
import { makeTable } from "../../kit/make_table.ts";

/*
 * The models look at the whole history anew after each event, as the documents word the rules. They share no code and no
 * state with what they judge. A history on which the two differ is shortened before it is printed.
 */

/** Looks for an event after which an implementation and its model differ; gives both, as text. */
type Compare<Event> = (history: readonly Event[]) => string | undefined;

/** Leaves events out of a history for as long as it still shows a difference. */
function shorten<Event>(history: readonly Event[], compare: Compare<Event>): readonly Event[] {
  for (let at = 0; at < history.length; at++) {
    const shorter = history.toSpliced(at, 1);
    if (compare(shorter) !== undefined) return shorten(shorter, compare);
  }
  return history;
}

/** Fails with the shortest history, one event a line, if the two differ. */
function judge<Event>(history: readonly Event[], compare: Compare<Event>): void {
  if (compare(history) === undefined) return;
  const shortest = shorten(history, compare);
  const lines = shortest.map((event, at) => `${at + 1}. ${JSON.stringify(event)}`);
  throw new Error(`counterexample:\n${lines.join("\n")}\n${compare(shortest)}`);
}

function differ(actual: unknown, wanted: unknown): string | undefined {
  const [is, should] = [actual, wanted].map((value) => JSON.stringify(value));
  return is === should ? undefined : `is     ${is}\nshould ${should}`;
}

interface Check {
  readonly ok: boolean;
  readonly atMs: number;
}

/** Up or down after each check of a history: what the first one says, then what `rise` or `fall` equal ones say. */
function modelStatuses(checks: readonly Check[], { rise, fall }: CheckRule): ("up" | "down")[] {
  const statuses: ("up" | "down")[] = [];
  for (let end = 1; end <= checks.length; end++) {
    const seen = checks.slice(0, end);
    const row = (ok: boolean, length: number): boolean =>
      seen.length >= length && seen.slice(-length).every((check) => check.ok === ok);
    const before = end === 1 ? (seen[0]?.ok ? "up" : "down") : statuses[end - 2] ?? "up";
    statuses.push(row(true, rise) ? "up" : row(false, fall) ? "down" : before);
  }
  return statuses;
}

/** What a channel's checks are expected to be and to tell after a history that began at 0 ms. */
function modelChecks(checks: readonly Check[], rule: CheckRule): unknown {
  const statuses = modelStatuses(checks, rule);
  let since = 0;
  const told: string[] = [];
  for (const [at, status] of statuses.entries()) {
    const before = statuses[at - 1] ?? "up";
    if (status === before) continue;
    const now = checks[at]?.atMs ?? NaN;
    const needed = at === 0 ? "first" : status === "up" ? `${rule.rise}` : `${rule.fall}`;
    told.push(`${status} ${needed} ${now - since}`);
    since = now;
  }
  const status = statuses.at(-1) ?? "up";
  // Up, and yet the last one has failed.
  const suspect = status === "up" && checks.at(-1)?.ok === false;
  return { status, since, told, suspect };
}

function actualChecks(checks: readonly Check[], rule: CheckRule): unknown {
  let state: CheckState = uncheckedState(0);
  const told: string[] = [];
  for (const { ok, atMs } of checks) {
    const step = recordCheck(state, { ok, atMs, reason: "x", tookMs: 1 }, rule);
    state = step.state;
    if (step.transition !== undefined) told.push(tell(step.transition));
  }
  return { status: state.status, since: state.sinceMs, told, suspect: isSuspect(state) };
}

function tell({ to, basis, lastedMs }: Transition): string {
  if (basis.kind !== "streak") return `${to} first ${lastedMs}`;
  // The count of a row that has just become long enough is what was needed.
  assertEquals(basis.count, basis.needed);
  return `${to} ${basis.needed} ${lastedMs}`;
}

Deno.test("checks: status, since and transitions are those of a model that rereads all results", () =>
  withSeed((random) => {
    for (let round = 0; round < 400; round++) {
      const rule = { rise: random.between(1, 4), fall: random.between(1, 4) };
      const luck = random.next();
      let atMs = 0;
      const checks = Array.from({ length: random.between(1, 40) }, () => {
        atMs += random.between(0, 5000);
        return { ok: random.chance(luck), atMs };
      });
      judge(checks, (history) => differ(actualChecks(history, rule), modelChecks(history, rule)));
    }
  }));

/** What befalls a channel; a client reports its own result or leaves without one. */
interface Incident {
  readonly what: "failed" | "succeeded" | "comes" | "leaves" | "waits";
  /** Whether the failed client was the one on trial, if there is one. */
  readonly trial: boolean;
  readonly jitter: number;
  readonly atMs: number;
}

const WAITS_MS = [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000];

/** The model's account of a channel: since when it is out, how often it was sent away, until when, who tries it. */
interface Out {
  readonly sinceMs: number;
  readonly rounds: number;
  readonly untilMs: number;
  readonly trying: boolean;
}

function sendAway(sinceMs: number, rounds: number, { atMs, jitter }: Incident): Out {
  const wait = WAITS_MS[Math.min(rounds, WAITS_MS.length) - 1] ?? NaN;
  return {
    sinceMs,
    rounds,
    untilMs: atMs + Math.round(wait * (0.8 + 0.4 * jitter)),
    trying: false,
  };
}

/** Replays what came behind the last success, which alone matters. */
function modelEjection(incidents: readonly Incident[], threshold: number): unknown {
  const success = incidents.findLastIndex(({ what }) => what === "succeeded");
  const rest = incidents.slice(success + 1);
  const failures = rest.filter(({ what }) => what === "failed");
  const last = failures[threshold - 1];
  if (last === undefined) return { letsThrough: "everybody", failures: failures.length };
  let out = sendAway(last.atMs, 1, last);
  for (const incident of rest.slice(rest.indexOf(last) + 1)) {
    const { what, trial, atMs } = incident;
    if (what === "comes" && atMs >= out.untilMs) out = { ...out, trying: true };
    if (what === "leaves") out = { ...out, trying: false };
    if (what === "failed" && trial && out.trying) {
      out = sendAway(out.sinceMs, out.rounds + 1, incident);
    }
  }
  const now = rest.at(-1)?.atMs ?? NaN;
  const letsThrough = out.trying || now < out.untilMs ? "nobody" : "one";
  return { letsThrough, since: out.sinceMs, rounds: out.rounds, trying: out.trying };
}

/** What the table and the times of the main thread make of it, together. */
function actualEjection(incidents: readonly Incident[], threshold: number): unknown {
  const table = makeTable("10.0.0.1");
  let times: Ejection = inService(0);
  for (const incident of incidents) {
    if (times.phase === "out" && incident.atMs >= times.untilMs) offerTrial(table, 0);
    times = meet(table, times, { incident, threshold });
  }
  const phase = ejectionPhase(table, 0);
  if (times.phase === "in service") {
    assertEquals(phase, "in service");
    return { letsThrough: "everybody", failures: failuresInARow(table, 0) };
  }
  const trying = phase === "on trial";
  const letsThrough = phase === "trial due" ? "one" : "nobody";
  return { letsThrough, since: times.sinceMs, rounds: times.round, trying };
}

function meet(
  table: Table,
  times: Ejection,
  { incident, threshold }: { readonly incident: Incident; readonly threshold: number },
): Ejection {
  const fault = { ...incident, reason: "x" };
  switch (incident.what) {
    case "failed":
      if (incident.trial && failTrial(table, 0, 0)) return trialFailed(times, fault);
      return countFailure(table, 0, threshold) ? ejected(times, fault, threshold).state : times;
    case "succeeded":
      return succeed(table, 0) ? succeeded(times, fault).state : times;
    case "comes":
      takeTrial(table, 0, 0);
      return times;
    case "leaves":
      abandonTrial(table, 0, 0);
      return times;
    case "waits":
      return times;
  }
}

function randomIncidents(random: Random): Incident[] {
  const bad = random.pick([0.3, 0.6, 0.9]);
  let atMs = 0;
  return Array.from({ length: random.between(1, 60) }, () => {
    atMs += random.pick([
      0,
      random.between(0, 500),
      random.between(0, 3000),
      random.between(0, 80_000),
    ]);
    const what = random.chance(0.5)
      ? "comes"
      : random.chance(bad)
      ? "failed"
      : random.pick(["succeeded", "leaves", "waits"] as const);
    return { what, trial: random.chance(0.7), jitter: random.pick([0, 1, random.next()]), atMs };
  });
}

Deno.test("ejection: whom it lets through, since when and in which round are those of a model", () =>
  withSeed((random) => {
    for (let round = 0; round < 800; round++) {
      const threshold = random.between(1, 4);
      judge(
        randomIncidents(random),
        (history) => differ(actualEjection(history, threshold), modelEjection(history, threshold)),
      );
    }
  }));

Deno.test("a counterexample is the shortest history, one event a line", () => {
  const wrong = (history: readonly string[]): string | undefined =>
    history.includes("a") && history.includes("c") ? "is 1, should 2" : undefined;
  let message = "";
  try {
    judge([..."xaybczz"], wrong);
  } catch (error) {
    message = error instanceof Error ? error.message : "";
  }
  assertEquals(message, 'counterexample:\n1. "a"\n2. "c"\nis 1, should 2');
});
