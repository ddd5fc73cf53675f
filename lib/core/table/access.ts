/**
 * What every thread does with the channel table: look, claim, release.
 *
 * @module
 */
import { channelWord, counterIndex, GROUP_WORDS, SHARES, SLOTS, type Table } from "./layout.ts";
import { type GroupType } from "../command_line/spec.ts";

/** How many channels a group has. */
export function channelCount(table: Table, group: number): number {
  return Atomics.load(table.words, group * GROUP_WORDS);
}

/** How a group distributes. */
export function groupType(table: Table, group: number): GroupType {
  return Atomics.load(table.words, group * GROUP_WORDS + 1) === 0 ? "round robin" : "hash";
}

/** Where the next round robin choice of a group begins; may equal the number of channels. */
export function cursor(table: Table, group: number): number {
  return Atomics.load(table.words, group * GROUP_WORDS + 2);
}

/** Moves a group's cursor, whatever it was. */
export function setCursor(table: Table, group: number, channel: number): void {
  Atomics.store(table.words, group * GROUP_WORDS + 2, channel);
}

/**
 * Moves a group's cursor if nobody else has.
 *
 * @returns Whether it still was `from`.
 */
export function moveCursor(table: Table, group: number, from: number, to: number): boolean {
  return Atomics.compareExchange(table.words, group * GROUP_WORDS + 2, from, to) === from;
}

/** Whether a channel may get one more connection: enabled, and below maxc. */
export function usable(table: Table, slot: number): boolean {
  const at = channelWord(slot);
  if (Atomics.load(table.words, at) === 0) return false;
  const maxc = Atomics.load(table.words, at + 1);
  return maxc === 0 || Atomics.load(table.words, at + 4) < maxc;
}

/** Where a channel's connections go, as of now. */
export function destination(
  table: Table,
  slot: number,
): { readonly address: number; readonly port: number } {
  const at = channelWord(slot);
  return {
    address: Atomics.load(table.words, at + 2) >>> 0,
    port: Atomics.load(table.words, at + 3),
  };
}

/**
 * Takes a place on a channel for one connection, counting it in c and totalc.
 *
 * Safe from several threads at once: of two claims for the last place below maxc, exactly one succeeds.
 *
 * @param worker The claiming thread, from 0.
 * @returns Whether the place was got; if so it is given back with {@link release}.
 */
export function claim(table: Table, worker: number, slot: number): boolean {
  const c = channelWord(slot) + 4;
  for (;;) {
    if (!usable(table, slot)) return false;
    const now = Atomics.load(table.words, c);
    const maxc = Atomics.load(table.words, channelWord(slot) + 1);
    if (maxc !== 0 && now >= maxc) return false;
    if (Atomics.compareExchange(table.words, c, now, now + 1) === now) break;
  }
  Atomics.add(table.words, SHARES + worker * SLOTS + slot, 1);
  add(table, counterIndex(worker, slot), 1);
  return true;
}

/** Gives a claimed place back. */
export function release(table: Table, worker: number, slot: number): void {
  const share = SHARES + worker * SLOTS + slot;
  if (Atomics.sub(table.words, share, 1) > 0) Atomics.sub(table.words, channelWord(slot) + 4, 1);
  // The places of a worker that is being buried have been given back already.
  else Atomics.add(table.words, share, 1);
}

/** Gives back every place of a dead worker; to be called by the main thread only. */
export function releaseAll(table: Table, worker: number): void {
  for (let slot = 0; slot < SLOTS; slot++) {
    const share = Atomics.exchange(table.words, SHARES + worker * SLOTS + slot, 0);
    if (share !== 0) Atomics.sub(table.words, channelWord(slot) + 4, share);
  }
}

/** Connections that one worker carries now. */
export function workerLoad(table: Table, worker: number): { c: number; totalc: number } {
  let c = 0;
  let totalc = 0;
  for (let slot = 0; slot < SLOTS; slot++) {
    c += Atomics.load(table.words, SHARES + worker * SLOTS + slot);
    totalc += table.floats[counterIndex(worker, slot)] ?? 0;
  }
  return { c, totalc };
}

/**
 * Disables a channel, as `-a` does; the one configuration that a worker may write.
 *
 * @returns Whether it was enabled until now.
 */
export function autodisable(table: Table, slot: number): boolean {
  return Atomics.compareExchange(table.words, channelWord(slot), 1, 0) === 1;
}

/** Adds to a counter of the calling thread. */
export function add(table: Table, index: number, amount: number): void {
  table.floats[index] = (table.floats[index] ?? 0) + amount;
}

/** Sums a counter (0 totalc, 1 sent, 2 rcvd) over the workers, since start. */
export function counter(table: Table, slot: number, which: number): number {
  let sum = 0;
  for (let worker = 0; worker < table.workers; worker++) {
    sum += table.floats[counterIndex(worker, slot) + which] ?? 0;
  }
  return sum;
}
