/**
 * Letting time pass.
 *
 * @module
 */

/** Resolves after so many ms; others have their turn meanwhile, with 0 too. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
