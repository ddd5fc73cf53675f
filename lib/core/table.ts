/**
 * The channel table: where listeners, control and reports meet.
 *
 * One piece of shared memory, used alike by one thread or by many. A **slot** is a channel's number over the whole table:
 * `group * MAX_CHANNELS + channel`. Numbers of 32 bits come first, then 64-bit floats:
 *
 * | part | index | content | unit | written by |
 * | --- | --- | --- | --- | --- |
 * | words | `group * 3 + 0` | channels in the group | count | main |
 * | | `+ 1` | type: 0 round robin, 1 hash | | main |
 * | | `+ 2` | cursor: where the next round robin choice begins | channel | any thread, atomic |
 * | words | `CHANNELS + slot * 5 + 0` | 1 enabled, 0 disabled | | main; a worker may clear it (-a) |
 * | | `+ 1` | maxc | connections | main |
 * | | `+ 2` | IPv4 address | unsigned 32 bit | main |
 * | | `+ 3` | port as typed | | main |
 * | | `+ 4` | c: connections now | connections | any thread, atomic |
 * | words | `SHARES + worker * SLOTS + slot` | the worker's part of c | connections | that worker; main when it is dead |
 * | floats | `worker * SLOTS * 3 + slot * 3 + 0` | totalc since start | connections | that worker |
 * | | `+ 1` | sent since start | bytes | that worker |
 * | | `+ 2` | rcvd since start | bytes | that worker |
 * | floats | behind the last worker, `slot * 3 + 0..2` | what `reset` subtracts | | main |
 *
 * Counters have one writer each, so they need no atomic step; a reader sums them over the workers.
 *
 * @module
 */
import { type GroupType, MAX_CHANNELS, MAX_GROUPS } from "./spec.ts";

/** Most channels of the whole table. */
export const SLOTS = MAX_GROUPS * MAX_CHANNELS;

const GROUP_WORDS = 3;
const CHANNEL_WORDS = 5;
const CHANNELS = MAX_GROUPS * GROUP_WORDS;
const SHARES = CHANNELS + SLOTS * CHANNEL_WORDS;
const COUNTERS = 3;

/** The table as every thread sees it. */
export interface Table {
  /** How many threads count in it. */
  readonly workers: number;
  /** The memory itself, to hand to a thread. */
  readonly memory: SharedArrayBuffer;
  /** 32-bit part, see the layout above. */
  readonly words: Int32Array<SharedArrayBuffer>;
  /** 64-bit part, see the layout above. */
  readonly floats: Float64Array<SharedArrayBuffer>;
}

/** A read-only copy of one channel. */
export interface ChannelView {
  /** Group it belongs to, from 0. */
  readonly group: number;
  /** Number inside its group, from 0. */
  readonly channel: number;
  /** Whether it gets connections. */
  readonly enabled: boolean;
  /** IPv4 address as an unsigned 32-bit number. */
  readonly address: number;
  /** Port as typed; may lie outside 0..65535. */
  readonly port: number;
  /** Most simultaneous connections; 0 is no limit, below 0 none at all. */
  readonly maxc: number;
  /** Connections now, attempts included. */
  readonly c: number;
  /** Connections ever assigned since start or reset. */
  readonly totalc: number;
  /** Bytes from clients to the server since start or reset. */
  readonly sent: number;
  /** Bytes from the server to clients since start or reset. */
  readonly received: number;
}

/** A decided write to the table, carried out by {@link apply}. */
export type Change =
  | { readonly kind: "status"; readonly slot: number; readonly enabled: boolean }
  | { readonly kind: "maxc"; readonly slot: number; readonly maxc: number }
  | {
    readonly kind: "address";
    readonly slot: number;
    readonly address: number;
    readonly port: number;
  }
  | { readonly kind: "reset"; readonly slot: number }
  | { readonly kind: "type"; readonly group: number; readonly type: GroupType }
  | {
    readonly kind: "create";
    readonly group: number;
    readonly address: number;
    readonly port: number;
    readonly maxc: number;
    readonly enabled: boolean;
  };

/**
 * Makes an empty table.
 *
 * @param workers Threads that will count in it, at least 1.
 */
export function createTable(workers: number): Table {
  const words = SHARES + workers * SLOTS;
  const floats = (workers + 1) * SLOTS * COUNTERS;
  return openTable(new SharedArrayBuffer(floatsAt(words) + floats * 8), workers);
}

/**
 * Opens a table that another thread made.
 *
 * @param memory Its {@link Table.memory}.
 * @param workers Its {@link Table.workers}.
 */
