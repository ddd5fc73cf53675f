/**
 * Tells the log of refused clients, once a minute at most.
 *
 * @module
 */
import type { LineWriter } from "../core/events.ts";
import { RefusalTeller } from "../core/report/refusals.ts";
import { refusalCounts } from "../core/table/clients.ts";
import type { Table } from "../core/table/schema.ts";

/** How often it is looked, in ms. */
const LOOK_MS = 1000;

/** A watch that runs until it is disposed of. */
export interface RefusalWatch extends Disposable {
  /** Tells what was not told yet, at the end. */
  tell(): void;
}

/** Starts to watch. */
export function startRefusalWatch(table: Table, log: LineWriter): RefusalWatch {
  const teller = new RefusalTeller();
  const look = (nowMs: number): void => {
    const news = teller.news(refusalCounts(table), nowMs);
    if (news !== undefined) log.log("notice", "refused {refused} clients: {reasons}", { ...news });
  };
  const timer = setInterval(() => look(performance.now()), LOOK_MS);
  return { tell: () => look(Infinity), [Symbol.dispose]: () => clearInterval(timer) };
}
