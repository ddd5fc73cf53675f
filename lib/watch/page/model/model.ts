/**
 * What the page knows: the newest state, its rates, and ten minutes of history.
 *
 * States are folded in one by one. Memory is bounded by the number of channels that the newest state has.
 *
 * @module
 */
import type { ChannelDocument, StateDocument } from "../../../core/report/documents.ts";
import {
  channelCounters,
  type Counters,
  NO_RATES,
  type Rates,
  ratesBetween,
  totalCounters,
} from "./rates.ts";
import { Timeline } from "./timeline.ts";
import { parseTime } from "./times.ts";

/** States that are nearer to each other than this make no rate: it would not be of a full second. */
const SHORTEST = 0.5;
/** States that lie further apart make no rate either: it would not be of the last second. */
const LONGEST = 3;

/** What is known of a channel, or of all of them. */
export class Track {
  /** Connections, second by second. */
  readonly connections: Timeline = new Timeline();
  /** New connections a second. */
  readonly opened: Timeline = new Timeline();
  /** Failed connects a second. */
  readonly failed: Timeline = new Timeline();
  /** The last full second. */
  rates: Rates = NO_RATES;
  #before: Counters | undefined;

  /** Begins for a place: a channel that leads elsewhere is another one. */
  constructor(readonly place: string) {}

  /** Takes a look in. @param seconds Time since the last one; `NaN` if they cannot be compared. */
  fold(second: number, seconds: number, connections: number, counters: Counters): void {
    const before = this.#before;
    this.rates = before === undefined || Number.isNaN(seconds)
      ? NO_RATES
      : ratesBetween(before, counters, seconds);
    this.#before = counters;
    this.connections.put(second, connections);
    this.opened.put(second, this.rates.opened);
    this.failed.put(second, this.rates.failed);
  }
}

/** What the page knows. */
export class Model {
  /** The newest state; undefined before the first one. */
  state: StateDocument | undefined;
  /** Sums over all channels. */
  readonly total: Track = new Track("");
  /** Bytes from clients a second. */
  readonly sent: Timeline = new Timeline();
  /** Bytes to clients a second. */
  readonly received: Timeline = new Timeline();
  /** Connect time of 99 of 100, in ms. */
  readonly p99: Timeline = new Timeline();
  /** The instance's time, in ms. */
  now: number = NaN;
  /** The newest second of the history. */
  second: number = NaN;
  readonly #channels = new Map<string, Track>();
  #compared = NaN;

  /** What is known of a channel of the newest state. */
  track(group: number, channel: number): Track | undefined {
    return this.#channels.get(channelKey(group, channel));
  }

  /** Takes a state in. @returns Whether it is of another process than the one before. */
  fold(state: StateDocument): boolean {
    const before = this.state;
    const restarted = before !== undefined &&
      (before.pid !== state.pid || before.started !== state.started);
    this.state = state;
    this.now = parseTime(state.now);
    const passed = (this.now - this.#compared) / 1000;
    if (!restarted && passed >= 0 && passed < SHORTEST) return restarted;
    this.#compared = this.now;
    this.second = Math.floor(this.now / 1000);
    const seconds = restarted || passed < 0 || passed > LONGEST ? NaN : passed;
    this.#foldTotals(state, seconds);
    this.#foldChannels(state, seconds);
    return restarted;
  }

  #foldTotals(state: StateDocument, seconds: number): void {
    const { total, second } = this;
    total.fold(second, seconds, state.totals.connections, totalCounters(state));
    this.sent.put(second, total.rates.sent);
    this.received.put(second, total.rates.received);
    this.p99.put(second, state.totals.connectMs.p99 ?? NaN);
  }

  #foldChannels({ groups }: StateDocument, seconds: number): void {
    const gone = new Set(this.#channels.keys());
    for (const { group, channels } of groups) {
      for (const channel of channels) {
        const key = channelKey(group, channel.channel);
        gone.delete(key);
        let track = this.#channels.get(key);
        if (track === undefined || track.place !== placeOf(channel)) {
          track = new Track(placeOf(channel));
          this.#channels.set(key, track);
        }
        track.fold(this.second, seconds, channel.connections, channelCounters(channel));
      }
    }
    for (const key of gone) this.#channels.delete(key);
  }
}

/** How a channel is told from the others: `0.1`. */
export function channelKey(group: number, channel: number): string {
  return `${group}.${channel}`;
}

/** Where a channel leads: `10.0.0.11:80`, or the path of a socket. */
export function placeOf({ address, port }: ChannelDocument): string {
  if (port === 0 && address.includes("/")) return address;
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}
