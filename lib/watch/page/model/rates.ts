/**
 * What happened in the last full second: the difference of two states.
 *
 * @module
 */
import type { ChannelDocument, StateDocument } from "../../../core/report/documents.ts";

/** What only ever grows, until it is reset. */
export interface Counters {
  /** Connections ever given. */
  readonly opened: number;
  /** Bytes from clients. */
  readonly sent: number;
  /** Bytes to clients. */
  readonly received: number;
  /** Connects that failed. */
  readonly failed: number;
}

/** The same a second; `NaN` while it is not known. */
export type Rates = Counters;

/** Nothing is known. */
export const NO_RATES: Rates = { opened: NaN, sent: NaN, received: NaN, failed: NaN };

/** The counters of a channel. */
export function channelCounters(channel: ChannelDocument): Counters {
  const { refused, timeout } = channel.connectFailures;
  return {
    opened: channel.totalConnections,
    sent: channel.sentBytes,
    received: channel.receivedBytes,
    failed: refused + timeout,
  };
}

/** The counters of the whole instance. */
export function totalCounters({ totals, groups }: StateDocument): Counters {
  let failed = 0;
  for (const { channels } of groups) {
    for (const { connectFailures: { refused, timeout } } of channels) failed += refused + timeout;
  }
  return {
    opened: totals.totalConnections,
    sent: totals.sentBytes,
    received: totals.receivedBytes,
    failed,
  };
}

/** The rates between two looks; a counter that has shrunk was reset, and says nothing. */
export function ratesBetween(before: Counters, after: Counters, seconds: number): Rates {
  const rate = (from: number, to: number): number => to < from ? NaN : (to - from) / seconds;
  return {
    opened: rate(before.opened, after.opened),
    sent: rate(before.sent, after.sent),
    received: rate(before.received, after.received),
    failed: rate(before.failed, after.failed),
  };
}
