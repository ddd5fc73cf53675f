/**
 * How long connects took lately, from counts that only grow.
 *
 * @module
 */
import { connectHistogram } from "../table/ends.ts";
import { type Histogram, sinceHistogram } from "../table/histogram.ts";
import type { Table } from "../table/schema.ts";

/** How far back it is looked, in ms, while somebody looks often enough. */
const WINDOW_MS = 60_000;
/** Least time between two marks, in ms. */
const MARK_MS = 5000;

interface Mark {
  readonly atMs: number;
  readonly histograms: ReadonlyMap<number, Histogram>;
}

/**
 * Looks at histograms now and then: what was counted since about a minute ago, or since the last look if that was longer ago,
 * or since the start if there was none.
 */
export class RecentConnects {
  #marks: Mark[] = [];

  /**
   * Looks once.
   *
   * @param nowMs Time in ms of a clock that does not go back.
   * @param slots The channels that are asked for.
   * @returns What was counted of each channel lately; values in ms, of `CONNECT_SCALE`.
   */
  look(table: Table, slots: readonly number[], nowMs: number): Map<number, Histogram> {
    const now = new Map(slots.map((slot) => [slot, connectHistogram(table, slot)]));
    // One mark that is old enough is kept: it is where the window begins.
    const old = this.#marks.filter(({ atMs }) => atMs <= nowMs - WINDOW_MS);
    this.#marks = this.#marks.slice(Math.max(0, old.length - 1));
    const [from] = this.#marks;
    const newest = this.#marks.at(-1);
    if (newest === undefined || nowMs - newest.atMs >= MARK_MS) {
      this.#marks.push({ atMs: nowMs, histograms: now });
    }
    return new Map([...now].map(([slot, histogram]) => {
      const before = from?.histograms.get(slot);
      return [slot, before === undefined ? histogram : sinceHistogram(histogram, before)];
    }));
  }
}
