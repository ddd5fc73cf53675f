/**
 * Where clients wait for a channel: how long, and until what.
 *
 * @module
 */
import type { QueueLimits } from "../../core/edge/edge_config.ts";
import type { Attempt, Step } from "../../core/session/attempt.ts";
import { type Waiter, WaitingLine } from "../../core/session/waiting.ts";
import { countRefusal } from "../../core/table/clients.ts";
import { instanceWord, type Table } from "../../core/table/schema.ts";
import type { EarlyStream } from "./early_stream.ts";
import type { Ticker, Ticking } from "./ticker.ts";

const REFUSE: Step = { kind: "refuse" };

/** A client that is watched from its first wait on, as it may wait again after a failed connect. */
interface Watch {
  waiter: Waiter;
  /** Whether it has left, between two waits too. */
  left: boolean;
}

/** The queue of one thread. */
export class Queue implements Ticking {
  /** Who waits. */
  readonly line: WaitingLine;
  readonly #table: Table;
  readonly #worker: number;
  readonly #ticker: Ticker;
  #seconds: number;
  readonly #watches: WeakMap<EarlyStream, Watch> = new WeakMap();
  #listening = false;
  /** Whether the last tick left something that is free to another thread's client. */
  #left = false;

  /**
   * Makes an empty queue.
   *
   * @param lastResort Whether channels that are not up are given when none is.
   */
  constructor(
    { table, worker }: { readonly table: Table; readonly worker: number },
    { most, seconds }: QueueLimits,
    ticker: Ticker,
    lastResort = false,
  ) {
    this.line = new WaitingLine(table, worker, most, lastResort);
    this.#table = table;
    this.#worker = worker;
    this.#ticker = ticker;
    this.#seconds = seconds;
  }

  /** Obeys other rules from now on; whoever waits already does so for its time. */
  configure({ most, seconds }: QueueLimits, lastResort: boolean): void {
    this.line.configure(most, lastResort);
    this.#seconds = seconds;
  }

  /**
   * Lets a client wait until there is a channel for it, or its time is over, or it leaves.
   *
   * @returns What is to be done next; `refuse` also when too many wait.
   */
  async wait(attempt: Attempt, client: EarlyStream): Promise<Step> {
    const { promise, resolve, reject } = Promise.withResolvers<Step>();
    const waiter: Waiter = {
      again: () => {
        try {
          return attempt.again();
        } catch (fault) {
          // It ends this client's connection and nobody else's.
          reject(fault);
          return REFUSE;
        }
      },
      take: resolve,
    };
    const known = this.#watches.get(client);
    if (known?.left === true) return REFUSE;
    if (!this.line.join(waiter, this.#ticker.after(this.#seconds))) {
      countRefusal(this.#table, this.#worker, "queue full");
      return REFUSE;
    }
    this.#ticker.watch(this);
    const watch = known ?? { waiter, left: false };
    watch.waiter = waiter;
    this.#watches.set(client, watch);
    // Neither rejects. The second one serves the line at once: a place may have come free before this client was in it.
    if (known === undefined) void this.#watchClient(client, watch);
    void this.#listen();
    return await promise;
  }

  /** Ends the waits that are over, and serves whom another thread has passed over. */
  onTick(now: number): void {
    for (const waiter of this.line.overdue(now)) {
      countRefusal(this.#table, this.#worker, "queue timeout");
      this.#end(waiter);
    }
    // Another thread has had the whole time from one tick to the next for what was left to its client.
    this.#left = this.line.serve(this.#left);
    if (this.line.length === 0) this.#ticker.unwatch(this);
  }

  /** Ends the wait of one client, for good. */
  end(client: EarlyStream): void {
    const watch = this.#watches.get(client);
    if (watch === undefined) return;
    watch.left = true;
    this.#end(watch.waiter);
  }

  /** Ends every wait. */
  endAll(): void {
    for (const waiter of this.line.overdue(Infinity)) this.#end(waiter);
  }

  #end(waiter: Waiter): void {
    if (this.line.leave(waiter)) waiter.take(REFUSE);
  }

  /** Notices a client that leaves: what it sends meanwhile is kept, up to a bound. */
  async #watchClient(client: EarlyStream, watch: Watch): Promise<void> {
    try {
      while (await client.readAhead());
      if (client.full) return;
    } catch {
      // It has reset the connection, or is closed from here.
    }
    watch.left = true;
    this.#end(watch.waiter);
  }

  /** Serves the line each time that any thread says that there is room, as long as somebody waits. */
  async #listen(): Promise<void> {
    if (this.#listening) return void this.line.serve();
    this.#listening = true;
    const room = instanceWord(this.#table, "room");
    for (;;) {
      const seen = Atomics.load(this.#table.words, room);
      this.line.serve();
      if (this.line.length === 0) break;
      await Atomics.waitAsync(this.#table.words, room, seen).value;
    }
    this.#listening = false;
  }
}
