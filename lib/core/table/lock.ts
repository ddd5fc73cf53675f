/**
 * A group's lock: who holds it chooses alone, while other threads that want the same group wait.
 *
 * It is held over one choice and claim, at most some hundred steps.
 *
 * @module
 */
import { lock, unlock } from "../lock.ts";
import { groupWord, MAX_GROUPS, type Table } from "./schema.ts";

/**
 * Takes a group's lock, waiting for it if need be; with one worker there is nobody to wait for.
 *
 * To be called by workers only, and given back with {@link unlockGroup} before anything else is awaited.
 */
export function lockGroup(table: Table, worker: number, group: number): void {
  if (table.workers > 1) lock(table.words, groupWord(group, "lock"), worker + 1);
}

/** Gives a group's lock back; one that was freed meanwhile stays as it is. */
export function unlockGroup(table: Table, worker: number, group: number): void {
  if (table.workers > 1) unlock(table.words, groupWord(group, "lock"), worker + 1);
}

/** Frees the locks that a dead worker holds; to be called by the main thread only. */
export function freeLocks(table: Table, worker: number): void {
  for (let group = 0; group < MAX_GROUPS; group++) {
    unlock(table.words, groupWord(group, "lock"), worker + 1);
  }
}
