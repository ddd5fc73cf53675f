/**
 * Read-only copies of channels, for reports and decisions.
 *
 * @module
 */
import { channelOf, channelWord, counterIndex, groupOf, slotOf, type Table } from "./layout.ts";
import { MAX_GROUPS } from "../command_line/spec.ts";
import { channelCount, counter } from "./access.ts";

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
