/**
 * How many clients the process has descriptors for.
 *
 * @module
 */

/** Descriptors that stay free for control, log and name look-ups. */
const RESERVE = 24;

/**
 * The number of clients that can be served at once, two descriptors each.
 *
 * Accepting more would leave none to control the instance with.
 *
 * @returns At least 1; Infinity where the system does not tell its limit.
 */
export function clientCapacity(): number {
  try {
    const limits = Deno.readTextFileSync("/proc/self/limits");
    const limit = Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1] ?? Infinity);
    const used = [...Deno.readDirSync("/proc/self/fd")].length;
    return Math.max(1, Math.floor((limit - used - RESERVE) / 2));
  } catch {
    return Infinity;
  }
}
