/**
 * Closing that may come twice.
 *
 * @module
 */

/** Closes a connection or listener, whether or not it was closed before. */
export function close(resource: { close(): void }): void {
  try {
    resource.close();
  } catch {
    // Closed before.
  }
}
