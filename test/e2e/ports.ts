/**
 * Ports and loopback addresses that nobody else uses.
 *
 * @module
 */

const LOWEST = 10_000;
/** Below the usual ephemeral ports, so that no outgoing connection takes one meanwhile. */
const HIGHEST = 32_000;

/** A port that is free on every address, of five digits. */
export function freePort(): number {
  for (;;) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    if (isFree(port)) return port;
  }
}

/** A port that nobody listens on: connecting to it is refused. */
export const deadPort = freePort;

function isFree(port: number): boolean {
  try {
    for (const hostname of ["0.0.0.0", "::"]) Deno.listen({ hostname, port }).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return false;
    throw error;
  }
}

/** A loopback address of our own, where well-known ports are free too. */
export function ownAddress(): string {
  const part = (): number => 1 + Math.floor(Math.random() * 250);
  return `127.${part()}.${part()}.${part()}`;
}
