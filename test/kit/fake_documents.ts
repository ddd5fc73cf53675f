/**
 * Documents of an instance that does not exist: some groups with traffic that is the same each time.
 *
 * @module
 */
import type {
  CausesDocument,
  ChannelDocument,
  ConnectionDocument,
  ConnectionsDocument,
  GroupDocument,
  HealthDocument,
  StateDocument,
  TotalsDocument,
} from "../../lib/core/report/documents.ts";

/** What may be changed. */
type Mutable<Type> = { -readonly [Key in keyof Type]: Type[Key] };
/** A channel that may be changed. */
export type FakeChannel = Mutable<ChannelDocument> & {
  /** New connections a second. */
  load: number;
};
/** A group whose channels may be changed. */
export interface FakeGroup {
  readonly group: number;
  readonly method: GroupDocument["method"];
  readonly channels: FakeChannel[];
}

/** Seconds that a connection lives. */
const LIFE = 3.8;
const CLIENTS = 240;

/** A channel that is up and has some load. */
export function fakeChannel(
  channel: number,
  name: string,
  now: number,
  changes: Partial<FakeChannel> = {},
): FakeChannel {
  return {
    channel,
    name,
    address: `10.0.0.${11 + channel}`,
    port: 80,
    enabled: true,
    draining: false,
    state: "up",
    since: new Date(now - 6.4 * 86_400_000).toISOString(),
    reason: null,
    weight: 1,
    effectiveWeight: 1,
    backup: false,
    maxc: 0,
    connections: 0,
    totalConnections: 5000,
    sentBytes: 0,
    receivedBytes: 0,
    connectFailures: { refused: 0, timeout: 0 },
    connectMs: { p50: null, p99: null },
    check: { kind: "http:/up", result: "ok", ms: 0.6, at: new Date(now).toISOString() },
    load: 100,
    ...changes,
  };
}

/** A world whose time goes on by calls. */
export class FakeWorld {
  /** The process that it claims to be. */
  pid = 4711;
  /** When it claims to have begun. */
  started: string;
  #random = 12345;

  /** @param now Its time, in ms. */
  constructor(public now: number, readonly groups: readonly FakeGroup[]) {
    this.started = new Date(now - 6.2 * 86_400_000).toISOString();
  }

  /** A channel. */
  channel(group: number, channel: number): FakeChannel {
    const found = this.groups.find((each) => each.group === group)?.channels[channel];
    if (found === undefined) throw new Error(`No channel ${group}.${channel}`);
    return found;
  }

  /** Lets time pass, with its traffic. */
  pass(seconds: number): void {
    this.now += 1000 * seconds;
    // Load rises and falls over minutes, and is never quite the same.
    const tide = 1 + 0.2 * Math.sin(this.now / 97_000) + 0.1 * Math.sin(this.now / 31_000);
    for (const { channels } of this.groups) {
      for (const channel of channels) this.#move(channel, tide, seconds);
    }
  }

  /** `/api/state`. */
  state(): StateDocument {
    return {
      version: "1.1.0",
      pid: this.pid,
      started: this.started,
      now: new Date(this.now).toISOString(),
      port: 8888,
      bind: "0.0.0.0",
      engine: "deno",
      listening: true,
      workers: [
        { worker: 0, state: "running", connections: 0, totalConnections: 0, restarts: 0 },
      ],
      totals: this.#totals(),
      groups: this.groups.map(({ group, method, channels }) => ({
        group,
        method,
        channels: channels.map(({ load: _, ...channel }) => ({ ...channel })),
      })),
    };
  }

  /** `/api/conns`. */
  connections(group: number, channel: number): ConnectionsDocument {
    const { connections: count, address, port } = this.channel(group, channel);
    const connections = Array.from(
      { length: Math.min(count, 1000) },
      (_, at): ConnectionDocument => ({
        client: `192.0.2.${1 + (at * 7) % CLIENTS}:${50_000 + (at * 131) % 9000}`,
        group,
        channel,
        server: `${address}:${port}`,
        ageSeconds: Math.round(2400 / (1 + at / 4)) / 10,
        idleSeconds: at % 5,
        sentBytes: 1300 * (1 + at % 9),
        receivedBytes: 88_000 * (1 + at % 13),
        phase: "relaying",
      }),
    );
    return { connections, omitted: count - connections.length };
  }

