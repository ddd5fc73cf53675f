/**
 * What is counted, for metrics.
 *
 * @module
 */
import type { Observed } from "../table/schema.ts";
import type { EngineName } from "./documents.ts";

/** All that is counted of an instance. Counts are since the start, whatever was `reset` for `show`. */
export interface MetricsView {
  /** Version of the program. */
  readonly version: string;
  /** What moves the bytes. */
  readonly engine: EngineName;
  /** When the instance began, in seconds since 1970. */
  readonly startedSeconds: number;
  /** Connections now, attempts included. */
  readonly connections: number;
  /** Connections ever given to a channel. */
  readonly totalConnections: number;
  /** Clients that wait because every channel is full. */
  readonly waiting: number;
  /** Clients that were refused, by reason; every reason is there. */
  readonly refused: Readonly<Record<string, number>>;
  /** Connections that have ended, by cause; every cause is there. */
  readonly ends: Readonly<Record<string, number>>;
  /** All channels, ascending. */
  readonly channels: readonly ChannelMetrics[];
  /** How long connects took, in seconds. */
  readonly connectSeconds: HistogramView;
  /** How long connections lasted, in seconds. */
  readonly durationSeconds: HistogramView;
}

/** What is counted of a channel. */
export interface ChannelMetrics {
  /** Group it belongs to. */
  readonly group: number;
  /** Number inside its group. */
  readonly channel: number;
  /** What it is called. */
  readonly name: string;
  /** Connections now, attempts included. */
  readonly connections: number;
  /** Connections ever given. */
  readonly totalConnections: number;
  /** Bytes from clients to the server. */
  readonly sentBytes: number;
  /** Bytes from the server to clients. */
  readonly receivedBytes: number;
  /** Whether the operator wants it to get clients. */
  readonly enabled: boolean;
  /** What is observed of it. */
  readonly state: Observed;
  /** Share of new connections, 0 to 1000. */
  readonly weight: number;
  /** Most connections at once; 0 is no limit. */
  readonly maxc: number;
  /** Connects that failed, by reason. */
  readonly connectFailures: { readonly refused: number; readonly timeout: number };
  /** Checks that have ended, by result. */
  readonly checks: { readonly good: number; readonly bad: number };
  /** How often it came into a state, the one at the start left out. */
  readonly transitions: Readonly<Record<Observed, number>>;
}

/** A histogram whose buckets do not overlap. */
export interface HistogramView {
  /** Upper bounds of the buckets, ascending; the last bucket has none. */
  readonly bounds: readonly number[];
  /** How many values are in each bucket: one more than there are bounds. */
  readonly counts: readonly number[];
  /** Sum of all values. */
  readonly sum: number;
}
