/**
 * The one clock: every timeout of a thread hangs on its beat, none on a timer of its own.
 *
 * Arming a timer costs more than relaying a small request, so idle times are looked at by a sweep and connects share one
 * signal a beat.
 *
 * @module
 */

/** Time between two beats, in ms. */
export const BEAT_MS = 250;

/** Something that is looked at on every beat. */
export interface Watched {
  /** Called on every beat with the number of beats so far. */
  beat(now: number): void;
}

/** The beat of one thread. Ends when disposed, without firing what is outstanding. */
export class Clock implements Disposable {
  /** Beats so far. */
  now = 0;
  /** Everything that is looked at on every beat. */
  readonly watched: Set<Watched> = new Set();
  readonly #timer: number;
  readonly #due: { readonly at: number; readonly controller: AbortController }[] = [];

  /** Starts the beat. */
  constructor() {
    this.#timer = setInterval(() => this.#beat(), BEAT_MS);
  }

  /** The number of beats that surely cover a time in seconds. */
  static beats(seconds: number): number {
    return Math.ceil(seconds * 1000 / BEAT_MS) + 1;
  }

  /**
   * A signal that aborts after a time; all callers of one beat and time share it.
   *
   * @param seconds At least this long, at most two beats longer; always the same for one clock.
   */
  deadline(seconds: number): AbortSignal {
    const at = this.now + Clock.beats(seconds);
    const last = this.#due.at(-1);
    if (last?.at === at) return last.controller.signal;
    const controller = new AbortController();
    this.#due.push({ at, controller });
    return controller.signal;
  }

  /** Aborts every signal that is outstanding, now. */
  expire(): void {
    for (const { controller } of this.#due.splice(0)) controller.abort();
  }

  /** Stops the beat. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #beat(): void {
    this.now++;
    while (this.#due[0] !== undefined && this.#due[0].at <= this.now) {
      this.#due.shift()?.controller.abort();
    }
    for (const each of this.watched) each.beat(this.now);
  }
}
