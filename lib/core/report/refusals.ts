/**
 * The log's line about refused clients.
 *
 * @module
 */
import { type Refusal, REFUSALS } from "../table/schema.ts";

/** Refused clients by reason. */
export type RefusalCounts = Readonly<Record<Refusal, number>>;

/** What a line tells. */
export interface RefusalNews {
  /** How many clients were refused. */
  readonly refused: number;
  /** How many for which reason: `denied 3, rate 12`. */
  readonly reasons: string;
}

/** Least time between two lines, in ms. */
const PERIOD_MS = 60_000;

/** Decides when refused clients are told: the first ones at once, then those of each minute together. */
export class RefusalTeller {
  #told: Partial<RefusalCounts> = {};
  #toldAt = -Infinity;

  /**
   * What is to be told now, if anything is.
   *
   * @param counts Refused clients since the start.
   * @param nowMs Time in ms of a clock that does not go back; `Infinity` tells what is left.
   */
  news(counts: RefusalCounts, nowMs: number): RefusalNews | undefined {
    if (nowMs - this.#toldAt < PERIOD_MS) return undefined;
    const fresh = REFUSALS.map((reason) =>
      [reason, counts[reason] - (this.#told[reason] ?? 0)] as const
    ).filter(([, count]) => count > 0);
    if (fresh.length === 0) return undefined;
    this.#told = { ...counts };
    this.#toldAt = nowMs;
    return {
      refused: fresh.reduce((sum, [, count]) => sum + count, 0),
      reasons: fresh.map(([reason, count]) => `${reason} ${count}`).join(", "),
    };
  }
}