export function openTable(memory: SharedArrayBuffer, workers: number): Table {
  const words = SHARES + workers * SLOTS;
  return {
    workers,
    memory,
    words: new Int32Array(memory, 0, words),
    floats: new Float64Array(memory, floatsAt(words)),
  };
}

function floatsAt(words: number): number {
  return Math.ceil(words / 2) * 8;
}

/** The number of a channel over the whole table. */
export function slotOf(group: number, channel: number): number {
  return group * MAX_CHANNELS + channel;
}

/** The group that a slot belongs to. */
export function groupOf(slot: number): number {
  return Math.floor(slot / MAX_CHANNELS);
}

/** The number of a slot inside its group. */
export function channelOf(slot: number): number {
  return slot % MAX_CHANNELS;
}

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

function channelWord(slot: number): number {
  return CHANNELS + slot * CHANNEL_WORDS;
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
  Atomics.sub(table.words, SHARES + worker * SLOTS + slot, 1);
  Atomics.sub(table.words, channelWord(slot) + 4, 1);
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

/**
 * The index in {@link Table.floats} of a worker's totalc for a channel; sent and rcvd follow.
 *
 * The relay counts every chunk through it, so it is looked up once a connection.
 */
export function counterIndex(worker: number, slot: number): number {
  return (worker * SLOTS + slot) * COUNTERS;
}

/** Adds to a counter of the calling thread. */
export function add(table: Table, index: number, amount: number): void {
  table.floats[index] = (table.floats[index] ?? 0) + amount;
}

function counter(table: Table, slot: number, which: number): number {
  let sum = 0;
  for (let worker = 0; worker < table.workers; worker++) {
    sum += table.floats[counterIndex(worker, slot) + which] ?? 0;
  }
  return sum;
}

/** Copies one channel. */
export function viewChannel(table: Table, slot: number): ChannelView {
  const at = channelWord(slot);
  const base = counterIndex(table.workers, slot);
  const [totalc = 0, sent = 0, received = 0] = [0, 1, 2].map((which) =>
    counter(table, slot, which) - (table.floats[base + which] ?? 0)
  );
  return {
    group: groupOf(slot),
    channel: channelOf(slot),
    enabled: Atomics.load(table.words, at) === 1,
    address: Atomics.load(table.words, at + 2) >>> 0,
    port: Atomics.load(table.words, at + 3),
    maxc: Atomics.load(table.words, at + 1),
    c: Atomics.load(table.words, at + 4),
    totalc,
    sent,
    received,
  };
}

/** Copies all channels, groups ascending. */
export function viewTable(table: Table): ChannelView[] {
  const views: ChannelView[] = [];
  for (let group = 0; group < MAX_GROUPS; group++) {
    const count = channelCount(table, group);
    for (let channel = 0; channel < count; channel++) {
      views.push(viewChannel(table, slotOf(group, channel)));
    }
  }
  return views;
}

/** Carries out decided writes; to be called by the main thread only. */
export function apply(table: Table, changes: readonly Change[]): void {
  for (const change of changes) applyOne(table, change);
}

function applyOne(table: Table, change: Change): void {
  switch (change.kind) {
    case "status":
      Atomics.store(table.words, channelWord(change.slot), change.enabled ? 1 : 0);
      break;
    case "maxc":
      Atomics.store(table.words, channelWord(change.slot) + 1, change.maxc);
      break;
    case "address":
      Atomics.store(table.words, channelWord(change.slot) + 2, change.address);
      Atomics.store(table.words, channelWord(change.slot) + 3, change.port);
      break;
    case "reset":
      for (let which = 0; which < COUNTERS; which++) {
        const base = counterIndex(table.workers, change.slot) + which;
        table.floats[base] = counter(table, change.slot, which);
      }
      break;
    case "type":
      Atomics.store(table.words, change.group * GROUP_WORDS + 1, change.type === "hash" ? 1 : 0);
      break;
    case "create": {
      const channel = channelCount(table, change.group);
      const slot = slotOf(change.group, channel);
      applyOne(table, { kind: "address", slot, address: change.address, port: change.port });
      applyOne(table, { kind: "maxc", slot, maxc: change.maxc });
      applyOne(table, { kind: "status", slot, enabled: change.enabled });
      // The count comes last: until then no other thread looks at the channel.
      Atomics.store(table.words, change.group * GROUP_WORDS, channel + 1);
      break;
    }
  }
}
