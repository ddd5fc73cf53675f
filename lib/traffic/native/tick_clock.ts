/**
 * The one clock of a native thread: every timeout hangs on its tick, which the engine's loop looks at.
 *
 * While nothing is watched the loop sleeps until something happens to a socket: an idle instance is not woken up.
 *
 * @module
 */

/** Time between two ticks, in ms. */
export const TICK_MS = 250;

/** Something that is looked at on every tick while it is watched. */
export interface Timed {
  /** Called on every tick; may stop being watched, and have others watched. */
  onTick(now: number): void;
  /** A fault of this program's own came of it: gives up what belongs to it, and nothing else. */
  onFault(): void;
}

/** Ticks of one thread. */
export class TickClock {
  /** Ticks so far, as of the last {@link update}. */
  now = 0;
  /** Time in ms as of the last {@link update}. */
  nowMs: number;
  readonly #timed: Set<Timed> = new Set();
  readonly #clock: () => number;
  readonly #startMs: number;
  /** The tick that was looked at last. */
  #looked = 0;

  /**
   * Begins now.
   *
   * @param clock Tells a time in ms that never goes back.
   */
  constructor(clock: () => number = () => performance.now()) {
    this.#clock = clock;
    this.#startMs = this.nowMs = clock();
  }

  /** Looks at the time; to be called when something has happened. */
  update(): void {
    this.nowMs = this.#clock();
    this.now = Math.floor((this.nowMs - this.#startMs) / TICK_MS);
  }

  /** Looks at something on every tick from now on. */
  watch(timed: Timed): void {
    this.#timed.add(timed);
  }

  /** Looks at something no more. */
  unwatch(timed: Timed): void {
    this.#timed.delete(timed);
  }

  /** The tick at which a time in seconds is surely over. */
  after(seconds: number): number {
    return this.now + TickClock.ticks(seconds);
  }

  /** The number of ticks that surely cover a time in seconds. */
  static ticks(seconds: number): number {
    return Math.ceil(seconds * 1000 / TICK_MS) + 1;
  }

  /** Time until the next tick that anybody waits for, in ms; -1 if nobody does. */
  patienceMs(): number {
    if (this.#timed.size === 0) return -1;
    const next = this.#startMs + (this.now + 1) * TICK_MS;
    return Math.max(0, Math.ceil(next - this.nowMs));
  }

  /**
   * Has everything looked at, if a tick has passed since the last time.
   *
   * @param each Calls one's {@link Timed.onTick}; must not throw.
   */
  look(each: (timed: Timed, now: number) => void): void {
    if (this.#looked === this.now) return;
    this.#looked = this.now;
    // Whoever is watched anew meanwhile waits for the next tick.
    for (const timed of [...this.#timed]) {
      if (this.#timed.has(timed)) each(timed, this.now);
    }
  }
}
