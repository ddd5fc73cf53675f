/**
 * What every thread does with the channel table: look, claim, release.
 *
 * Every function may be called by any thread at any time, unless it says otherwise.
 *
 * @module
 */
import { abandonTrial, ejectionPhase, letsThrough, takeTrial } from "./ejection.ts";
import { isBackup } from "./flags.ts";
import { freeLocks } from "./lock.ts";
import { WEIGHT_UNIT } from "../weight.ts";
import {
  channelWord,
  counterIndex,
  type CounterName,
  groupWord,
  instanceWord,
  MAX_CHANNELS,
  MAX_GROUPS,
  type MethodName,
  METHODS,
  OBSERVED,
  PRESENCES,
  shareWord,
  slotOf,
  SLOTS,
  type Table,
  workerWord,
} from "./schema.ts";

/** How many rows a group has: its channels, and the rows between them that are free. */
export function channelCount(table: Table, group: number): number {
  return Atomics.load(table.words, groupWord(group, "channels"));
}

/** How many backups a group has. */
export function backupCount(table: Table, group: number): number {
  return Atomics.load(table.words, groupWord(group, "backups"));
}

/** Whether a channel is used only while nothing else of its group is usable. */
export function isBackupChannel(table: Table, slot: number): boolean {
  return isBackup(Atomics.load(table.words, channelWord(slot, "flags")));
}

/** Whether there is a channel in a row, leaving ones included. */
export function isTaken(table: Table, slot: number): boolean {
  return Atomics.load(table.words, channelWord(slot, "presence")) !== PRESENCES.indexOf("free");
}

/** The lowest free row of a group as a slot; `undefined` if it is full. */
export function freeSlot(table: Table, group: number): number | undefined {
  for (let channel = 0; channel < MAX_CHANNELS; channel++) {
    const slot = slotOf(group, channel);
    if (!isTaken(table, slot)) return slot;
  }
  return undefined;
}

/** How a group distributes. */
export function methodOf(table: Table, group: number): MethodName {
  return METHODS[Atomics.load(table.words, groupWord(group, "method"))] ?? "rr";
}

/** Whether the effective weights of a group's channels differ, those of 0 apart. */
export function isWeighted(table: Table, group: number): boolean {
  return Atomics.load(table.words, groupWord(group, "weighted")) === 1;
}

/** Where the next choice of a group that takes turns begins; may equal the number of channels. */
export function cursor(table: Table, group: number): number {
  return Atomics.load(table.words, groupWord(group, "cursor"));
}

/** Moves a group's cursor, whatever it was. */
export function setCursor(table: Table, group: number, channel: number): void {
  Atomics.store(table.words, groupWord(group, "cursor"), channel);
}

/**
 * Moves a group's cursor if nobody else has.
 *
 * @returns Whether it still was `from`.
 */
export function moveCursor(table: Table, group: number, from: number, to: number): boolean {
  return Atomics.compareExchange(table.words, groupWord(group, "cursor"), from, to) === from;
}

/**
 * Whether a channel may get one more connection: enabled, observed as well, and below maxc.
 *
 * Called for every channel that a choice looks at, so its reads are plain ones, ten times as fast as atomic ones. No word is
 * ever torn, and a thread's next atomic step lets it see what others have written.
 */
export function usable(table: Table, slot: number): boolean {
  return isOpen(table, slot) && !isAtLimit(table, slot);
}

/**
 * Whether nothing but its limit keeps connections from a channel, so that one will get room when another ends.
 *
 * A negative limit admits nobody at any time.
 */
export function isFull(table: Table, slot: number): boolean {
  const maxc = table.words[channelWord(slot, "maxc")] ?? 0;
  return maxc > 0 && isOpen(table, slot) && isAtLimit(table, slot);
}

function isOpen(table: Table, slot: number): boolean {
  if (table.words[channelWord(slot, "enabled")] === 0) return false;
  return table.lastResort === true ? isLastResort(table, slot) : !isHeld(table, slot);
}

function isAtLimit(table: Table, slot: number): boolean {
  const maxc = table.words[channelWord(slot, "maxc")] ?? 0;
  return maxc !== 0 && connections(table, slot) >= maxc;
}

/** The weight of a channel that counts now, in thousandths of a unit of weight; in the last resort the operator's. */
export function effectiveWeight(table: Table, slot: number): number {
  if (table.lastResort === true) {
    return (table.words[channelWord(slot, "weight")] ?? 0) * WEIGHT_UNIT;
  }
  return table.words[channelWord(slot, "effectiveWeight")] ?? 0;
}

/** How many connections a channel has now, attempts included. */
export function connections(table: Table, slot: number): number {
  return table.words[channelWord(slot, "connections")] ?? 0;
}

/** Whether what is observed of a channel, or a weight of 0, keeps clients from it. */
export function isHeld(table: Table, slot: number): boolean {
  return table.words[channelWord(slot, "effectiveWeight")] === 0 || !letsThrough(table, slot);
}

const PRESENT = PRESENCES.indexOf("present");
const UNRESOLVED = OBSERVED.indexOf("unresolved");

/** Whether a channel can be tried when nothing is up: it has an address, and a weight by the operator's will. */
function isLastResort(table: Table, slot: number): boolean {
  const { words } = table;
  return words[channelWord(slot, "presence")] === PRESENT &&
    words[channelWord(slot, "observed")] !== UNRESOLVED &&
    words[channelWord(slot, "weight")] !== 0;
}

