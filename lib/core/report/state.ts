/**
 * From the table, and what else is known, to the documents and to what metrics are made of.
 *
 * @module
 */
import { connections, counter, methodOf } from "../table/access.ts";
import { refusalCounts, waitingCount } from "../table/clients.ts";
import { connectHistogram, durationHistogram, endCounts } from "../table/ends.ts";
import {
  CONNECT_SCALE,
  DURATION_SCALE,
  type Histogram,
  mergeHistograms,
  quantile,
  type Scale,
} from "../table/histogram.ts";
import { MAX_GROUPS, slotOf, type Table } from "../table/schema.ts";
import { type ChannelView, viewTable } from "../table/view.ts";
import { formatHost } from "../net/socket_address.ts";
import { formatTime } from "../time_of_day.ts";
import type {
  ChannelDocument,
  ChannelHealthDocument,
  CheckDocument,
  EngineName,
  QuantilesDocument,
  StateDocument,
  TotalsDocument,
} from "./documents.ts";
import type { HealthView } from "./health.ts";
import type { ChannelMetrics, HistogramView, MetricsView } from "./metrics.ts";
import type { WorkerView } from "./report.ts";

/** What an instance is, beside its table. Times are in ms since 1970. */
export interface InstanceFacts {
  /** Version of the program. */
  readonly version: string;
  /** Process id. */
  readonly pid: number;
  /** When it began. */
  readonly startedMs: number;
  /** The number that names it. */
  readonly port: number;
  /** The address that it listens on. */
  readonly bind: string;
  /** What moves the bytes. */
  readonly engine: EngineName;
}

/** What is looked at for a document. */
export interface Look {
  /** What the instance is. */
  readonly facts: InstanceFacts;
  /** The channel table. */
  readonly table: Table;
  /** Now, in ms since 1970. */
  readonly nowMs: number;
  /** The threads. */
  readonly workers: readonly WorkerView[];
  /** What is known of each channel's health, by slot. */
  readonly health: ReadonlyMap<number, HealthView>;
  /** How long connects took lately, by slot; values in ms. */
  readonly recent: ReadonlyMap<number, Histogram>;
}

/** The document of `show json`. */
export function stateDocument(look: Look): StateDocument {
  const { facts, table, nowMs, workers } = look;
  const views = viewTable(table);
  const groups = Array.from({ length: MAX_GROUPS }, (_, group) => group)
    .filter((group) => views.some((view) => view.group === group));
  return {
    version: facts.version,
    pid: facts.pid,
    started: formatTime(facts.startedMs),
    now: formatTime(nowMs),
    port: facts.port,
    bind: facts.bind,
    engine: facts.engine,
    listening: workers.some(({ state }) => state === "running"),
    workers: workers.map(({ worker, state, c, totalc, restarts }) => ({
      worker,
      state,
      connections: c,
      totalConnections: totalc,
      restarts,
    })),
    totals: totalsOf(look, views),
    groups: groups.map((group) => ({
      group,
      method: methodOf(table, group),
      channels: views.filter((view) => view.group === group)
        .map((view) => channelDocument(look, view)),
    })),
  };
}

function totalsOf({ table, recent }: Look, views: readonly ChannelView[]): TotalsDocument {
  const sum = (of: (view: ChannelView) => number): number =>
    views.reduce((total, view) => total + of(view), 0);
  const present = views.filter(({ leaving }) => !leaving);
  const enabled = present.filter((view) => view.enabled);
  const refusals = Object.entries(refusalCounts(table)).filter(([, count]) => count > 0);
  return {
    channels: present.length,
    enabled: enabled.length,
    up: enabled.filter(({ observed }) => observed === "up").length,
    connections: sum(({ c }) => c),
    totalConnections: sum(({ totalc }) => totalc),
    sentBytes: sum(({ sent }) => sent),
    receivedBytes: sum(({ received }) => received),
    waiting: waitingCount(table),
    refusedClients: Object.fromEntries(refusals),
    connectMs: quantilesOf(mergeHistograms([...recent.values()], CONNECT_SCALE)),
  };
}

