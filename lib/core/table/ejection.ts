/**
 * Ejection as every thread sees it: failures in a row, and who is let through to a channel that has had too many.
 *
 * | phase | who is let through | what ends it |
 * | --- | --- | --- |
 * | in service | everybody | the Nth failure in a row: waiting |
 * | waiting | nobody | the main thread, when the time is over: trial due |
 * | trial due | the first that claims a place | that claim: on trial |
 * | on trial | nobody else | its end: in service, waiting or (left without a result) trial due |
 *
 * A success, and the operator's `enable`, lead back into service from every phase. Each step is one compare-exchange, so
 * of two threads that would take the same step exactly one does. Times are the main thread's (`core/health/ejection.ts`).
 *
 * @module
 */
import { channelWord, type Table } from "./schema.ts";

/** What ejection makes of a channel. */
export type EjectionPhase = "in service" | "waiting" | "trial due" | "on trial";

const IN_SERVICE = 0;
const WAITING = 1;
const TRIAL_DUE = 2;
/** The thread whose client is on trial is added. */
const ON_TRIAL = 3;

/** The phase of a channel. */
export function ejectionPhase(table: Table, slot: number): EjectionPhase {
  const phase = Atomics.load(table.words, channelWord(slot, "ejection"));
  if (phase === IN_SERVICE) return "in service";
  if (phase === WAITING) return "waiting";
  return phase === TRIAL_DUE ? "trial due" : "on trial";
}

/**
 * Whether a client may come: the channel is in service, or this would be its trial.
 *
 * A plain read, as it is called for every channel that a choice looks at; the claim looks once more.
 */
export function letsThrough(table: Table, slot: number): boolean {
  const phase = table.words[channelWord(slot, "ejection")];
  return phase === IN_SERVICE || phase === TRIAL_DUE;
}

/** Failures in a row of a channel that is in service. */
export function failuresInARow(table: Table, slot: number): number {
  return Atomics.load(table.words, channelWord(slot, "failures"));
}

/**
 * Takes the trial for the calling thread, if one is due.
 *
 * @returns Whether the thread has it; of several exactly one.
 */
export function takeTrial(table: Table, worker: number, slot: number): boolean {
  return step(table, slot, TRIAL_DUE, ON_TRIAL + worker);
}

/** Whether a client of the calling thread is on trial. */
export function isOnTrial(table: Table, worker: number, slot: number): boolean {
  return Atomics.load(table.words, channelWord(slot, "ejection")) === ON_TRIAL + worker;
}

/**
 * Counts a failure; the one that makes the row long enough ejects the channel at once.
 *
 * A failure that comes when the channel has been ejected already proves nothing new.
 *
 * @param threshold Failures in a row that eject, at least 1.
 * @returns Whether this one did.
 */
export function countFailure(table: Table, slot: number, threshold: number): boolean {
  const { words } = table;
  if (Atomics.load(words, channelWord(slot, "ejection")) !== IN_SERVICE) return false;
  const count = Atomics.add(words, channelWord(slot, "failures"), 1) + 1;
  return count >= threshold && step(table, slot, IN_SERVICE, WAITING);
}

/**
 * A connection showed that the server works: nothing counts against its channel any more.
 *
 * @returns Whether it was ejected until now.
 */
export function succeed(table: Table, slot: number): boolean {
  const { words } = table;
  const failures = channelWord(slot, "failures");
  // Only a look in the usual case: a write would make every other processor fetch the row again.
  if (Atomics.load(words, failures) !== 0) Atomics.store(words, failures, 0);
  const ejection = channelWord(slot, "ejection");
  if (Atomics.load(words, ejection) === IN_SERVICE) return false;
  return Atomics.exchange(words, ejection, IN_SERVICE) !== IN_SERVICE;
}

/** The trial of the calling thread failed: nobody is let through again. @returns Whether it had one. */
export function failTrial(table: Table, worker: number, slot: number): boolean {
  return step(table, slot, ON_TRIAL + worker, WAITING);
}

/** The trial of a thread ended without a result: the next client gets it. @returns Whether it had one. */
export function abandonTrial(table: Table, worker: number, slot: number): boolean {
  return step(table, slot, ON_TRIAL + worker, TRIAL_DUE);
}

/** The waiting time is over: the next client is the trial. To be called by the main thread only. */
export function offerTrial(table: Table, slot: number): boolean {
  return step(table, slot, WAITING, TRIAL_DUE);
}

/** Forgets failures and ejection: the operator enables the channel, or it is another server's now. */
export function clearEjection(table: Table, slot: number): void {
  Atomics.store(table.words, channelWord(slot, "failures"), 0);
  Atomics.store(table.words, channelWord(slot, "ejection"), IN_SERVICE);
}

function step(table: Table, slot: number, from: number, to: number): boolean {
  return Atomics.compareExchange(table.words, channelWord(slot, "ejection"), from, to) === from;
}
