/**
 * One client's way to a server, as plain steps: choose and claim a channel, and after a failed connect the next one.
 *
 * Whoever moves the bytes calls {@link Attempt.begin} once, then {@link Attempt.failed} or {@link Attempt.connected} for each
 * connect that it was told to make, {@link Attempt.again} when a wait in the queue may be over, {@link Attempt.proven} when
 * a connection has shown that its server works, and at last
 * {@link Attempt.ended}. No step waits, so that every engine takes the same ones.
 *
 * ```
 * begin → try a lease ─ connected → ended
 *           ↑    │ failed
 *           └────┴→ wait (the same lease once more), or refuse: the client is closed
 *                   queue ─ again → as begin and failed
 * ```
 *
 * @module
 */
import type { Endpoint } from "../net/socket_address.ts";
import {
  advanceCursor,
  type Client,
  mayReach,
  NOTHING,
  type Scheduler,
} from "../schedule/schedule.ts";
import { add, allHeld, anyChannel, autodisable, isFull, release } from "../table/access.ts";
import { countRefusal } from "../table/clients.ts";
import { abandonTrial, countFailure, failTrial, isOnTrial, succeed } from "../table/ejection.ts";
import type { EndpointReader } from "../table/endpoint.ts";
import { countConnect, countEnd } from "../table/ends.ts";
import { asIfUp, type Cause, counterIndex, type Table } from "../table/schema.ts";
import { type ConnectFailure, isShortage, type Shortage } from "./cause.ts";

/** What a client's connection showed of a channel. */
export type Finding =
  /** Failures in a row have ejected it, just now. */
  | "ejected"
  /** The client on trial has failed. */
  | "trial failed"
  /** It was ejected, and works. */
  | "returned";

/** Told of what attempts do besides their steps. */
export interface AttemptObserver {
  /** `-a` has just disabled the channel of this lease. */
  readonly disabled?: ((lease: Lease) => void) | undefined;
  /** A connect has failed, and not by this machine's fault. */
  readonly failed?: ((lease: Lease) => void) | undefined;
  /** A connection has shown something of a channel, for this reason. */
  readonly found?: ((slot: number, finding: Finding, reason: string) => void) | undefined;
  /** No enabled channel is up, and one that is not is tried all the same. */
  readonly lastResort?: (() => void) | undefined;
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
  /** Failures in a row that eject a channel (`--eject`); 0 is never. */
  readonly ejectAfter: number;
  /** Whether channels that are not up are tried when none is (`--when-down try`). */
  readonly lastResort: boolean;
  /** The clients that wait while every channel is full (`--queue`); without it nobody does. */
  readonly line?: { mayPass(): boolean } | undefined;
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

/** How a relayed connection ended. */
export interface Ending {
  /** Which side ended it first, or why it was ended from here. */
  readonly cause: Cause;
  /** Bytes that came from the server. */
  readonly received: number;
  /** Its age in milliseconds. */
  readonly ageMs: number;
}

/** Age at which a connection has shown that its server works, even without a byte from it, in ms. */
export const PROVEN_MS = 1000;

const REASONS: Record<Exclude<ConnectFailure, Shortage>, string> = {
  refused: "refused",
  timeout: "timed out",
};

const FAILURE_COUNTERS = { refused: "refused", timeout: "timedOut" } as const;

/** What is to be done next. */
export type Step =
  /** Connect to this lease's endpoint. */
  | { readonly kind: "try"; readonly lease: Lease }
  /** Wait until this machine can connect again, then try the same lease. */
  | { readonly kind: "wait"; readonly lease: Lease }
  /** Every channel that is left is full: wait in the line, then ask {@link Attempt.again}. */
  | { readonly kind: "queue" }
  /** Nothing is left: close the client. */
  | { readonly kind: "refuse" };

const REFUSE: Step = { kind: "refuse" };
const QUEUE: Step = { kind: "queue" };

/** One client's way to a server. Holds at most one lease at a time. */
export class Attempt implements Disposable {
  readonly #rules: AttemptRules;
  readonly #client: Client;
  #lease: Lease | undefined;
  #first: number = NOTHING;
  /** The slot whose connect failed last. */
  #failed: number = NOTHING;
  #tried: Set<number> | undefined;
  /** Whether this client is the trial of an ejected channel. */
  #trial = false;
  /** Whether the connection has shown whether its server works. */
  #judged = false;

  /** Prepares the attempt; nothing is chosen before {@link begin}. */
  constructor(rules: AttemptRules, client: Client) {
    this.#rules = rules;
    this.#client = client;
  }

  /** The lease that is held; `undefined` before and after. */
  get lease(): Lease | undefined {
    return this.#lease;
  }

  /** Chooses and claims the client's first channel, unless others wait who came before. */
  begin(): Step {
    return this.#rules.line?.mayPass() === false ? QUEUE : this.again();
  }

