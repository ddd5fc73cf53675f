/**
 * Want of local ports: who is told, and how long to wait.
 *
 * @module
 */
import { assertEquals } from "../kit/assert.ts";
import { Clock } from "../../lib/traffic/deno/ticker.ts";
import { PortWatch } from "../../lib/traffic/deno/local_ports.ts";

/** A clock that beats when it is told to, a watch on it, and what was logged. */
function bench(): { clock: Clock; ports: PortWatch; lines: string[]; beat(beats?: number): void } {
  const clock = new Clock();
  clock[Symbol.dispose]();
  const lines: string[] = [];
  const log = (level: string, message: string): number => lines.push(`${level}: ${message}`);
  const ports = new PortWatch(clock, { log, trace: undefined });
  const beat = (beats = 1): void => {
    clock.now += beats;
    for (const each of clock.watched) each.beat(clock.now);
  };
  return { clock, ports, lines, beat };
}

Deno.test("everybody who wants a port waits for the next beat, and nothing is watched after it", async () => {
  const { clock, ports, beat } = bench();
  let over = 0;
  const waits = Array.from({ length: 3 }, () => ports.wait().then(() => over++));
  await Promise.resolve();
  assertEquals([over, clock.watched.size], [0, 1]);
  beat();
  await Promise.all(waits);
  assertEquals(clock.watched.size, 0);
  const again = ports.wait();
  beat();
  await again;
});

Deno.test("want is told once, and again after a minute without any", () => {
  const { ports, lines, beat } = bench();
  for (let second = 0; second < 300; second++) {
    ports.wait();
    beat(Clock.beats(1));
  }
  const line = "warning: out of local ports: connects wait until some are free";
  assertEquals(lines, [line]);
  beat(Clock.beats(61));
  ports.wait();
  assertEquals(lines, [line, line]);
});
