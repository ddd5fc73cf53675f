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
import { MAX_CHANNELS, MAX_GROUPS } from "../command_line/spec.ts";

/** Most channels of the whole table. */
export const SLOTS: number = MAX_GROUPS * MAX_CHANNELS;

/** Words of one group. */
export const GROUP_WORDS = 3;

const CHANNEL_WORDS = 5;

const CHANNELS = MAX_GROUPS * GROUP_WORDS;

/** Where the workers' parts of c begin, in words. */
export const SHARES: number = CHANNELS + SLOTS * CHANNEL_WORDS;

/** Counters of a channel for each worker: totalc, sent, rcvd. */
export const COUNTERS = 3;

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

/** The index in {@link Table.words} of a channel's first word. */
export function channelWord(slot: number): number {
  return CHANNELS + slot * CHANNEL_WORDS;
}

/**
 * The index in {@link Table.floats} of a worker's totalc for a channel; sent and rcvd follow.
 *
 * The relay counts every chunk through it, so it is looked up once a connection.
 */
export function counterIndex(worker: number, slot: number): number {
  return (worker * SLOTS + slot) * COUNTERS;
}
