/**
 * Limits for each client: `--max-conns-per-client N` and `--rate-per-client N/SEC`.
 *
 * The rate is a token bucket: a client may open N connections at once, and one more each SEC/N seconds. Its whole state is
 * one number, the time at which the bucket will be full again (the virtual scheduling form of the generic cell rate
 * algorithm, ITU-T I.371). Refused attempts take no token, so a client that hammers gets its rate all the same.
 *
 * @module
 */
import { unmapIpv4 } from "../net/ip_address.ts";
import { intervalMs, type Rate } from "./rate.ts";

/** Limits of one client. */
export interface ClientLimits {
  /** Most connections at a time; 0 is no limit. */
  readonly connections: number;
  /** Most new connections in a time; `undefined` is no limit. */
  readonly rate: Rate | undefined;
}

/** What the limits say of a new connection; anything but `admitted` is a reason to count a refused client by. */
export type Admission = "admitted" | "too many connections" | "too fast";

/** Clients that are remembered unless told otherwise: about 10 MB. */
export const DEFAULT_TRACKED = 65_536;

/** What is kept of a client. */
interface Client {
  /** Connections now. */
  connections: number;
  /** When its bucket is full again, in ms. */
  fullAt: number;
}

/**
 * Counts connections by client, for one thread.
 *
 * A client is kept while it has connections, and then until its bucket is full. When there are more than the bound, those
 * without connections are forgotten, the one that was idle longest first: such a client starts with a full bucket. So
 * memory is bounded by the greater of the bound and the connections of the thread.
 */
export class ClientCounts {
  #limits: ClientLimits;
  readonly #most: number;
  /** Clients with connections. */
  readonly #busy = new Map<ClientKey, Client>();
  /** Clients without connections, longest idle first. */
  readonly #idle = new Map<ClientKey, Client>();

  /**
   * Makes an empty count.
   *
   * @param limits What a client may have.
   * @param most Clients that are remembered, see above.
   */
  constructor(limits: ClientLimits, most: number = DEFAULT_TRACKED) {
    this.#limits = limits;
    this.#most = most;
  }

  /** How many clients are remembered. */
  get size(): number {
    return this.#busy.size + this.#idle.size;
  }

  /**
   * Changes the limits; connections that run are not touched and go on counting.
   *
   * What a client used up under a slower rate is cut down to an empty bucket of the new one.
   *
   * @param limits What a client may have from now on.
   * @param nowMs Time in ms of a clock that does not go back.
   */
  configure(limits: ClientLimits, nowMs: number): void {
    this.#limits = limits;
    const latest = nowMs + (limits.rate?.seconds ?? 0) * 1000;
    for (const clients of [this.#busy, this.#idle]) {
      for (const entry of clients.values()) entry.fullAt = Math.min(entry.fullAt, latest);
    }
  }

  /**
   * Says what {@link admit} would say, and counts nothing.
   *
   * @param client 16 bytes of address; IPv4 is mapped.
   * @param nowMs Time in ms of a clock that does not go back.
   */
  look(client: Uint8Array, nowMs: number): Admission {
    const key = keyOf(client);
    return this.#judge(this.#busy.get(key) ?? this.#idle.get(key), nowMs);
  }

  /**
   * Counts a new connection, if the limits allow it; {@link release} gives it back.
   *
   * @param client 16 bytes of address; IPv4 is mapped.
   * @param nowMs Time in ms of a clock that does not go back.
   */
  admit(client: Uint8Array, nowMs: number): Admission {
    const key = keyOf(client);
    const known = this.#busy.get(key) ?? this.#idle.get(key);
    const admission = this.#judge(known, nowMs);
    if (admission !== "admitted") {
      // A client that keeps trying is not the one to forget.
      if (this.#idle.delete(key) && known !== undefined) this.#idle.set(key, known);
      return admission;
    }
    const entry = known ?? { connections: 0, fullAt: nowMs };
    entry.connections++;
    const { rate } = this.#limits;
    if (rate !== undefined) entry.fullAt = Math.max(entry.fullAt, nowMs) + intervalMs(rate);
    this.#idle.delete(key);
    this.#busy.set(key, entry);
    this.#forget(nowMs);
    return admission;
  }

  /**
   * Counts the end of a connection that was admitted; of any other client nothing happens.
   *
   * @param client 16 bytes of address; IPv4 is mapped.
   * @param nowMs Time in ms of a clock that does not go back.
   */
  release(client: Uint8Array, nowMs: number): void {
    const key = keyOf(client);
    const entry = this.#busy.get(key);
    if (entry === undefined) return;
    entry.connections--;
    if (entry.connections > 0) return;
    this.#busy.delete(key);
    if (entry.fullAt > nowMs) this.#idle.set(key, entry);
    this.#forget(nowMs);
  }

  #judge(entry: Client | undefined, nowMs: number): Admission {
    if (entry === undefined) return "admitted";
    const { connections, rate } = this.#limits;
    if (connections > 0 && entry.connections >= connections) return "too many connections";
    if (rate === undefined) return "admitted";
    // The bucket has a token as long as it would be full within the time that all but one take.
    const slack = intervalMs(rate) * (rate.count - 1);
    return entry.fullAt - nowMs > slack + ROUNDING_MS ? "too fast" : "admitted";
  }

  /** Forgets who need not be known any more, a few at a time, and whoever is too many. */
  #forget(nowMs: number): void {
    let checked = 0;
    for (const [key, { fullAt }] of this.#idle) {
      const full = fullAt <= nowMs && checked++ < FORGOTTEN_AT_ONCE;
      if (!full && this.size <= this.#most) break;
      this.#idle.delete(key);
    }
  }
}

/** An address as a key of a map: IPv4 as a number, IPv6 as text of 16 characters. */
type ClientKey = number | string;

/** More than one, so that the idle clients of a past flood go away again. */
const FORGOTTEN_AT_ONCE = 2;

/** Sums of fractions of a millisecond are inexact; this is far below what a clock tells apart. */
const ROUNDING_MS = 1e-3;

function keyOf(client: Uint8Array): ClientKey {
  return unmapIpv4(client) ?? String.fromCharCode(...client);
}
