/**
 * Ports and loopback addresses that nobody else uses.
 *
 * @module
 */

const LOWEST = 10_000;
/** Ports of one block. */
const BLOCK = 100;
/** All blocks lie below the usual ephemeral ports, so that no outgoing connection takes one meanwhile. */
const BLOCKS = 220;
/** {@link returningPort}'s, between the blocks and the ephemeral ports. */
const RETURNING = { lowest: 32_000, count: 700 };

/** A port that is free on every address, of five digits. */
export function freePort(): number {
  for (;;) {
    const port = ports.next().value;
    if (isFree(port)) return port;
  }
}

/** A port that nobody listens on: connecting to it is refused. */
export const deadPort = freePort;

/**
 * A port for a backend that comes and goes, to be used on an {@link ownAddress}.
 *
 * No {@link freePort} is one, so that nobody has it when the backend comes back.
 */
export function returningPort(): number {
  return RETURNING.lowest + Math.floor(Math.random() * RETURNING.count);
}

/** A loopback address of our own, where well-known ports are free too. */
export function ownAddress(): string {
  const part = (): number => 1 + Math.floor(Math.random() * 250);
  return `127.${part()}.${part()}.${part()}`;
}

/** Whether somebody listens on a port: a connect is not refused. */
export async function isOpen(port: number, hostname = "127.0.0.1"): Promise<boolean> {
  try {
    (await Deno.connect({ hostname, port })).close();
    return true;
  } catch (error) {
    return !(error instanceof Deno.errors.ConnectionRefused);
  }
}

/** The ports of our block, over and over. */
const ports = cycle(takeBlock());

function* cycle(first: number): Generator<number, never> {
  for (;;) for (let at = 1; at < BLOCK; at++) yield first + at;
}

/**
 * Takes a block of ports by listening on its first one, as long as the process or test file runs.
 *
 * A port is free when it is chosen and bound only when its program has started: without blocks, choosers that run at the
 * same time would now and then meet.
 */
function takeBlock(): number {
  for (let attempt = 0; attempt < 10 * BLOCKS; attempt++) {
    const first = LOWEST + BLOCK * Math.floor(Math.random() * BLOCKS);
    try {
      Deno.listen({ hostname: "127.0.0.1", port: first });
      return first;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
  throw new Error("No block of ports is free");
}

function isFree(port: number): boolean {
  return !inUse("0.0.0.0", port) && !inUse("::", port);
}

function inUse(hostname: string, port: number): boolean {
  try {
    Deno.listen({ hostname, port }).close();
    return false;
  } catch (error) {
    // Any other failure, as without IPv6, is not about the port.
    return error instanceof Deno.errors.AddrInUse;
  }
}
