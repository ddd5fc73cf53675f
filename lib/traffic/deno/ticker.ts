/**
 * The one ticker: every timeout of a thread hangs on its tick, none on a timer of its own.
 *
 * Arming a timer costs more than relaying a small request, so idle times are looked at by a sweep and connects share one
 * signal a tick. While nothing is watched and nothing is due, no timer runs: an idle instance is not woken up.
 *
 * @module
 */

/** Time between two ticks, in ms. */
export const TICK_MS = 250;

/** Something that is looked at on every tick while it is watched. */
export interface Ticking {
  /** Called on every tick with the number of ticks so far. */
  onTick(now: number): void;
}

/** A signal and the tick at which it aborts. */
interface Due {
  readonly at: number;
  readonly controller: AbortController;
}

/** The tick of one thread. Ends when disposed, without firing what is outstanding. */
export class Ticker implements Disposable {
  /** Ticks so far. It stands still while the ticker sleeps: {@link watch} and {@link after} wake it first. */
  now = 0;
  readonly #ticking: Set<Ticking> = new Set();
  #timer: number | undefined;
  /** When it fell asleep, by its clock. */
  #asleepSince: number;
  #disposed = false;
  readonly #clock: () => number;
  readonly #report: (fault: unknown) => void;
  /** What is due, by the ticks that it was given: so each list is in the order in which it is due. */
  readonly #due: Map<number, Due[]> = new Map();

  /**
   * Makes a ticker that sleeps.
   *
   * @param report Told when something that is watched throws; it is not watched any more then.
   * @param clock Tells a time in ms that never goes back: how long it has slept.
   */
  constructor(
    report: (fault: unknown) => void = rejectUnhandled,
    clock: () => number = () => performance.now(),
  ) {
    this.#report = report;
    this.#clock = clock;
    this.#asleepSince = clock();
  }

  /** Everything that is looked at on every tick. */
  get ticking(): ReadonlySet<Ticking> {
    return this.#ticking;
  }

  /** Looks at something on every tick from now on. */
  watch(each: Ticking): void {
    this.#wake();
    this.#ticking.add(each);
  }

  /** Looks at something no more. */
  unwatch(each: Ticking): void {
    this.#ticking.delete(each);
  }

  /** The tick at which a time in seconds is surely over. */
  after(seconds: number): number {
    this.#wake();
    return this.now + Ticker.ticks(seconds);
  }

  /** The number of ticks that surely cover a time in seconds. */
  static ticks(seconds: number): number {
    return Math.ceil(seconds * 1000 / TICK_MS) + 1;
  }

  /**
   * A signal that aborts after a time; all callers of one tick and time share it.
   *
   * @param seconds At least this long, at most two ticks longer. Lengths are few: each has a list that stays.
   */
  deadline(seconds: number): AbortSignal {
    const at = this.after(seconds);
    const length = at - this.now;
    const due = this.#due.get(length) ?? [];
    const last = due.at(-1);
    if (last?.at === at) return last.controller.signal;
    const controller = new AbortController();
    due.push({ at, controller });
    this.#due.set(length, due);
    return controller.signal;
  }

  /** Aborts every signal that is outstanding, now. */
  expire(): void {
    for (const due of this.#due.values()) {
      for (const { controller } of due.splice(0)) controller.abort();
    }
  }

  /** Stops the tick, for good. */
  [Symbol.dispose](): void {
    this.#disposed = true;
    clearInterval(this.#timer);
  }

  /** Ticks again, and counts the ticks that it has slept through. */
  #wake(): void {
    if (this.#timer !== undefined || this.#disposed) return;
    this.now += Math.floor((this.#clock() - this.#asleepSince) / TICK_MS);
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
  }

  #sleep(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#asleepSince = this.#clock();
  }

  #tick(): void {
    this.now++;
    for (const due of this.#due.values()) {
      while (due[0] !== undefined && due[0].at <= this.now) due.shift()?.controller.abort();
    }
    for (const each of this.#ticking) this.#look(each);
    if (this.#ticking.size === 0 && !this.#hasDue()) this.#sleep();
  }

  #hasDue(): boolean {
    for (const due of this.#due.values()) if (due.length > 0) return true;
    return false;
  }

  /** One that throws must not keep the others from being looked at, nor end the thread. */
  #look(each: Ticking): void {
    try {
      each.onTick(this.now);
    } catch (fault) {
      this.#ticking.delete(each);
      this.#report(fault);
    }
  }
}

/** Leaves a fault to the thread's last resort. */
function rejectUnhandled(fault: unknown): void {
  Promise.reject(fault);
}
