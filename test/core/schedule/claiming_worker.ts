/**
 * A thread that claims channels as fast as it can, as one of several workers on a table.
 *
 * It checks after each of its claims that no channel is ahead of its share: `c/weight` of the claimed one is at most `(c+1)/weight`
 * of every other, or with a load bound at most what that allows. With choice and claim in one step that holds at all times, and
 * later counts are only higher.
 *
 * @module
 */
import { channelCount, effectiveWeight } from "../../../lib/core/table/access.ts";
import { channelWord, openTable, type Table } from "../../../lib/core/table/schema.ts";
import { makeScheduler } from "../../kit/make_scheduler.ts";

/** What the thread is asked to do. */
export interface ClaimOrder {
  readonly memory: SharedArrayBuffer;
  readonly workers: number;
  readonly worker: number;
  readonly claims: number;
  /** Percent; undefined is no bound. */
  readonly loadBound: number | undefined;
}

/** The part of a worker's global scope that is used here. */
interface Scope {
  onmessage: ((event: MessageEvent<ClaimOrder>) => void) | null;
  postMessage(ahead: number): void;
}

const scope = globalThis as unknown as Scope;

function isAhead(table: Table, slot: number): boolean {
  const c = connectionsOf(table, slot);
  for (let other = 0; other < channelCount(table, 0); other++) {
    const room = connectionsOf(table, other) + 1;
    if (c * effectiveWeight(table, other) > room * effectiveWeight(table, slot)) return true;
  }
  return false;
}

/** Whether a channel has more than its share of the connections times the bound. */
function isBeyond(table: Table, slot: number, percent: number): boolean {
  const c = connectionsOf(table, slot);
  let weights = 0;
  let all = 0;
  for (let other = 0; other < channelCount(table, 0); other++) {
    weights += effectiveWeight(table, other);
    all += connectionsOf(table, other);
  }
  return c > Math.ceil(all * percent / 100 * effectiveWeight(table, slot) / weights - 1e-9);
}

function connectionsOf(table: Table, slot: number): number {
  return Atomics.load(table.words, channelWord(slot, "connections"));
}

scope.onmessage = ({ data: { memory, workers, worker, claims, loadBound } }) => {
  const table = openTable(memory, workers);
  const scheduler = makeScheduler(table, { worker, loadBound });
  const client = { address: "192.0.2.1", hashFailover: false };
  // All threads begin at once.
  Atomics.add(table.words, START, 1);
  while (Atomics.load(table.words, START) < workers) continue;
  let ahead = 0;
  for (let claim = 0; claim < claims; claim++) {
    const slot = scheduler.first(client);
    if (loadBound === undefined ? isAhead(table, slot) : isBeyond(table, slot, loadBound)) ahead++;
  }
  scope.postMessage(ahead);
};

/** A word of the table that this test does not use otherwise. */
const START = channelWord(1023, "port");
