/**
 * One client's way to a server, as plain steps: choose and claim a channel, and after a failed connect the next one.
 *
 * Whoever moves the bytes calls {@link Attempt.begin} once, then {@link Attempt.failed} or {@link Attempt.connected} for each
 * connect that it was told to make, and at last {@link Attempt.ended}. No step waits, so that every engine takes the same ones.
 *
 * ```
 * begin → try a lease ─ connected → ended
 *           ↑    │ failed
 *           └────┴→ wait (the same lease once more), or refuse: the client is closed
 * ```
 *
 * @module
 */
import type { Endpoint } from "../net/socket_address.ts";
import { advanceCursor, type Client, NOTHING, type Scheduler } from "../schedule/schedule.ts";
import { autodisable, release } from "../table/access.ts";
import type { EndpointReader } from "../table/endpoint.ts";
import type { Table } from "../table/schema.ts";
import { type ConnectFailure, isShortage } from "./cause.ts";

/** Told of what attempts do besides their steps. */
export interface AttemptObserver {
  /** `-a` has just disabled the channel of this lease. */
  readonly disabled?: ((lease: Lease) => void) | undefined;
  /** A connect has failed, and not by this machine's fault. */
  readonly failed?: ((lease: Lease) => void) | undefined;
}

/** What all attempts of a thread share. */
export interface AttemptRules {
  /** The channel table. */
  readonly table: Table;
  /** Number of this thread in the table. */
  readonly worker: number;
  /** Who chooses and claims channels, of the same table and thread. */
  readonly scheduler: Scheduler;
  /** Where channels lead. */
  readonly endpoints: EndpointReader;
  /** Whether a channel whose connect fails is disabled (`-a`). */
  readonly autodisable: boolean;
  /** Who is told. */
  readonly observer: AttemptObserver;
}

/** A connection's place on a channel, and the server that it is for, whatever the channel becomes later. */
export interface Lease {
  /** The channel. */
  readonly slot: number;
  /** Where it led when the place was taken. */
  readonly endpoint: Endpoint;
}

/** What is to be done next. */
export type Step =
  /** Connect to this lease's endpoint. */
  | { readonly kind: "try"; readonly lease: Lease }
  /** Wait until this machine can connect again, then try the same lease. */
  | { readonly kind: "wait"; readonly lease: Lease }
  /** Nothing is left: close the client. */
  | { readonly kind: "refuse" };

const REFUSE: Step = { kind: "refuse" };

/** One client's way to a server. Holds at most one lease at a time. */
export class Attempt implements Disposable {
  readonly #rules: AttemptRules;
  readonly #client: Client;
  #lease: Lease | undefined;
  #first: number = NOTHING;
  #tried: Set<number> | undefined;

  /** Prepares the attempt; nothing is chosen before {@link begin}. */
  constructor(rules: AttemptRules, client: Client) {
    this.#rules = rules;
    this.#client = client;
  }

  /** The lease that is held; `undefined` before and after. */
  get lease(): Lease | undefined {
    return this.#lease;
  }

  /** Chooses and claims the client's first channel. */
  begin(): Step {
    const step = this.#lead(this.#rules.scheduler.first(this.#client));
    this.#first = this.#lease?.slot ?? NOTHING;
    return step;
  }

  /**
   * The connect failed: gives the lease back and takes the next channel's.
   *
   * @param patient Whether it is still worth waiting for descriptors or ports; the lease is then kept.
   */
  failed(reason: ConnectFailure, patient: boolean): Step {
    const lease = this.#lease;
    if (lease === undefined) return REFUSE;
    if (isShortage(reason) && patient) return { kind: "wait", lease };
    // The next choice must see this place free.
    this.#release();
    const { scheduler, observer } = this.#rules;
    if (!isShortage(reason)) {
      observer.failed?.(lease);
      if (this.#rules.autodisable) this.#disable(lease);
    }
    const tried = (this.#tried ??= new Set()).add(lease.slot);
    return this.#lead(scheduler.next(this.#client, lease.slot, tried));
  }

  /** The connect succeeded: after a failover the turn goes on behind this channel. */
  connected(): void {
    const lease = this.#lease;
    if (lease === undefined || lease.slot === this.#first) return;
    advanceCursor(this.#rules.table, lease.slot);
  }

  /** The connection has ended, or is given up: gives the lease back, if one is held. */
  ended(): void {
    this.#release();
  }

  /** As {@link ended}. */
  [Symbol.dispose](): void {
    this.#release();
  }

  /** Disables the channel whose server failed, unless it has got another server meanwhile. */
  #disable(lease: Lease): void {
    const { table, endpoints, observer } = this.#rules;
    if (endpoints.read(lease.slot) !== lease.endpoint) return;
    if (autodisable(table, lease.slot)) observer.disabled?.(lease);
  }

  /** To the slot that was claimed, if one was. */
  #lead(slot: number): Step {
    if (slot === NOTHING) return REFUSE;
    this.#lease = { slot, endpoint: this.#rules.endpoints.read(slot) };
    return { kind: "try", lease: this.#lease };
  }

  #release(): void {
    if (this.#lease === undefined) return;
    release(this.#rules.table, this.#rules.worker, this.#lease.slot);
    this.#lease = undefined;
  }
}
