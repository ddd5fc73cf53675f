/**
 * From the results of active checks to up or down.
 *
 * | before | result | becomes |
 * | --- | --- | --- |
 * | never checked (counts as up) | failure | down at once |
 * | never checked | success | up, which is no transition |
 * | up | `fall` failures in a row | down |
 * | down | `rise` successes in a row | up |
 *
 * A success ends a row of failures, and the other way round. The state is plain data; time comes in with each result,
 * from a clock that is not set back.
 *
 * @module
 */
import { keepPace, type Pace } from "./pace.ts";
import type { Transition } from "./transition.ts";

/** How many equal results in a row change the status. */
export interface CheckRule {
  /** Successes that bring a channel up, at least 1 (`--check-rise`). */
  readonly rise: number;
  /** Failures that take a channel down, at least 1 (`--check-fall`). */
  readonly fall: number;
}

/** The rule without `--check-rise` and `--check-fall`. */
export const DEFAULT_CHECK_RULE: CheckRule = { rise: 2, fall: 3 };

/** What one check found. */
export interface CheckResult {
  /** Whether the server did what was asked. */
  readonly ok: boolean;
  /** What it did, in few words: `connected`, `refused`, `http 503`. */
  readonly reason: string;
  /** When the check ended, in milliseconds. */
  readonly atMs: number;
  /** How long it took until that was known, in milliseconds. */
  readonly tookMs: number;
}

/** What checks say of one channel. */
export interface CheckState {
  /** Whether the channel may get clients. */
  readonly status: "up" | "down";
  /** When this status began, in milliseconds. */
  readonly sinceMs: number;
  /** The last result; none before the first check has ended. */
  readonly last: CheckResult | undefined;
  /** How many results in a row, the last one included, were like the last one. */
  readonly streak: number;
  /** Whether a check is under way that takes longer than its like. */
  readonly late: boolean;
  /** How long good checks take; unknown before the first one. */
  readonly pace: Pace | undefined;
}

/** A state and, if the status has changed, the transition to tell. */
export interface CheckStep {
  /** The state from now on. */
  readonly state: CheckState;
  /** The change, or nothing. */
  readonly transition: Transition | undefined;
}

/** The state of a channel that no check has seen: up until the first result. */
export function uncheckedState(nowMs: number): CheckState {
  return { status: "up", sinceMs: nowMs, last: undefined, streak: 0, late: false, pace: undefined };
}

/** Whether a channel is suspect: up, but its last check has failed, or the one that is under way is late. */
export function isSuspect({ status, last, late }: CheckState): boolean {
  return status === "up" && (late || last?.ok === false);
}

/** Takes the result of a check in. */
export function recordCheck(state: CheckState, result: CheckResult, rule: CheckRule): CheckStep {
  const first = state.last === undefined;
  const streak = state.last?.ok === result.ok ? state.streak + 1 : 1;
  const status = result.ok ? "up" : "down";
  const needed = result.ok ? rule.rise : rule.fall;
  const pace = result.ok ? keepPace(state.pace, result.tookMs) : state.pace;
  const seen = { last: result, streak, late: false, pace };
  if (status === state.status || (!first && streak < needed)) {
    return { state: { ...state, ...seen }, transition: undefined };
  }
  return {
    state: { ...seen, status, sinceMs: result.atMs },
    transition: {
      from: state.status,
      to: status,
      reason: result.reason,
      basis: first ? { kind: "first check" } : { kind: "streak", count: streak, needed },
      lastedMs: result.atMs - state.sinceMs,
    },
  };
}
