/**
 * Where clients of a native thread wait for a channel: how long, and until what.
 *
 * @module
 */
import type { QueueLimits } from "../../core/edge/edge_config.ts";
import type { Step } from "../../core/session/attempt.ts";
import { type Waiter, WaitingLine } from "../../core/session/waiting.ts";
import { countRefusal } from "../../core/table/clients.ts";
import { instanceWord, type Table } from "../../core/table/schema.ts";
import type { TickClock, Timed } from "./tick_clock.ts";

/** Time after which it is looked again whether another thread has made room, in ms. */
const LOOK_MS = 10;

const REFUSE: Step = { kind: "refuse" };

/** The queue of one thread. */
export class WaitingRoom implements Timed {
  /** Who waits. */
  readonly line: WaitingLine;
  readonly #table: Table;
  readonly #worker: number;
  readonly #clock: TickClock;
  #seconds: number;
  /** What the table said of room the last time. */
  #seen = 0;
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
    clock: TickClock,
    lastResort: boolean,
  ) {
    this.line = new WaitingLine(table, worker, most, lastResort);
    this.#table = table;
    this.#worker = worker;
    this.#clock = clock;
    this.#seconds = seconds;
  }

  /** Obeys other rules from now on; whoever waits already does so for its time. */
  configure({ most, seconds }: QueueLimits, lastResort: boolean): void {
    this.line.configure(most, lastResort);
    this.#seconds = seconds;
  }

  /**
   * Lets a client wait.
   *
   * @returns Whether it may; if not, that is counted.
   */
  join(waiter: Waiter): boolean {
    if (!this.line.join(waiter, this.#clock.after(this.#seconds))) {
      countRefusal(this.#table, this.#worker, "queue full");
      return false;
    }
    this.#clock.watch(this);
    // A place may have come free before this client was in the line.
    this.#seen = this.#room() - 1;
    return true;
  }

  /** A client waits no more. */
  leave(waiter: Waiter): void {
    this.line.leave(waiter);
  }

  /** Serves the line, if any thread has said that there is room. */
  look(): void {
    if (this.line.length === 0) return;
    const room = this.#room();
    if (room === this.#seen) return;
    this.#seen = room;
    this.line.serve();
  }

  /** Time until {@link look} is needed, in ms; -1 if nobody waits. */
  patienceMs(): number {
    return this.line.length === 0 ? -1 : LOOK_MS;
  }

  /** Ends the waits that are over, and serves whom another thread has passed over. */
  onTick(now: number): void {
    for (const waiter of this.line.overdue(now)) {
      countRefusal(this.#table, this.#worker, "queue timeout");
      this.line.leave(waiter);
      waiter.take(REFUSE);
    }
    // Another thread has had the whole time from one tick to the next for what was left to its client.
    this.#left = this.line.serve(this.#left);
    if (this.line.length === 0) this.#clock.unwatch(this);
  }

  /** As {@link Timed}. */
  onFault(): void {
    this.#clock.watch(this);
  }

  #room(): number {
    return Atomics.load(this.#table.words, instanceWord(this.#table, "room"));
  }
}
