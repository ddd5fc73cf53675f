/**
 * A thread that takes the lock of group 0, and says so. It gives it back, and ends, only when told to.
 *
 * @module
 */
import { lockGroup, unlockGroup } from "../../../lib/core/table/lock.ts";
import { openTable } from "../../../lib/core/table/schema.ts";

interface Order {
  readonly memory: SharedArrayBuffer;
  readonly workers: number;
  readonly worker: number;
}

/** The part of a worker's global scope that is used here. */
interface Scope {
  onmessage: ((event: MessageEvent<Order | "unlock">) => void) | null;
  postMessage(word: string): void;
}

const scope = globalThis as unknown as Scope;

scope.onmessage = ({ data: order }) => {
  if (order === "unlock") return;
  const { memory, workers, worker } = order;
  const table = openTable(memory, workers);
  scope.postMessage("wants");
  lockGroup(table, worker, 0);
  scope.postMessage("has");
  scope.onmessage = () => unlockGroup(table, worker, 0);
};
