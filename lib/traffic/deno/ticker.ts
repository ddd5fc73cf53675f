/**
 * The one ticker: every timeout of a thread hangs on its tick, none on a timer of its own.
 *
 * Arming a timer costs more than relaying a small request, so idle times are looked at by a sweep and connects share one
 * signal a tick.
 *
 * @module
 */

/** Time between two ticks, in ms. */
export const TICK_MS = 250;

/** Something that is looked at on every tick. */
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
  /** Ticks so far. */
  now = 0;
  /** Everything that is looked at on every tick. */
  readonly ticking: Set<Ticking> = new Set();
  readonly #timer: number;
  readonly #report: (fault: unknown) => void;
  /** What is due, by the ticks that it was given: so each list is in the order in which it is due. */
  readonly #due: Map<number, Due[]> = new Map();

  /**
   * Starts the tick.
   *
   * @param report Told when something that is watched throws; it is not watched any more then.
   */
  constructor(report: (fault: unknown) => void = rejectUnhandled) {
    this.#report = report;
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
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
    const length = Ticker.ticks(seconds);
    const at = this.now + length;
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

  /** Stops the tick. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #tick(): void {
    this.now++;
    for (const due of this.#due.values()) {
      while (due[0] !== undefined && due[0].at <= this.now) due.shift()?.controller.abort();
    }
    for (const each of this.ticking) this.#look(each);
  }

  /** One that throws must not keep the others from being looked at, nor end the thread. */
  #look(each: Ticking): void {
    try {
      each.onTick(this.now);
    } catch (fault) {
      this.ticking.delete(each);
      this.#report(fault);
    }
  }
}

/** Leaves a fault to the thread's last resort. */
function rejectUnhandled(fault: unknown): void {
  Promise.reject(fault);
}
