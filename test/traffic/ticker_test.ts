/**
 * The ticker of a thread, in its own time: ticks, deadlines of any length, and what throws.
 *
 * @module
 */
import { assert, assertEquals } from "../kit/assert.ts";
import { TICK_MS, Ticker } from "../../lib/traffic/deno/ticker.ts";

/** Waits until a ticker has come to a tick. */
async function reach(ticker: Ticker, tick: number): Promise<void> {
  if (ticker.now >= tick) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const waiter = { onTick: (now: number) => now >= tick && resolve() };
  ticker.ticking.add(waiter);
  await promise;
  ticker.ticking.delete(waiter);
}

/** Notes the tick at which a signal aborts. */
function note(ticker: Ticker, signal: AbortSignal): { at: number | undefined } {
  const noted: { at: number | undefined } = { at: undefined };
  signal.addEventListener("abort", () => noted.at = ticker.now);
  return noted;
}

for (const seconds of [0, 0.1, 0.25, 1, 5, 3600]) {
  Deno.test(`the ticks of ${seconds} s cover them from any moment, and are at most two ticks longer`, () => {
    const ms = Ticker.ticks(seconds) * TICK_MS;
    // The first tick may come at once.
    assert(ms - TICK_MS >= seconds * 1000, `${ms} ms`);
    assert(ms <= seconds * 1000 + 2 * TICK_MS, `${ms} ms`);
  });
}

Deno.test("each tick looks at everything that is watched, once", async () => {
  using ticker = new Ticker();
  const seen: number[] = [];
  ticker.ticking.add({ onTick: (now) => seen.push(now) });
  await reach(ticker, 3);
  assertEquals(seen, [1, 2, 3]);
});

Deno.test("what leaves while it is looked at is not looked at again, the others are", async () => {
  using ticker = new Ticker();
  const seen: string[] = [];
  const leaver = {
    onTick: (): void => {
      seen.push("leaver");
      ticker.ticking.delete(leaver);
    },
  };
  ticker.ticking.add(leaver).add({ onTick: () => seen.push("other") });
  await reach(ticker, 2);
  assertEquals(seen, ["leaver", "other", "other"]);
});

Deno.test("deadlines of several lengths each abort in their time, whatever order they were made in", async () => {
  using ticker = new Ticker();
  const lengths = [1, 0.25, 0.75, 0.25, 0];
  const noted = lengths.map((seconds) => note(ticker, ticker.deadline(seconds)));
  await reach(ticker, 1);
  const late = note(ticker, ticker.deadline(0.25));
  await reach(ticker, 6);
  assertEquals(noted.map(({ at }) => at), lengths.map((seconds) => Ticker.ticks(seconds)));
  assertEquals(late.at, 1 + Ticker.ticks(0.25));
});

Deno.test("deadlines of one tick and length are the same signal, others are not", async () => {
  using ticker = new Ticker();
  const first = ticker.deadline(5);
  assert(ticker.deadline(5) === first);
  assert(ticker.deadline(6) !== first);
  assert(ticker.deadline(5) === first, "another length came in between");
  await reach(ticker, 1);
  assert(ticker.deadline(5) !== first);
});

Deno.test("a deadline that is over is not given again", async () => {
  using ticker = new Ticker();
  const first = ticker.deadline(0);
  await reach(ticker, 1);
  assert(first.aborted);
  assertEquals(ticker.deadline(0).aborted, false);
});

Deno.test("expire aborts everything that is outstanding, of every length, and nothing later", () => {
  using ticker = new Ticker();
  const signals = [1, 5, 3600].map((seconds) => ticker.deadline(seconds));
  ticker.expire();
  assertEquals(signals.map(({ aborted }) => aborted), [true, true, true]);
  assertEquals([1, 5].map((seconds) => ticker.deadline(seconds).aborted), [false, false]);
});

Deno.test("a ticker that is disposed of does not tick, and aborts nothing", async () => {
  const ticker = new Ticker();
  using other = new Ticker();
  const signal = ticker.deadline(0);
  ticker[Symbol.dispose]();
  await reach(other, 2);
  assertEquals([ticker.now, signal.aborted], [0, false]);
});

Deno.test("one that throws stops neither the ticker nor the others, and is told once", async () => {
  const faults: unknown[] = [];
  using ticker = new Ticker((fault) => faults.push(fault));
  const seen: string[] = [];
  const fault = new Error("broken");
  ticker.ticking.add({ onTick: () => seen.push("before") });
  ticker.ticking.add({
    onTick: (): void => {
      throw fault;
    },
  });
  ticker.ticking.add({ onTick: () => seen.push("behind") });
  const signal = ticker.deadline(0);
  await reach(ticker, 2);
  assertEquals(seen, ["before", "behind", "before", "behind"]);
  assert(signal.aborted);
  assertEquals(faults, [fault]);
});