  /** `/api/causes`, of one channel or of all. */
  causes(group?: number, channel?: number): CausesDocument {
    const one = group === undefined || channel === undefined
      ? undefined
      : this.channel(group, channel);
    const all = this.#channels();
    const sum = (pick: (channel: FakeChannel) => number): number =>
      (one === undefined ? all : [one]).reduce((total, each) => total + pick(each), 0);
    const refused = sum(({ connectFailures }) => connectFailures.refused);
    const ended = sum(({ totalConnections, connections }) => totalConnections - connections) -
      refused;
    const shares = {
      "client closed": 0.81,
      "server closed": 0.17,
      "idle": 0.015,
      "client reset": 0.005,
    };
    const counts = [
      ...Object.entries(shares).map(([cause, share]) => ({
        cause,
        count: Math.round(ended * share),
      })),
      { cause: "connect refused", count: refused },
    ];
    return {
      causes: counts.filter(({ count }) => count > 0).toSorted((a, b) => b.count - a.count)
        .map(({ cause, count }) => ({
          cause,
          count,
          last: {
            at: new Date(this.now - 400).toISOString(),
            client: "192.0.2.7:51230",
            group: group ?? 0,
            channel: channel ?? 0,
            server: "10.0.0.11:80",
          },
        })),
    };
  }

  /** `/api/health`. */
  health(): HealthDocument {
    return {
      channels: this.groups.flatMap(({ group, channels }) =>
        channels.map(({ channel, name, enabled, state, since, reason, check }) => ({
          group,
          channel,
          name,
          enabled,
          state,
          since,
          reason,
          check,
          failuresInARow: state === "up" ? 0 : 3,
          trialInSeconds: null,
          downs: state === "up" ? 0 : 1,
          ejections: 0,
        }))
      ),
    };
  }

  #move(channel: FakeChannel, tide: number, seconds: number): void {
    const serves = channel.enabled && channel.state === "up";
    const fresh = serves
      ? Math.round(channel.load * tide * (0.92 + 0.16 * this.#chance()) * seconds)
      : 0;
    const target = serves
      ? Math.round(channel.load * tide * LIFE * (0.97 + 0.06 * this.#chance()))
      : 0;
    channel.totalConnections += fresh;
    channel.connections = serves ? target : Math.floor(channel.connections * 0.7);
    channel.sentBytes += fresh * 13_000;
    channel.receivedBytes += fresh * 274_000;
    channel.connectMs = serves && channel.load > 0
      ? { p50: 0.3, p99: 1.6 + 0.4 * this.#chance() }
      : { p50: null, p99: null };
    if (channel.check !== null) {
      const good = channel.state === "up";
      const at = new Date(this.now - 700).toISOString();
      const result = good ? "ok" : "http 503";
      channel.check = { ...channel.check, result, ms: good ? 0.4 + 0.4 * this.#chance() : 1.1, at };
    }
  }

  #channels(): FakeChannel[] {
    return this.groups.flatMap(({ channels }) => channels);
  }

  #totals(): TotalsDocument {
    const channels = this.#channels();
    const enabled = channels.filter((channel) => channel.enabled);
    const sum = (pick: (channel: FakeChannel) => number): number =>
      channels.reduce((total, channel) => total + pick(channel), 0);
    const known = channels.flatMap(({ connectMs: { p99 } }) => p99 ?? []);
    return {
      channels: channels.length,
      enabled: enabled.length,
      up: enabled.filter(({ state }) => state === "up").length,
      connections: sum(({ connections }) => connections),
      totalConnections: sum(({ totalConnections }) => totalConnections),
      sentBytes: sum(({ sentBytes }) => sentBytes),
      receivedBytes: sum(({ receivedBytes }) => receivedBytes),
      waiting: 0,
      refusedClients: {},
      connectMs: known.length === 0
        ? { p50: null, p99: null }
        : { p50: 0.3, p99: Math.max(...known) },
    };
  }

  /** The same numbers each time. */
  #chance(): number {
    this.#random = (this.#random * 1_103_515_245 + 12_345) % 2 ** 31;
    return this.#random / 2 ** 31;
  }
}
