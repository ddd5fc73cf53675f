/**
 * What has been learnt of an instance: its newest state, rates and the last minute by the states before it, and events.
 *
 * @module
 */
import type { ChannelDocument, EventDocument, StateDocument } from "../report/documents.ts";
import { type History, NO_HISTORY, remember } from "./history.ts";
import { elapsedMs } from "./elapsed.ts";

/** How many events are remembered. */
const MAX_EVENTS = 200;
/** Rates are taken over a second; a state that is asked for sooner changes none. */
const LEAST_SPAN_MS = 900;

/** What a channel, or all of them, did in the last full second; `null` is not known. */
export interface Rates {
  /** New connections a second. */
  readonly connections: number | null;
  /** Bytes a second from clients to servers. */
  readonly sentBytes: number | null;
  /** Bytes a second from servers to clients. */
  readonly receivedBytes: number | null;
}

/** What is remembered of a channel, or of all of them. */
export interface Trace {
  /** The last full second. */
  readonly rates: Rates;
  /** New connections a second. */
  readonly rateHistory: History;
}

/** Names a channel. */
export interface ChannelId {
  /** Its group. */
  readonly group: number;
  /** Its number in the group. */
  readonly channel: number;
}

/** A channel with what is remembered of it. */
export interface Row extends ChannelId {
  /** Its newest state. */
  readonly document: ChannelDocument;
  /** What is remembered of it. */
  readonly trace: Trace;
}

/** What has been learnt. */
export interface Model {
  /** The newest state. */
  readonly state: StateDocument;
  /** All channels, ascending. */
  readonly rows: readonly Row[];
  /** All channels together. */
  readonly total: Trace;
  /** Connections of all channels together. */
  readonly connectionHistory: History;
  /** What has happened, the newest first. */
  readonly events: readonly EventDocument[];
  /** The state that the next rates are counted from. */
  readonly base: StateDocument;
}

/** Counters that only grow. */
type Counters = Pick<ChannelDocument, "totalConnections" | "sentBytes" | "receivedBytes">;

const NO_RATES: Rates = { connections: null, sentBytes: null, receivedBytes: null };
const NO_TRACE: Trace = { rates: NO_RATES, rateHistory: NO_HISTORY };

/** The beginning: one state, and no rates. */
export function beginModel(state: StateDocument): Model {
  return {
    state,
    rows: rowsOf(state).map((row) => ({ ...row, trace: NO_TRACE })),
    total: NO_TRACE,
    connectionHistory: remember(NO_HISTORY, state.totals.connections),
    events: [],
    base: state,
  };
}

/** Takes a newer state in. */
export function addState(model: Model, state: StateDocument): Model {
  const spanMs = elapsedMs(model.base.now, state.now) ?? 0;
  const known = new Map(model.rows.map((row) => [keyOf(row), row.trace]));
  // A clock that was set back begins anew.
  if (spanMs >= 0 && spanMs < LEAST_SPAN_MS) {
    const rows = rowsOf(state).map((row) => ({ ...row, trace: known.get(keyOf(row)) ?? NO_TRACE }));
    return { ...model, state, rows };
  }
  const before = new Map(rowsOf(model.base).map((row) => [keyOf(row), row.document]));
  const missed = Math.max(0, Math.round(spanMs / 1000) - 1);
  const next = (trace: Trace, from: Counters | undefined, to: Counters): Trace => {
    const rates = from === undefined || spanMs <= 0 ? NO_RATES : ratesBetween(from, to, spanMs);
    return { rates, rateHistory: remember(trace.rateHistory, rates.connections, missed) };
  };
  const rows = rowsOf(state).map((row) => ({
    ...row,
    trace: next(known.get(keyOf(row)) ?? NO_TRACE, before.get(keyOf(row)), row.document),
  }));
  return {
    ...model,
    state,
    rows,
    total: next(model.total, model.base.totals, state.totals),
    connectionHistory: remember(model.connectionHistory, state.totals.connections, missed),
    base: state,
  };
}

/** Takes an event in. */
export function addEvent(model: Model, event: EventDocument): Model {
  return { ...model, events: [event, ...model.events].slice(0, MAX_EVENTS) };
}

/** Whether two names are of the same channel. */
export function isSame(a: ChannelId, b: ChannelId): boolean {
  return a.group === b.group && a.channel === b.channel;
}

function keyOf({ group, channel }: ChannelId): string {
  return `${group}.${channel}`;
}

function rowsOf(state: StateDocument): Omit<Row, "trace">[] {
  return state.groups.flatMap(({ group, channels }) =>
    channels.map((document) => ({ group, channel: document.channel, document }))
  );
}

/** Rates of counters; one that was set back, by `reset` or because another channel has the number now, is not known. */
function ratesBetween(from: Counters, to: Counters, spanMs: number): Rates {
  const rate = (name: keyof Counters): number | null =>
    to[name] < from[name] ? null : (to[name] - from[name]) * 1000 / spanMs;
  return {
    connections: rate("totalConnections"),
    sentBytes: rate("sentBytes"),
    receivedBytes: rate("receivedBytes"),
  };
}
