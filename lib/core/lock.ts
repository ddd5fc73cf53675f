/**
 * A lock in shared memory: who holds it works alone on what it guards, while other threads that want it wait.
 *
 * It is held over some hundred steps, never over an await. The word names its owner, so that the main thread can take over
 * what a dead worker has left locked: no thread waits for ever.
 *
 * @module
 */

/** Nobody holds the lock. */
const FREE = 0;

/** Looks at a taken lock before the thread sleeps: the owner may need this processor. */
const LOOKS = 1000;

/** How long it sleeps at most, in ms. */
const NAP_MS = 1;

/** Sleeps after which a dead thread does not go on any more. */
const NAPS = 100;

/**
 * Takes the lock, waiting for it if need be.
 *
 * @param at Index of the lock's word.
 * @param owner Number of the thread, above 0.
 */
export function lock(words: Int32Array, at: number, owner: number): void {
  for (let look = 1;; look++) {
    const held = Atomics.compareExchange(words, at, FREE, owner);
    // A lock of this thread's own number is what its dead predecessor has left.
    if (held === FREE || held === owner) return;
    if (look % LOOKS === 0) Atomics.wait(words, at, held, NAP_MS);
  }
}

/** Gives the lock back; one that was taken over meanwhile stays as it is. */
export function unlock(words: Int32Array, at: number, owner: number): void {
  Atomics.compareExchange(words, at, owner, FREE);
}

/**
 * Frees a lock that a dead thread holds; to be called by the main thread only.
 *
 * A thread that is terminated may go on for a moment, so it gets a tenth of a second to give it back itself.
 */
export function freeLock(words: Int32Array, at: number, dead: number): void {
  for (let nap = 0; nap < NAPS && Atomics.load(words, at) === dead; nap++) {
    Atomics.wait(words, at, dead, NAP_MS);
  }
  unlock(words, at, dead);
}
