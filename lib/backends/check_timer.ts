/**
 * When channels are checked: each at its interval, spread over it, one check at a time.
 *
 * @module
 */
import type { RunningCheck, Verdict } from "./checks.ts";

/** The part of the interval by which a check comes sooner or later, so that several balancers do not go in step. */
const JITTER = 0.1;

/** What is done when a channel's time has come. */
export interface CheckDuty {
  /** Starts a check of a channel. */
  start(slot: number): RunningCheck;
  /** Takes what it found; not called for a channel that was left alone meanwhile. */
  found(slot: number, verdict: Verdict): void;
}

interface Turn {
  timer: number | undefined;
  running: boolean;
  /** Whether the next check is wanted as soon as this one is over. */
  hurried: boolean;
}

/** The times of all checks. Without channels no timer runs. */
export class CheckTimer implements Disposable {
  readonly #intervalMs: number;
  readonly #duty: CheckDuty;
  readonly #turns = new Map<number, Turn>();

  /** Makes it, with nothing to do. */
  constructor(intervalMs: number, duty: CheckDuty) {
    this.#intervalMs = intervalMs;
    this.#duty = duty;
  }

  /** Checks channels from now on, their first checks evenly spread over one interval. */
  watchAll(slots: readonly number[]): void {
    for (const [at, slot] of slots.entries()) {
      this.#watch(slot, this.#intervalMs * at / slots.length);
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
    const { verdict, over } = this.#duty.start(slot);
    const found = await verdict;
    if (found !== undefined && this.#turns.get(slot) === turn) this.#duty.found(slot, found);
    await over;
    turn.running = false;
    if (this.#turns.get(slot) !== turn) return;
    const pause = this.#intervalMs * (1 - JITTER + 2 * JITTER * Math.random());
    const due = turn.hurried ? 0 : began + pause - performance.now();
    this.#arm(slot, turn, Math.max(0, due));
  }
}
