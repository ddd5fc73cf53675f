/**
 * The ticker of a thread, in its own time: ticks, sleep, deadlines of any length, and what throws.
 *
 * @module
 */
import { assert, assertEquals } from "../kit/assert.ts";
import { TICK_MS, Ticker } from "../../lib/traffic/deno/ticker.ts";

/** Waits until a ticker has come to a tick. */
async function reach(ticker: Ticker, tick: number): Promise<void> {
  if (ticker.now >= tick) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const waiter = {
    onTick: (now: number): void => {
      if (now < tick) return;
      ticker.unwatch(waiter);
      resolve();
    },
  };
  ticker.watch(waiter);
  await promise;
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
  ticker.watch({ onTick: (now) => seen.push(now) });
  await reach(ticker, 3);
  assertEquals(seen, [1, 2, 3]);
});

Deno.test("what leaves while it is looked at is not looked at again, the others are", async () => {
  using ticker = new Ticker();
  const seen: string[] = [];
  const leaver = {
    onTick: (): void => {
      seen.push("leaver");
      ticker.unwatch(leaver);
    },
  };
  ticker.watch(leaver);
  ticker.watch({ onTick: () => seen.push("other") });
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

Deno.test("a ticker that has nothing to do stands still: from its start, and again after work", async () => {
  using ticker = new Ticker();
  using other = new Ticker();
  await reach(other, 2);
  assertEquals(ticker.now, 0);
  await reach(ticker, ticker.now + 2);
  const { now } = ticker;
  await reach(other, other.now + 3);
  assertEquals(ticker.now, now);
});

Deno.test("a ticker that is woken counts the ticks that it has slept through, whole ones only", () => {
  for (
    const [slept, ticks] of [[0, 0], [1, 0], [249, 0], [250, 1], [1999, 7], [3_600_000, 14400]]
  ) {
    let ms = 12_345;
    using ticker = new Ticker(undefined, () => ms);
    ms += slept ?? 0;
    ticker.watch({ onTick: () => {} });
    assertEquals(ticker.now, ticks, `${slept} ms`);
    // It is awake: its clock does not count any more.
    ms += 10_000;
    ticker.watch({ onTick: () => {} });
    assertEquals(ticker.now, ticks);
  }
});

Deno.test("time that it was awake is not counted as slept", async () => {
  let ms = 0;
  using ticker = new Ticker(undefined, () => ms);
  ms = 5 * TICK_MS;
  const { promise, resolve } = Promise.withResolvers<void>();
  const once = {
    onTick: (): void => {
      ticker.unwatch(once);
      ms += 1000 * TICK_MS;
      resolve();
    },
  };
  ticker.watch(once);
  await promise;
  ms += 3 * TICK_MS;
  assertEquals(ticker.after(0), 5 + 1 + 3 + Ticker.ticks(0));
});

Deno.test("a deadline taken from a ticker that sleeps aborts after its time, counted from now", async () => {
  let ms = 0;
  using ticker = new Ticker(undefined, () => ms);
  ms = 1000 * TICK_MS;
  const signal = ticker.deadline(0.25);
  const noted = note(ticker, signal);
  // Nothing else keeps it awake.
  await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
  assertEquals(noted.at, 1000 + Ticker.ticks(0.25));
});

Deno.test("the tick at which a time is over is counted from now, and no deadline of that time is later", () => {
  let ms = 0;
  using ticker = new Ticker(undefined, () => ms);
  ms = 100 * TICK_MS;
  assertEquals(ticker.after(5), 100 + Ticker.ticks(5));
  const signal = ticker.deadline(5);
  assertEquals(ticker.after(5), 100 + Ticker.ticks(5));
  assertEquals(signal.aborted, false);
});

Deno.test("a ticker that is disposed of is woken by nothing", async () => {
  let ms = 0;
  const ticker = new Ticker(undefined, () => ms);
  using other = new Ticker();
  ticker[Symbol.dispose]();
  ms = 1000 * TICK_MS;
  let looks = 0;
  ticker.watch({ onTick: () => looks++ });
  const signal = ticker.deadline(0);
  await reach(other, 3);
  assertEquals([ticker.now, looks, signal.aborted], [0, 0, false]);
});

Deno.test("one that throws while nothing else is watched lets the ticker sleep and be woken again", async () => {
  const faults: unknown[] = [];
  using ticker = new Ticker((fault) => faults.push(fault));
  using other = new Ticker();
  const fault = new Error("broken");
  ticker.watch({
    onTick: (): void => {
      throw fault;
    },
  });
  await reach(other, 3);
  assertEquals([ticker.now, ticker.ticking.size], [1, 0]);
  await reach(ticker, ticker.now + 3);
  assertEquals(faults, [fault]);
});

Deno.test("one that throws stops neither the ticker nor the others, and is told once", async () => {
  const faults: unknown[] = [];
  using ticker = new Ticker((fault) => faults.push(fault));
  const seen: string[] = [];
  const fault = new Error("broken");
  ticker.watch({ onTick: () => seen.push("before") });
  ticker.watch({
    onTick: (): void => {
      throw fault;
    },
  });
  ticker.watch({ onTick: () => seen.push("behind") });
  const signal = ticker.deadline(0);
  await reach(ticker, 2);
  assertEquals(seen, ["before", "behind", "before", "behind"]);
  assert(signal.aborted);
  assertEquals(faults, [fault]);
});
