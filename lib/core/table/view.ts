/**
 * Read-only copies of channels, for reports and decisions.
 *
 * @module
 */
import { channelCount, counter, isTaken } from "./access.ts";
import { WEIGHT_UNIT } from "../weight.ts";
import type { Endpoint } from "../net/socket_address.ts";
import { readEndpoint } from "./endpoint.ts";
import { decodeFlags, type Flags } from "./flags.ts";
import {
  channelOf,
  channelWord,
  counterIndex,
  type CounterName,
  groupOf,
  MAX_GROUPS,
  OBSERVED,
  type Observed,
  PRESENCES,
  slotOf,
  type Table,
} from "./schema.ts";

/** A read-only copy of one channel. */
export interface ChannelView {
  /** Group it belongs to, from 0. */
  readonly group: number;
  /** Number inside its group, from 0. */
  readonly channel: number;
  /** Whether its record is gone: it gets nobody, and goes with its last connection. */
  readonly leaving: boolean;
  /** Whether the operator wants it to get connections. */
  readonly enabled: boolean;
  /** Whether the operator waits for its connections to end. */
  readonly draining: boolean;
  /** What is observed of it. */
  readonly observed: Observed;
  /** Share of new connections, 0 to 1000. */
  readonly weight: number;
  /** The share that counts now, 0 to 1000. */
  readonly effectiveWeight: number;
  /** What it is used for. */
  readonly flags: Flags;
  /** Where its connections go. */
  readonly endpoint: Endpoint;
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
  const word = (field: Parameters<typeof channelWord>[1]): number =>
    Atomics.load(table.words, channelWord(slot, field));
  const sinceReset = (name: CounterName): number =>
    counter(table, slot, name) - (table.floats[counterIndex(table.workers, slot, name)] ?? 0);
  return {
    group: groupOf(slot),
    channel: channelOf(slot),
    leaving: word("presence") === PRESENCES.indexOf("leaving"),
    enabled: word("enabled") === 1,
    draining: word("draining") === 1,
    observed: OBSERVED[word("observed")] ?? "up",
    weight: word("weight"),
    effectiveWeight: word("effectiveWeight") / WEIGHT_UNIT,
    flags: decodeFlags(word("flags")),
    endpoint: readEndpoint(table, slot),
    port: word("port"),
    maxc: word("maxc"),
    c: word("connections"),
    totalc: sinceReset("totalc"),
    sent: sinceReset("sent"),
    received: sinceReset("received"),
  };
}

/** Paths of the Unix sockets that channels lead to, each once. */
export function unixPaths(table: Table): string[] {
  const paths = viewTable(table).flatMap(({ endpoint }) =>
    endpoint.family === "unix" ? [endpoint.path] : []
  );
  return [...new Set(paths)];
}

/** Copies all channels, groups ascending. */
export function viewTable(table: Table): ChannelView[] {
  const views: ChannelView[] = [];
  for (let group = 0; group < MAX_GROUPS; group++) {
    const count = channelCount(table, group);
    for (let channel = 0; channel < count; channel++) {
      const slot = slotOf(group, channel);
      if (isTaken(table, slot)) views.push(viewChannel(table, slot));
    }
  }
  return views;
}