  /** Chooses and claims once more after a wait in the queue, and as {@link begin} if the client did not wait. */
  again(): Step {
    if (this.#failed !== NOTHING) return this.#leadOn();
    const { scheduler } = this.#rules;
    const step = this.#lead((resort) => scheduler.first(this.#client, resort));
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
    if (!isShortage(reason)) {
      this.#count(lease, reason);
      this.#blame(lease, REASONS[reason]);
    }
    // The next choice must see this place free.
    this.#release();
    if (!isShortage(reason)) {
      this.#rules.observer.failed?.(lease);
      if (this.#rules.autodisable) this.#disable(lease);
    }
    (this.#tried ??= new Set()).add(lease.slot);
    this.#failed = lease.slot;
    return this.#leadOn();
  }

  /**
   * The connect succeeded: after a failover the turn goes on behind this channel.
   *
   * @param tookMs How long it took, in milliseconds.
   */
  connected(tookMs: number): void {
    const lease = this.#lease;
    if (lease === undefined) return;
    const { table, worker } = this.#rules;
    countConnect(table, worker, lease.slot, tookMs);
    if (lease.slot !== this.#first) advanceCursor(table, lease.slot);
  }

  /**
   * The connection's server has sent a byte, or the connection is {@link PROVEN_MS} old: the server works.
   *
   * To be called soon after that, as a trial keeps all other clients from its channel. What happens later to the
   * connection says nothing of new ones.
   */
  proven(): void {
    const { ejectAfter, table, observer } = this.#rules;
    if (ejectAfter === 0 || this.#judged || this.#lease === undefined) return;
    this.#judged = true;
    if (!this.#leadsThere(this.#lease)) return;
    const { slot } = this.#lease;
    if (succeed(table, slot)) observer.found?.(slot, "returned", "a client was served");
  }

  /**
   * The connection has ended, or is given up: gives the lease back, if one is held.
   *
   * @param ending How a connection ended; none if there was none.
   */
  ended(ending?: Ending): void {
    if (ending !== undefined && this.#lease !== undefined) {
      const { table, worker } = this.#rules;
      countEnd(table, worker, this.#lease.slot, ending.cause, ending.ageMs);
      this.#judge(ending);
    }
    this.#release();
  }

  /** As {@link ended}. */
  [Symbol.dispose](): void {
    this.#release();
  }

  /** Disables the channel whose server failed, unless it has got another server meanwhile. */
  #disable(lease: Lease): void {
    const { table, observer } = this.#rules;
    if (!this.#leadsThere(lease)) return;
    if (autodisable(table, lease.slot)) observer.disabled?.(lease);
  }

  #leadOn(): Step {
    const { scheduler } = this.#rules;
    const tried = this.#tried ?? new Set();
    return this.#lead((resort) => scheduler.next(this.#client, this.#failed, tried, resort));
  }

  /** Whether some channel that the client might still be given is full. */
  #canWait(table: Table): boolean {
    return anyChannel(
      table,
      (its, slot) =>
        this.#tried?.has(slot) !== true && isFull(its, slot) &&
        mayReach(its, this.#client, slot, this.#failed),
    );
  }

  #judge({ cause, received, ageMs }: Ending): void {
    if (received > 0 || ageMs >= PROVEN_MS) return this.proven();
    const byServer = cause === "server closed" || cause === "server reset";
    // A client that left at once proves nothing.
    if (byServer && !this.#judged && this.#lease !== undefined) {
      this.#blame(this.#lease, "closed without a byte");
    }
  }

  /** Whether the channel of a lease still leads where it led: what another server did says nothing of this one. */
  #leadsThere({ slot, endpoint }: Lease): boolean {
    return this.#rules.endpoints.read(slot) === endpoint;
  }

  #count({ slot }: Lease, reason: keyof typeof FAILURE_COUNTERS): void {
    const { table, worker } = this.#rules;
    add(table, counterIndex(worker, slot, FAILURE_COUNTERS[reason]), 1);
  }

  /** Counts a failure that is the server's fault, for its ejection. */
  #blame(lease: Lease, reason: string): void {
    const { ejectAfter, table, worker, observer } = this.#rules;
    if (ejectAfter === 0) return;
    this.#judged = true;
    if (!this.#leadsThere(lease)) return;
    const { slot } = lease;
    if (this.#trial && failTrial(table, worker, slot)) {
      observer.found?.(slot, "trial failed", reason);
    } else if (countFailure(table, slot, ejectAfter)) {
      observer.found?.(slot, "ejected", reason);
    }
  }

  /**
   * To the slot that was chosen and claimed, if one was.
   *
   * @param choose Chooses and claims; told whether channels that are not up count, since none is.
   */
  #lead(choose: (resort: boolean) => number): Step {
    const { table, worker, endpoints, lastResort, line, observer } = this.#rules;
    // Not after a choice that found nothing: that one would have begun the turns anew.
    const resort = lastResort && allHeld(table);
    const slot = choose(resort);
    if (slot === NOTHING) {
      const waits = line !== undefined && this.#canWait(resort ? asIfUp(table) : table);
      if (waits) return QUEUE;
      countRefusal(table, worker, "no channel");
      return REFUSE;
    }
    this.#lease = { slot, endpoint: endpoints.read(slot) };
    // Nobody else of this thread is let through to a channel on trial, the last resort apart.
    this.#trial = !resort && isOnTrial(table, worker, slot);
    this.#judged = false;
    if (resort) observer.lastResort?.();
    return { kind: "try", lease: this.#lease };
  }

  #release(): void {
    if (this.#lease === undefined) return;
    const { table, worker } = this.#rules;
    const { slot } = this.#lease;
    // A trial that ended without a result goes to the next client.
    if (this.#trial) abandonTrial(table, worker, slot);
    this.#trial = false;
    release(table, worker, slot);
    this.#lease = undefined;
  }
}
