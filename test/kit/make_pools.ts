/**
 * Pools of buffers whose time only a test moves.
 *
 * @module
 */
import { type BufferClass, BufferPools } from "../../lib/traffic/deno/buffer_pools.ts";
import { Ticker } from "../../lib/traffic/deno/ticker.ts";

/** A ticker that does not tick by itself. */
export function stoppedTicker(): Ticker {
  const ticker = new Ticker();
  ticker[Symbol.dispose]();
  return ticker;
}

/** Has one more tick come. */
export function tick(ticker: Ticker): void {
  ticker.now++;
  for (const each of ticker.ticking) each.onTick(ticker.now);
}

/** Pools of some classes, on a ticker that does not tick by itself. */
export function makePools(classes: readonly BufferClass[], chance?: () => number): BufferPools {
  return new BufferPools(stoppedTicker(), classes, chance);
}
