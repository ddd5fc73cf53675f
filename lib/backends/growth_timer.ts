/**
 * Slow start: takes the weight of each channel that is back to where it should be by now, until it is whole.
 *
 * @module
 */
import { GROWN, growth } from "../core/health/slow_start.ts";
import { apply } from "../core/table/change.ts";
import { channelWord, type Table } from "../core/table/schema.ts";

/** Most and least time between two steps, in ms. */
const STEP_MS = { least: 50, most: 1000 };
/** In how many steps a weight grows, if they are not too long or too short. */
const STEPS = 20;

/** The growth of all channels. Without one that grows no timer runs. */
export class GrowthTimer implements Disposable {
  readonly #table: Table;
  readonly #slowStartSeconds: () => number;
  /** Since when channels that still grow have been back, in ms. */
  readonly #back = new Map<number, number>();
  #timer: number | undefined;

  /**
   * Makes it, with nothing that grows.
   *
   * @param slowStartSeconds How long a weight grows; 0 is no slow start.
   */
  constructor(table: Table, slowStartSeconds: () => number) {
    this.#table = table;
    this.#slowStartSeconds = slowStartSeconds;
  }

  /** A channel came back, at this time by `performance.now()`: its weight begins to grow. */
  begin(slot: number, sinceMs: number): void {
    if (this.#back.get(slot) === sinceMs) return;
    this.#back.set(slot, sinceMs);
    this.#step();
  }

  /** Stops; weights stay as they are. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }

  #step(): void {
    clearTimeout(this.#timer);
    const slowStartSeconds = this.#slowStartSeconds();
    const nowMs = performance.now();
    for (const [slot, sinceMs] of this.#back) {
      const grown = growth({ sinceMs, nowMs, slowStartSeconds });
      if (grown !== Atomics.load(this.#table.words, channelWord(slot, "growth"))) {
        apply(this.#table, [{ kind: "growth", slot, growth: grown }]);
      }
      if (grown === GROWN) this.#back.delete(slot);
    }
    if (this.#back.size === 0) return;
    const step = slowStartSeconds * 1000 / STEPS;
    const pause = Math.min(Math.max(step, STEP_MS.least), STEP_MS.most);
    this.#timer = setTimeout(() => this.#step(), pause);
  }
}
