/**
 * Waiting with an end.
 *
 * @module
 */

/**
 * What a promise comes to, or undefined if that takes too long; the promise itself goes on.
 *
 * @throws What the promise is rejected with in time; a later rejection is ignored.
 */
export async function within<T>(promise: Promise<T>, limitMs: number): Promise<T | undefined> {
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => late.resolve(undefined), limitMs);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