function channelDocument(look: Look, view: ChannelView): ChannelDocument {
  const { table, nowMs, recent } = look;
  const slot = slotOf(view.group, view.channel);
  const health = look.health.get(slot);
  const lately = recent.get(slot);
  return {
    channel: view.channel,
    name: health?.name ?? formatHost(view.endpoint),
    address: formatHost(view.endpoint),
    port: view.port,
    enabled: view.enabled && !view.leaving,
    draining: view.draining && view.c > 0,
    state: view.observed,
    since: formatTime(nowMs - (health?.forMs ?? 0)),
    reason: health?.reason ?? null,
    weight: view.weight,
    effectiveWeight: view.observed === "up" ? view.effectiveWeight : 0,
    backup: view.flags.backup,
    maxc: view.maxc,
    connections: view.c,
    totalConnections: view.totalc,
    sentBytes: view.sent,
    receivedBytes: view.received,
    connectFailures: failuresOf(table, slot),
    connectMs: lately === undefined ? { p50: null, p99: null } : quantilesOf(lately),
    check: health === undefined ? null : checkDocument(health, nowMs),
  };
}

function failuresOf(table: Table, slot: number): { refused: number; timeout: number } {
  return { refused: counter(table, slot, "refused"), timeout: counter(table, slot, "timedOut") };
}

function quantilesOf(histogram: Histogram): QuantilesDocument {
  return { p50: rounded(histogram, 0.5), p99: rounded(histogram, 0.99) };
}

function rounded(histogram: Histogram, part: number): number | null {
  const value = quantile(histogram, CONNECT_SCALE, part);
  return value === null ? null : Number(value.toPrecision(3));
}

function checkDocument({ check, last }: HealthView, nowMs: number): CheckDocument | null {
  if (check === undefined || last === undefined) return null;
  return {
    kind: check,
    result: last.reason,
    ms: Number(last.tookMs.toFixed(1)),
    at: formatTime(nowMs - last.agoMs),
  };
}

/** The channels of `health json`. */
export function healthDocuments(
  views: readonly HealthView[],
  nowMs: number,
): ChannelHealthDocument[] {
  return views.map((view) => ({
    group: view.group,
    channel: view.channel,
    name: view.name,
    enabled: view.enabled,
    state: view.observed,
    since: formatTime(nowMs - view.forMs),
    reason: view.reason ?? null,
    check: checkDocument(view, nowMs),
    failuresInARow: view.failures,
    trialInSeconds: view.trial === undefined
      ? null
      : view.trial === "now"
      ? 0
      : Number((view.trial / 1000).toFixed(1)),
    downs: view.downs,
    ejections: view.ejections,
  }));
}

/** All that is counted. */
export function metricsView(look: Omit<Look, "recent" | "workers">): MetricsView {
  const { facts, table } = look;
  const views = viewTable(table);
  const slots = views.map(({ group, channel }) => slotOf(group, channel));
  const channels = views.map((view) => channelMetrics(look, view));
  const connects = mergeHistograms(
    slots.map((slot) => connectHistogram(table, slot)),
    CONNECT_SCALE,
  );
  return {
    version: facts.version,
    engine: facts.engine,
    startedSeconds: facts.startedMs / 1000,
    connections: slots.reduce((sum, slot) => sum + connections(table, slot), 0),
    totalConnections: channels.reduce((sum, each) => sum + each.totalConnections, 0),
    waiting: waitingCount(table),
    refused: refusalCounts(table),
    ends: endCounts(table, slots),
    channels,
    connectSeconds: inSeconds(connects, CONNECT_SCALE),
    durationSeconds: inSeconds(durationHistogram(table), DURATION_SCALE),
  };
}

function channelMetrics(
  look: Pick<Look, "table" | "health">,
  view: ChannelView,
): ChannelMetrics {
  const { table } = look;
  const { group, channel } = view;
  const slot = slotOf(group, channel);
  const health = look.health.get(slot);
  return {
    group,
    channel,
    name: health?.name ?? formatHost(view.endpoint),
    connections: view.c,
    totalConnections: counter(table, slot, "totalc"),
    sentBytes: counter(table, slot, "sent"),
    receivedBytes: counter(table, slot, "received"),
    enabled: view.enabled && !view.leaving,
    state: view.observed,
    weight: view.weight,
    maxc: view.maxc,
    connectFailures: failuresOf(table, slot),
    checks: health?.checks ?? { good: 0, bad: 0 },
    transitions: health?.transitions ?? { up: 0, down: 0, ejected: 0, unresolved: 0 },
  };
}

function inSeconds({ counts, sum }: Histogram, { bounds }: Scale): HistogramView {
  return { bounds: bounds.map((ms) => ms / 1000), counts, sum: sum / 1000 };
}