/** Whether no enabled channel is up, so that no client can be served as it should be. */
export function allHeld(table: Table): boolean {
  for (let group = 0; group < MAX_GROUPS; group++) {
    const channels = channelCount(table, group);
    for (let slot = slotOf(group, 0); slot < slotOf(group, channels); slot++) {
      const enabled = Atomics.load(table.words, channelWord(slot, "enabled")) === 1;
      if (enabled && !isHeld(table, slot)) return false;
    }
  }
  return true;
}

/** The slots of all channels, ascending. */
export function allSlots(table: Table): number[] {
  const slots: number[] = [];
  for (let group = 0; group < MAX_GROUPS; group++) {
    const channels = channelCount(table, group);
    for (let slot = slotOf(group, 0); slot < slotOf(group, channels); slot++) {
      if (isTaken(table, slot)) slots.push(slot);
    }
  }
  return slots;
}

/** Whether some channel has a property, {@link usable} or {@link isFull}. */
export function anyChannel(
  table: Table,
  property: (table: Table, slot: number) => boolean,
): boolean {
  for (let group = 0; group < MAX_GROUPS; group++) {
    const count = channelCount(table, group);
    for (let channel = 0; channel < count; channel++) {
      if (property(table, slotOf(group, channel))) return true;
    }
  }
  return false;
}

/**
 * Takes a place on a channel for one connection, counting it in c and totalc.
 *
 * Of two claims for the last place below maxc, or for the trial of an ejected channel, exactly one succeeds.
 *
 * @param worker The claiming thread, from 0.
 * @returns Whether the place was got; if so it is given back with {@link release}. A thread whose worker was given up gets
 * none.
 */
export function claim(table: Table, worker: number, slot: number): boolean {
  const { words } = table;
  const c = channelWord(slot, "connections");
  for (;;) {
    if (!usable(table, slot)) return false;
    const now = Atomics.load(words, c);
    const maxc = Atomics.load(words, channelWord(slot, "maxc"));
    if (maxc !== 0 && now >= maxc) return false;
    if (Atomics.compareExchange(words, c, now, now + 1) === now) break;
  }
  if (!enter(table, worker, slot)) {
    Atomics.sub(words, c, 1);
    return false;
  }
  Atomics.add(words, shareWord(worker, slot), 1);
  if (epochOf(table, worker) !== table.epoch) {
    // This thread is given up already, so nobody would give its place back.
    release(table, worker, slot);
    return false;
  }
  add(table, counterIndex(worker, slot, "totalc"), 1);
  return true;
}

/**
 * Passes the gate of ejection: a channel in service is open, and a trial that is due has room for one.
 *
 * In the last resort everybody may pass, and nobody is the trial.
 */
function enter(table: Table, worker: number, slot: number): boolean {
  if (table.lastResort === true) return true;
  if (ejectionPhase(table, slot) === "trial due" && takeTrial(table, worker, slot)) return true;
  return ejectionPhase(table, slot) === "in service";
}

/** Gives a claimed place back. */
export function release(table: Table, worker: number, slot: number): void {
  const { words } = table;
  const share = shareWord(worker, slot);
  if (Atomics.sub(words, share, 1) > 0) Atomics.sub(words, channelWord(slot, "connections"), 1);
  // The places of a dead worker have been given back already.
  else Atomics.add(words, share, 1);
  announceRoom(table);
}

/** Wakes the threads whose clients wait for a channel, if any do. */
export function announceRoom(table: Table): void {
  if (Atomics.load(table.words, instanceWord(table, "waiting")) === 0) return;
  const room = instanceWord(table, "room");
  Atomics.add(table.words, room, 1);
  Atomics.notify(table.words, room);
}

/** How many threads with a worker's number have died. */
export function epochOf(table: Table, worker: number): number {
  return Atomics.load(table.words, workerWord(worker, "epoch"));
}

/**
 * Gives back every place and lock of a dead worker, and lets its thread claim no more; to be called by the main thread
 * only.
 *
 * A thread that is terminated may go on for a moment: what it claims from now on it gives back itself.
 */
export function releaseAll(table: Table, worker: number): void {
  Atomics.add(table.words, workerWord(worker, "epoch"), 1);
  freeLocks(table, worker);
  for (let slot = 0; slot < SLOTS; slot++) {
    const share = Atomics.exchange(table.words, shareWord(worker, slot), 0);
    if (share !== 0) Atomics.sub(table.words, channelWord(slot, "connections"), share);
    abandonTrial(table, worker, slot);
  }
  announceRoom(table);
}

/** Connections that one worker carries now, and was ever given. */
export function workerLoad(table: Table, worker: number): { c: number; totalc: number } {
  let c = 0;
  let totalc = 0;
  for (let slot = 0; slot < SLOTS; slot++) {
    c += Atomics.load(table.words, shareWord(worker, slot));
    totalc += table.floats[counterIndex(worker, slot, "totalc")] ?? 0;
  }
  return { c, totalc };
}

/**
 * Disables a channel, as `-a` does: the one thing that the operator wants and a worker may write.
 *
 * @returns Whether it was enabled until now.
 */
export function autodisable(table: Table, slot: number): boolean {
  return Atomics.compareExchange(table.words, channelWord(slot, "enabled"), 1, 0) === 1;
}

/** Adds to a counter of the calling thread. */
export function add(table: Table, index: number, amount: number): void {
  table.floats[index] = (table.floats[index] ?? 0) + amount;
}

/** Sums a counter over the workers, since start. */
export function counter(table: Table, slot: number, name: CounterName): number {
  let sum = 0;
  for (let worker = 0; worker < table.workers; worker++) {
    sum += table.floats[counterIndex(worker, slot, name)] ?? 0;
  }
  return sum;
}
