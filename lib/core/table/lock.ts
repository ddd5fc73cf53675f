/**
 * A group's lock: who holds it chooses alone, while other threads that want the same group wait.
 *
 * It is held over one choice and claim, at most some hundred steps. The word names its owner, so that the main thread can free
 * what a dead worker has left locked ({@link freeLocks}): no other thread waits for ever.
 *
 * @module
 */
import { groupWord, MAX_GROUPS, type Table } from "./schema.ts";

/** Nobody holds the lock. */
const FREE = 0;

/** Looks at a taken lock before the thread sleeps: the owner may need this processor. */
const LOOKS = 1000;

/** How long it sleeps at most, in ms. */
const NAP_MS = 1;

/**
 * Takes a group's lock, waiting for it if need be; with one worker there is nobody to wait for.
 *
 * To be called by workers only, and given back with {@link unlockGroup} before anything else is awaited.
 */
export function lockGroup(table: Table, worker: number, group: number): void {
  if (table.workers === 1) return;
  const word = groupWord(group, "lock");
  for (let look = 1;; look++) {
    const owner = Atomics.compareExchange(table.words, word, FREE, worker + 1);
    // A lock of this thread's own number is what its dead predecessor has left.
    if (owner === FREE || owner === worker + 1) return;
    if (look % LOOKS === 0) Atomics.wait(table.words, word, owner, NAP_MS);
  }
}

/** Gives a group's lock back; one that was freed meanwhile stays as it is. */
export function unlockGroup(table: Table, worker: number, group: number): void {
  if (table.workers === 1) return;
  Atomics.compareExchange(table.words, groupWord(group, "lock"), worker + 1, FREE);
}

/** Frees the locks that a dead worker holds; to be called by the main thread only. */
export function freeLocks(table: Table, worker: number): void {
  for (let group = 0; group < MAX_GROUPS; group++) {
    Atomics.compareExchange(table.words, groupWord(group, "lock"), worker + 1, FREE);
  }
}
