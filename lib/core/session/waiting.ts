/**
 * The clients of one thread that wait for a channel (`--queue`), in the order in which they came.
 *
 * Of all threads' clients the one that came first is served first: each thread tells the others who its oldest one is, and
 * leaves a free place to an older one. A hash group may have a free place that the oldest client is not given; then the next
 * one is. A thread that does not answer is passed over after a tick.
 *
 * @module
 */
import { allHeld, announceRoom, anyChannel, isFull, usable } from "../table/access.ts";
import { beginWait, endWait, NO_TICKET, olderWaits, publishOldest } from "../table/clients.ts";
import { asIfUp, type Table } from "../table/schema.ts";
import type { Step } from "./attempt.ts";

/** A client that waits. */
export interface Waiter {
  /** Asks for a channel once more. */
  again(): Step;
  /** The wait is over, with this step. */
  take(step: Step): void;
}

interface Wait {
  readonly ticket: number;
  readonly until: number;
}

/** The line of one thread. */
export class WaitingLine {
  readonly #table: Table;
  readonly #worker: number;
  #most: number;
  #lastResort: boolean;
  readonly #waits: Map<Waiter, Wait> = new Map();
  #published = NO_TICKET;

  /**
   * Makes an empty line.
   *
   * @param most Clients that may wait, over all workers.
   * @param lastResort Whether channels that are not up are given when none is.
   */
  constructor(table: Table, worker: number, most: number, lastResort = false) {
    this.#table = table;
    this.#worker = worker;
    this.#most = most;
    this.#lastResort = lastResort;
  }

  /** Obeys other rules from now on; see the constructor. */
  configure(most: number, lastResort: boolean): void {
    this.#most = most;
    this.#lastResort = lastResort;
  }

  /** How many clients of this thread wait. */
  get length(): number {
    return this.#waits.size;
  }

  /** Whether a client that comes now may have what is free: nobody waits who came before and could have it. */
  mayPass(): boolean {
    this.serve();
    return this.#published === NO_TICKET && !olderWaits(this.#table, this.#worker, NO_TICKET);
  }

  /**
   * Lets a client wait; a place that has come free meanwhile is only given by the next {@link serve}.
   *
   * @param until Time at which its wait is over, of the caller's own clock.
   * @returns Whether it may.
   */
  join(waiter: Waiter, until: number): boolean {
    const ticket = beginWait(this.#table, this.#worker, this.#most);
    if (ticket === NO_TICKET) return false;
    this.#waits.set(waiter, { ticket, until });
    if (this.#published === NO_TICKET) this.#publish(ticket);
    return true;
  }

  /**
   * A client does not wait any more.
   *
   * @returns Whether it did until now.
   */
  leave(waiter: Waiter): boolean {
    if (!this.#waits.delete(waiter)) return false;
    endWait(this.#table, this.#worker);
    return true;
  }

  /** The clients whose wait is over by now; they are still in the line. */
  overdue(now: number): Waiter[] {
    return [...this.#waits].filter(([, { until }]) => until <= now).map(([waiter]) => waiter);
  }

  /**
   * Gives what is free to those who wait, first come first served.
   *
   * @param regardless Whether to go before older clients of other threads, which have had their chance.
   * @returns Whether something that is free was left to such a client.
   */
  serve(regardless = false): boolean {
    let oldest = NO_TICKET;
    let left = false;
    let served = 0;
    for (const [waiter, { ticket }] of this.#waits) {
      oldest = ticket;
      if (this.#isCrowded()) break;
      if (!regardless && olderWaits(this.#table, this.#worker, ticket)) {
        // There is still room, and whoever comes first may have looked before.
        if (served > 0) announceRoom(this.#table);
        left = true;
        break;
      }
      oldest = NO_TICKET;
      const step = waiter.again();
      if (step.kind === "queue") continue;
      this.leave(waiter);
      waiter.take(step);
      served++;
    }
    this.#publish(oldest);
    return left;
  }

  /** Whether nobody can be served, and somebody could be when a place comes free. */
  #isCrowded(): boolean {
    const table = this.#lastResort && allHeld(this.#table) ? asIfUp(this.#table) : this.#table;
    return !anyChannel(table, usable) && anyChannel(table, isFull);
  }

  #publish(ticket: number): void {
    if (this.#published === ticket) return;
    this.#published = ticket;
    publishOldest(this.#table, this.#worker, ticket);
  }
}
