/**
 * The times of ejection: a channel whose connects fail is left alone for a while, then one client tries it.
 *
 * Who is let through, and which failure ejects, is decided where the failures are seen (`core/table/ejection.ts`); this is
 * what the main thread makes of it:
 *
 * | state | `ejected` | `trialFailed` | `succeeded` |
 * | --- | --- | --- | --- |
 * | in service | waiting, 1 s | | |
 * | out | | waiting, twice as long | in service |
 *
 * An empty cell changes nothing. Waiting lasts 1, 2, 4 … 60 s, each ±20 % so that several balancers do not return together;
 * after a success it begins with 1 s again.
 *
 * What counts as a failure is the session's to say: refused, timed out, or closed by the server without a byte within a
 * second; never a fault of this machine.
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
  }
  | {
    /** Nobody is let through, after {@link untilMs} one client. */
    readonly phase: "out";
    /** When the channel was ejected; failed trials do not move it. */
    readonly sinceMs: number;
    /** How often it has been sent away since then, from 1. */
    readonly round: number;
    /** When a client may try it. */
    readonly untilMs: number;
  };

/** How a connection ended that decides. */
export interface ConnectResult {
  /** What happened, in few words: `refused`, `timed out`, `connected`. */
  readonly reason: string;
  /** When, in milliseconds. */
  readonly atMs: number;
}

/** A connection that failed by the server's fault. */
export interface ConnectFault extends ConnectResult {
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
  return { phase: "in service", sinceMs: nowMs };
}

/**
 * Takes in that failures in a row have ejected the channel.
 *
 * @param threshold How many it took (`--eject`).
 */
export function ejected(state: Ejection, fault: ConnectFault, threshold: number): EjectionStep {
  if (state.phase === "out") return { state, transition: undefined };
  return {
    state: out(fault.atMs, 1, fault),
    transition: {
      from: "up",
      to: "ejected",
      reason: fault.reason,
      basis: { kind: "streak", count: threshold, needed: threshold },
      lastedMs: fault.atMs - state.sinceMs,
    },
  };
}

/** Takes in that the client on trial has failed. */
export function trialFailed(state: Ejection, fault: ConnectFault): Ejection {
  return state.phase === "out" ? out(state.sinceMs, state.round + 1, fault) : state;
}

/** Takes a connection in that succeeded, the trial's or another. */
export function succeeded(state: Ejection, result: ConnectResult): EjectionStep {
  if (state.phase === "in service") return { state, transition: undefined };
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

function out(sinceMs: number, round: number, { atMs, jitter }: ConnectFault): Ejection {
  const base = Math.min(FIRST_WAIT_MS * 2 ** (round - 1), LONGEST_WAIT_MS);
  const wait = Math.round(base * (1 - SPREAD + 2 * SPREAD * jitter));
  return { phase: "out", sinceMs, round, untilMs: atMs + wait };
}
