/**
 * An instance that is only looked at: two channels, numbers that tests can set.
 *
 * @module
 */
import type {
  CausesDocument,
  ChannelDocument,
  ConnectionsDocument,
  EventDocument,
  HealthDocument,
  StateDocument,
} from "../../lib/core/report/documents.ts";
import type { InstanceView } from "../../lib/core/report/instance_view.ts";
import type { ChannelMetrics, MetricsView } from "../../lib/core/report/metrics.ts";

const TIME = "2026-11-25T12:00:00.000Z";
const QUANTILES = { p50: 0.4, p99: 2.5 };

/** What is counted of a channel. */
export function channelMetrics(channel: number, name: string): ChannelMetrics {
  return {
    group: 0,
    channel,
    name,
    connections: 2,
    totalConnections: 10,
    sentBytes: 1000,
    receivedBytes: 2000,
    enabled: true,
    state: channel === 0 ? "up" : "down",
    weight: 1,
    maxc: 0,
    connectFailures: { refused: 3, timeout: 0 },
    checks: { good: 5, bad: 1 },
    transitions: { up: 1, down: 2, ejected: 0, unresolved: 0 },
  };
}

/** What is counted of an instance. */
export function metricsView(channels = [channelMetrics(0, "web1:80")]): MetricsView {
  return {
    version: "1.1.0",
    engine: "deno",
    startedSeconds: 1_700_000_000.5,
    connections: 2,
    totalConnections: 10,
    waiting: 0,
    refused: { denied: 0, rate: 4 },
    ends: { client: 7, server: 1 },
    channels,
    connectSeconds: { bounds: [0.0004, 0.0008, 0.0016], counts: [1, 2, 3, 4], sum: 0.5 },
    durationSeconds: { bounds: [0.008, 0.064, 0.512], counts: [4, 3, 2, 1], sum: 12 },
  };
}

/** A channel of a state. */
function channelDocument(channel: number, name: string): ChannelDocument {
  return {
    channel,
    name,
    address: "127.0.0.1",
    port: 80,
    enabled: true,
    draining: false,
    state: "up",
    since: TIME,
    reason: null,
    weight: 1,
    effectiveWeight: 1,
    backup: false,
    maxc: 0,
    connections: 2,
    totalConnections: 10,
    sentBytes: 1000,
    receivedBytes: 2000,
    connectFailures: { refused: 0, timeout: 0 },
    connectMs: QUANTILES,
    check: null,
  };
}

/** The fake. */
export class FakeView implements InstanceView {
  /** What {@link servable} says. */
  canServe = true;
  /** Channels of a state, two unless told. */
  channels = 2;
  /** How often a state was made. */
  states = 0;
  /** How often somebody began to listen to events. */
  subscriptions = 0;
  /** Who listens to events. */
  readonly listeners: Set<(event: EventDocument) => void> = new Set();
  /** What has happened. */
  readonly happened: EventDocument[] = [];
  /** What metrics say. */
  counted: MetricsView = metricsView([channelMetrics(0, "web1:80"), channelMetrics(1, 'a"b\\')]);

  state(): StateDocument {
    this.states++;
    const channels = Array.from(
      { length: this.channels },
      (_, at) => channelDocument(at, `web${at}:80`),
    );
    return {
      version: "1.1.0",
      pid: 4711,
      started: TIME,
      now: TIME,
      port: 8888,
      bind: "0.0.0.0",
      engine: "deno",
      listening: true,
      workers: [],
      totals: {
        channels: this.channels,
        enabled: this.channels,
        up: this.channels,
        connections: 2,
        totalConnections: 10,
        sentBytes: 0,
        receivedBytes: 0,
        waiting: 0,
        refusedClients: {},
        connectMs: QUANTILES,
      },
      groups: [{ group: 0, method: "rr", channels }],
    };
  }

  /** Says by what it omits which channel it was asked for. */
  connections(slot = 0): Promise<ConnectionsDocument> {
    return Promise.resolve({ connections: [], omitted: slot });
  }

  causes(): Promise<CausesDocument> {
    return Promise.resolve({ causes: [] });
  }

  health(): HealthDocument {
    return { channels: [] };
  }

  metrics(): MetricsView {
    return this.counted;
  }

  servable(): boolean {
    return this.canServe;
  }

  recentEvents(): readonly EventDocument[] {
    return this.happened;
  }

  subscribe(listener: (event: EventDocument) => void): Disposable {
    this.subscriptions++;
    this.listeners.add(listener);
    return { [Symbol.dispose]: () => void this.listeners.delete(listener) };
  }

  /** Lets something happen. */
  happen(text: string): void {
    const event = { at: TIME, kind: "transition", level: "notice", text } as const;
    this.happened.push(event);
    for (const listener of this.listeners) listener(event);
  }
}
