/**
 * Want of local ports: who is told, and how long to wait.
 *
 * @module
 */
import { assertEquals } from "../kit/assert.ts";
import { stoppedTicker } from "../kit/make_pools.ts";
import { Ticker } from "../../lib/traffic/deno/ticker.ts";
import { PortWatch } from "../../lib/traffic/deno/local_ports.ts";

/** A ticker that ticks when it is told to, a watch on it, and what was logged. */
function bench(): {
  ticker: Ticker;
  ports: PortWatch;
  lines: string[];
  tick(ticks?: number): void;
} {
  const ticker = stoppedTicker();
  const lines: string[] = [];
  const log = (level: string, message: string): number => lines.push(`${level}: ${message}`);
  const ports = new PortWatch(ticker, { log, trace: undefined });
  const tick = (ticks = 1): void => {
    ticker.now += ticks;
    for (const each of ticker.ticking) each.onTick(ticker.now);
  };
  return { ticker, ports, lines, tick };
}

Deno.test("everybody who wants a port waits for the next tick, and nothing is watched after it", async () => {
  const { ticker, ports, tick } = bench();
  let over = 0;
  const waits = Array.from({ length: 3 }, () => ports.wait().then(() => over++));
  await Promise.resolve();
  assertEquals([over, ticker.ticking.size], [0, 1]);
  tick();
  await Promise.all(waits);
  assertEquals(ticker.ticking.size, 0);
  const again = ports.wait();
  tick();
  await again;
});

Deno.test("want is told once, and again after a minute without any", () => {
  const { ports, lines, tick } = bench();
  for (let second = 0; second < 300; second++) {
    ports.wait();
    tick(Ticker.ticks(1));
  }
  const line = "warning: out of local ports: connects wait until some are free";
  assertEquals(lines, [line]);
  tick(Ticker.ticks(61));
  ports.wait();
  assertEquals(lines, [line, line]);
});

Deno.test("a minute that the ticker slept through is a minute without want", async () => {
  let ms = 0;
  using ticker = new Ticker(undefined, () => ms);
  const lines: string[] = [];
  const log = (_level: string, message: string): number => lines.push(message);
  const ports = new PortWatch(ticker, { log, trace: undefined });
  await ports.wait();
  ms = 50_000;
  await ports.wait();
  assertEquals(lines.length, 1);
  ms += 62_000;
  await ports.wait();
  assertEquals(lines.length, 2);
});
