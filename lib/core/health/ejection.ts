/**
 * Ejection: a channel whose connects fail is left alone for a while, then one client tries it.
 *
 * | phase | who is let through | `failed` | `succeeded` | `timePassed` | `trialTaken` | `trialAbandoned` |
 * | --- | --- | --- | --- | --- | --- | --- |
 * | in service | everybody | counts; the Nth in a row: waiting | count is 0 | | | |
 * | waiting | nobody | | in service | at its end: trial due | | |
 * | trial due | one client | | in service | | on trial | |
 * | on trial | nobody else | of the trial: waiting, twice as long | in service | | | trial due |
 *
 * An empty cell changes nothing: a connect that began before the ejection may fail late and proves nothing new,
 * whereas a success proves at any time that the server works. Waiting lasts 1, 2, 4 … 60 s, each ±20 % so that
 * several balancers do not return together; after a success it begins with 1 s again.
 *
 * What counts as a failure is the caller's to say: refused, timed out, or closed by the server without a byte within a
 * second; never a fault of this machine. The caller also abandons the trial of a client, or of a thread, that is gone.
 *
 * @module
 */
import type { Transition } from "./transition.ts";

/** What ejection says of one channel. Times are in milliseconds. */
export type Ejection =
  | {
    /** Everybody is let through. */
    readonly phase: "in service";
    /** When the service began. */
    readonly sinceMs: number;
    /** Failures in a row. */
    readonly failures: number;
  }
  | {
    /** Nobody is let through. */
    readonly phase: "waiting";
    /** When the channel was ejected; failed trials do not move it. */
    readonly sinceMs: number;
    /** How often it has been sent away since then, from 1. */
    readonly round: number;
    /** When a client may try it. */
    readonly untilMs: number;
  }
  | {
    /** The next client is let through (`trial due`), or has been (`on trial`). */
    readonly phase: "trial due" | "on trial";
    /** When the channel was ejected. */
    readonly sinceMs: number;
    /** How often it has been sent away since then, from 1. */
    readonly round: number;
  };

/** How a connect ended. */
export interface ConnectResult {
  /** What happened, in few words: `refused`, `timed out`, `connected`. */
  readonly reason: string;
  /** When, in milliseconds. */
  readonly atMs: number;
}

/** A connect that failed by the server's fault. */
export interface ConnectFailure extends ConnectResult {
  /** Whether it was the trial's, see {@link trialTaken}. */
  readonly trial: boolean;
  /** Chance from 0 to 1, drawn anew for each failure: where in ±20 % a waiting time lies. */
  readonly jitter: number;
}

/** A state and, if the channel was ejected or came back, the transition to tell. */
export interface EjectionStep {
  /** The state from now on. */
  readonly state: Ejection;
  /** The change, or nothing. */
  readonly transition: Transition | undefined;
}

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 60_000;
/** The part of a waiting time by which it may be shorter or longer. */
const SPREAD = 0.2;

/** The state of a channel that is new, or that the operator has enabled. */
export function inService(nowMs: number): Ejection {
  return { phase: "in service", sinceMs: nowMs, failures: 0 };
}

/**
 * Takes a failed connect in.
 *
 * @param threshold Failures in a row that eject, at least 1 (`--eject`).
 */
export function failed(state: Ejection, failure: ConnectFailure, threshold: number): EjectionStep {
  if (state.phase === "in service") return countFailure(state, failure, threshold);
  if (state.phase !== "on trial" || !failure.trial) return { state, transition: undefined };
  return { state: waiting(state.sinceMs, state.round + 1, failure), transition: undefined };
}

/** Takes a connect in that succeeded, the trial's or another. */
export function succeeded(state: Ejection, result: ConnectResult): EjectionStep {
  if (state.phase === "in service") {
    const same = state.failures === 0;
    return { state: same ? state : { ...state, failures: 0 }, transition: undefined };
  }
  return {
    state: inService(result.atMs),
    transition: {
      from: "ejected",
      to: "up",
      reason: result.reason,
      basis: { kind: "single" },
      lastedMs: result.atMs - state.sinceMs,
    },
  };
}

/** Lets time pass: at its end a waiting time becomes a trial that is due. */
export function timePassed(state: Ejection, nowMs: number): Ejection {
  if (state.phase !== "waiting" || nowMs < state.untilMs) return state;
  return { phase: "trial due", sinceMs: state.sinceMs, round: state.round };
}

/** Gives the trial that is due to a client; until it ends or is abandoned there is no other. */
export function trialTaken(state: Ejection): Ejection {
  return state.phase === "trial due" ? { ...state, phase: "on trial" } : state;
}

/** Takes the trial back from a client that left before there was a result; the next one gets it. */
export function trialAbandoned(state: Ejection): Ejection {
  return state.phase === "on trial" ? { ...state, phase: "trial due" } : state;
}

function countFailure(
  state: Ejection & { phase: "in service" },
  failure: ConnectFailure,
  threshold: number,
): EjectionStep {
  const count = state.failures + 1;
  if (count < threshold) return { state: { ...state, failures: count }, transition: undefined };
  return {
    state: waiting(failure.atMs, 1, failure),
    transition: {
      from: "up",
      to: "ejected",
      reason: failure.reason,
      basis: { kind: "streak", count, needed: threshold },
      lastedMs: failure.atMs - state.sinceMs,
    },
  };
}

function waiting(sinceMs: number, round: number, { atMs, jitter }: ConnectFailure): Ejection {
  const base = Math.min(FIRST_WAIT_MS * 2 ** (round - 1), LONGEST_WAIT_MS);
  const wait = Math.round(base * (1 - SPREAD + 2 * SPREAD * jitter));
  return { phase: "waiting", sinceMs, round, untilMs: atMs + wait };
}
