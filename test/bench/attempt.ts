/**
 * Failures of single measurements.
 *
 * @module
 */
import type { Processes } from "./processes.ts";
import { note } from "./terminal.ts";

/**
 * Performs one measurement; a failure is noted, so that the others go on without it.
 *
 * @param what Named in the note.
 * @returns undefined after a failure.
 * @throws {Error} the failure itself when the run is being stopped.
 */
export async function attempt<T>(
  what: string,
  processes: Processes,
  action: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await action();
  } catch (error) {
    if (processes.closed) throw error;
    note(`${what}: ${error instanceof Error ? error.message : error}`);
    return undefined;
  }
}
