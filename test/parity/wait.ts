/**
 * Waiting for things with a bound.
 *
 * @module
 */

/** How long something that must come soon may take on a busy machine. */
export const PATIENCE_MS = 1500;

/** Sleeps. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

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

/** The promise's value, or `undefined` when the time is up before. */
export async function within<T>(promise: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), Math.max(0, ms));
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
