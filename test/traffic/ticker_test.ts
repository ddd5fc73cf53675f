/**
 * The clock of a thread, in its own time: beats, deadlines of any length, and what throws.
 *
 * @module
 */
import { assert, assertEquals } from "../kit/assert.ts";
import { BEAT_MS, Clock } from "../../lib/traffic/deno/ticker.ts";

/** Waits until a clock has come to a beat. */
async function reach(clock: Clock, beat: number): Promise<void> {
  if (clock.now >= beat) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const waiter = { beat: (now: number) => now >= beat && resolve() };
  clock.watched.add(waiter);
  await promise;
  clock.watched.delete(waiter);
}

/** Notes the beat at which a signal aborts. */
function note(clock: Clock, signal: AbortSignal): { at: number | undefined } {
  const noted: { at: number | undefined } = { at: undefined };
  signal.addEventListener("abort", () => noted.at = clock.now);
  return noted;
}

for (const seconds of [0, 0.1, 0.25, 1, 5, 3600]) {
  Deno.test(`the beats of ${seconds} s cover them from any moment, and are at most two beats longer`, () => {
    const ms = Clock.beats(seconds) * BEAT_MS;
    // The first beat may come at once.
    assert(ms - BEAT_MS >= seconds * 1000, `${ms} ms`);
    assert(ms <= seconds * 1000 + 2 * BEAT_MS, `${ms} ms`);
  });
}

Deno.test("each beat looks at everything that is watched, once", async () => {
  using clock = new Clock();
  const seen: number[] = [];
  clock.watched.add({ beat: (now) => seen.push(now) });
  await reach(clock, 3);
  assertEquals(seen, [1, 2, 3]);
});

Deno.test("what leaves while it is looked at is not looked at again, the others are", async () => {
  using clock = new Clock();
  const seen: string[] = [];
  const leaver = {
    beat: (): void => {
      seen.push("leaver");
      clock.watched.delete(leaver);
    },
  };
  clock.watched.add(leaver).add({ beat: () => seen.push("other") });
  await reach(clock, 2);
  assertEquals(seen, ["leaver", "other", "other"]);
});

Deno.test("deadlines of several lengths each abort in their time, whatever order they were made in", async () => {
  using clock = new Clock();
  const lengths = [1, 0.25, 0.75, 0.25, 0];
  const noted = lengths.map((seconds) => note(clock, clock.deadline(seconds)));
  await reach(clock, 1);
  const late = note(clock, clock.deadline(0.25));
  await reach(clock, 6);
  assertEquals(noted.map(({ at }) => at), lengths.map((seconds) => Clock.beats(seconds)));
  assertEquals(late.at, 1 + Clock.beats(0.25));
});

Deno.test("deadlines of one beat and length are the same signal, others are not", async () => {
  using clock = new Clock();
  const first = clock.deadline(5);
  assert(clock.deadline(5) === first);
  assert(clock.deadline(6) !== first);
  assert(clock.deadline(5) === first, "another length came in between");
  await reach(clock, 1);
  assert(clock.deadline(5) !== first);
});

Deno.test("a deadline that is over is not given again", async () => {
  using clock = new Clock();
  const first = clock.deadline(0);
  await reach(clock, 1);
  assert(first.aborted);
  assertEquals(clock.deadline(0).aborted, false);
});

Deno.test("expire aborts everything that is outstanding, of every length, and nothing later", () => {
  using clock = new Clock();
  const signals = [1, 5, 3600].map((seconds) => clock.deadline(seconds));
  clock.expire();
  assertEquals(signals.map(({ aborted }) => aborted), [true, true, true]);
  assertEquals([1, 5].map((seconds) => clock.deadline(seconds).aborted), [false, false]);
});

Deno.test("a clock that is disposed of does not beat, and aborts nothing", async () => {
  const clock = new Clock();
  using other = new Clock();
  const signal = clock.deadline(0);
  clock[Symbol.dispose]();
  await reach(other, 2);
  assertEquals([clock.now, signal.aborted], [0, false]);
});

Deno.test("one that throws stops neither the clock nor the others, and is told once", async () => {
  const faults: unknown[] = [];
  using clock = new Clock((fault) => faults.push(fault));
  const seen: string[] = [];
  const fault = new Error("broken");
  clock.watched.add({ beat: () => seen.push("before") });
  clock.watched.add({
    beat: (): void => {
      throw fault;
    },
  });
  clock.watched.add({ beat: () => seen.push("behind") });
  const signal = clock.deadline(0);
  await reach(clock, 2);
  assertEquals(seen, ["before", "behind", "before", "behind"]);
  assert(signal.aborted);
  assertEquals(faults, [fault]);
});
