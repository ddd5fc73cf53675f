/**
 * Waiting for things with a bound.
 *
 * @module
 */
import { sleep } from "../kit/wait.ts";

/** How long something that must come soon may take on a busy machine. */
export const PATIENCE_MS = 1500;

/**
 * Looks again and again until the value is the wanted one or the time is up.
 *
 * @returns The last value, wanted or not.
 */
export async function eventually<T>(
  look: () => T | Promise<T>,
  wanted: (value: T) => boolean,
  ms: number = PATIENCE_MS,
): Promise<T> {
  const end = performance.now() + ms;
  for (;;) {
    const value = await look();
    if (wanted(value) || performance.now() >= end) return value;
    await sleep(20);
  }
}
