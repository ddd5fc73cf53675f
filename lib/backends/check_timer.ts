/**
 * When channels are checked: each at its interval or a little sooner, spread over it, one check at a time.
 *
 * @module
 */
import type { RunningCheck, Verdict } from "./checks.ts";

/** The part of the interval by which a check comes sooner, by chance, so that several balancers do not go in step. */
const JITTER = 0.1;

/** The part of the interval that is between two checks at least. */
const LEAST_PAUSE = 0.5;

/** Time in which an answer that has come is heard, in ms. */
const HEAR_MS = 10;

/** What is done when a channel's time has come. */
export interface CheckDuty {
  /** Starts a check of a channel. */
  start(slot: number): RunningCheck;
  /**
   * Takes what it found, or that it found nothing; not called for a channel that was left alone meanwhile.
   */
  found(slot: number, verdict: Verdict | undefined): void;
  /** How long a check of a channel may take until it is late, in ms; undefined is for ever. */
  patienceMs(slot: number): number | undefined;
  /** Takes in that a check is late. */
  late(slot: number): void;
}

interface Turn {
  timer: number | undefined;
  running: boolean;
  /** Whether the next check is wanted as soon as this one is over. */
  hurried: boolean;
}

/** The times of all checks. Without channels no timer runs. */
export class CheckTimer implements Disposable {
  readonly #intervalMs: () => number;
  readonly #duty: CheckDuty;
  readonly #turns = new Map<number, Turn>();

  /** Makes it, with nothing to do. */
  constructor(intervalMs: () => number, duty: CheckDuty) {
    this.#intervalMs = intervalMs;
    this.#duty = duty;
  }

  /** Checks channels from now on, their first checks evenly spread over one interval. */
  watchAll(slots: readonly number[]): void {
    for (const [at, slot] of slots.entries()) {
      this.#watch(slot, this.#intervalMs() * at / slots.length);
    }
  }

  /** Checks a channel from now on, at once. */
  watch(slot: number): void {
    this.#watch(slot, 0);
  }

  /** Leaves a channel alone. */
  leave(slot: number): void {
    clearTimeout(this.#turns.get(slot)?.timer);
    this.#turns.delete(slot);
  }

  /** Checks a channel at once, if it is one that is checked. */
  hurry(slot: number): void {
    const turn = this.#turns.get(slot);
    if (turn === undefined) return;
    if (turn.running) turn.hurried = true;
    else this.#arm(slot, turn, 0);
  }

  /** Ends all of it; checks that run end by themselves. */
  [Symbol.dispose](): void {
    for (const slot of [...this.#turns.keys()]) this.leave(slot);
  }

  #watch(slot: number, delayMs: number): void {
    this.leave(slot);
    const turn = { timer: undefined, running: false, hurried: false };
    this.#turns.set(slot, turn);
    this.#arm(slot, turn, delayMs);
  }

  #arm(slot: number, turn: Turn, delayMs: number): void {
    clearTimeout(turn.timer);
    turn.timer = setTimeout(() => this.#check(slot, turn), delayMs);
  }

  async #check(slot: number, turn: Turn): Promise<void> {
    const began = performance.now();
    turn.running = true;
    turn.hurried = false;
    const patience = this.#duty.patienceMs(slot);
    if (patience !== undefined) {
      // A process that had no processor for a while finds its timer over before it hears an answer that has long come.
      const late = (): void => void (turn.timer = setTimeout(() => this.#duty.late(slot), HEAR_MS));
      turn.timer = setTimeout(late, patience);
    }
    const { verdict, over } = this.#duty.start(slot);
    const found = await verdict;
    clearTimeout(turn.timer);
    if (this.#turns.get(slot) === turn) this.#duty.found(slot, found);
    await over;
    turn.running = false;
    if (this.#turns.get(slot) !== turn) return;
    const due = turn.hurried ? 0 : began + this.#pause(patience) - performance.now();
    this.#arm(slot, turn, Math.max(0, due));
  }

  /**
   * The time from the beginning of one check to that of the next, in ms: so that a server that hangs behind a good check is
   * suspect before the interval is over.
   */
  #pause(patience = 0): number {
    const interval = this.#intervalMs();
    return Math.max(interval * LEAST_PAUSE, interval * (1 - JITTER * Math.random()) - patience);
  }
}
