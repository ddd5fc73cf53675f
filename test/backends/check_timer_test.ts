import { eventually } from "../kit/wait.ts";
import { CheckTimer } from "../../lib/backends/check_timer.ts";
import type { Verdict } from "../../lib/backends/checks.ts";
import { assert, assertEquals } from "../kit/assert.ts";

const GOOD: Verdict = { ok: true, reason: "connected", tookMs: 1 };

/** Notes when which check begins; checks are over when they are told to be. */
class NotedChecks {
  readonly begun: { readonly slot: number; readonly atMs: number }[] = [];
  readonly found: number[] = [];
  readonly open: { readonly slot: number; readonly finish: () => void }[] = [];
  readonly late: number[] = [];
  patienceMs: number | undefined;
  readonly start0 = performance.now();
  /** Whether checks are over at once. */
  quick = true;
  verdict: Verdict | undefined = GOOD;

  start = (slot: number): { verdict: Promise<Verdict | undefined>; over: Promise<void> } => {
    this.begun.push({ slot, atMs: performance.now() - this.start0 });
    const { promise, resolve } = Promise.withResolvers<void>();
    if (this.quick) resolve();
    else this.open.push({ slot, finish: resolve });
    return { verdict: Promise.resolve(this.verdict), over: promise };
  };

  /** How often a channel was checked. */
  count(slot: number): number {
    return this.begun.filter((each) => each.slot === slot).length;
  }
}

function timerFor(checks: NotedChecks, intervalMs: number): CheckTimer {
  return new CheckTimer(() => intervalMs, {
    start: checks.start,
    found: (slot) => checks.found.push(slot),
    patienceMs: () => checks.patienceMs,
    late: (slot) => checks.late.push(slot),
  });
}

Deno.test("first checks are spread over the interval, in the order of the channels", async () => {
  const checks = new NotedChecks();
  using timer = timerFor(checks, 400);
  timer.watchAll([5, 6, 7, 8]);
  await eventually(() => checks.begun.length >= 4, "four checks");
  const first = checks.begun.slice(0, 4);
  assertEquals(first.map(({ slot }) => slot), [5, 6, 7, 8]);
  for (const [at, { atMs }] of first.entries()) assert(atMs >= at * 100 - 1, `${atMs}`);
});

Deno.test("checks of a channel are an interval apart, less a tenth and their patience at most", async () => {
  const checks = new NotedChecks();
  checks.patienceMs = 6;
  using timer = timerFor(checks, 60);
  timer.watch(1);
  await eventually(() => checks.begun.length >= 8, "eight checks");
  const times = checks.begun.map(({ atMs }) => atMs);
  for (let at = 1; at < times.length; at++) {
    assert((times[at] ?? 0) - (times[at - 1] ?? 0) >= 60 * 0.9 - 6 - 2, times.join());
  }
});

Deno.test("a channel has one check at a time; others are not held up by one that lasts", async () => {
  const checks = new NotedChecks();
  checks.quick = false;
  using timer = timerFor(checks, 20);
  timer.watch(1);
  await eventually(() => checks.open.length === 1, "the first check");
  checks.quick = true;
  timer.watch(2);
  await eventually(() => checks.count(2) >= 5, "checks of the other channel");
  assertEquals(checks.count(1), 1);
  checks.open[0]?.finish();
  await eventually(() => checks.count(1) >= 2, "the next check");
});

Deno.test("a channel that is left alone is not checked, and what is found of it is not told", async () => {
  const { promise, resolve } = Promise.withResolvers<Verdict>();
  const over = Promise.resolve();
  const begun: number[] = [];
  const found: number[] = [];
  using timer = new CheckTimer(() => 10, {
    start: (slot) => {
      begun.push(slot);
      return { verdict: slot === 1 ? promise : Promise.resolve(GOOD), over };
    },
    found: (slot) => found.push(slot),
    patienceMs: () => undefined,
    late: () => {},
  });
  timer.watch(1);
  await eventually(() => begun.length === 1, "the first check");
  timer.leave(1);
  resolve(GOOD);
  timer.watch(2);
  await eventually(() => found.length >= 3, "checks of another channel");
  assertEquals([begun, found].map((slots) => slots.filter((slot) => slot === 1)), [[1], []]);
});

Deno.test("a hurried check comes at once, or as soon as the one that runs is over", async () => {
  const checks = new NotedChecks();
  using timer = timerFor(checks, 3_600_000);
  timer.watch(1);
  await eventually(() => checks.count(1) === 1, "the first check");
  checks.quick = false;
  await eventually(() => {
    timer.hurry(1);
    return checks.count(1) === 2;
  }, "a hurried check");
  timer.hurry(1);
  timer.hurry(2);
  checks.quick = true;
  checks.open[0]?.finish();
  await eventually(() => checks.count(1) === 3, "another hurried check");
  assertEquals(checks.count(2), 0);
});

Deno.test("a check that takes longer than its like is late, once; one that is in time is not", async () => {
  const checks = new NotedChecks();
  checks.patienceMs = 10;
  const { promise, resolve } = Promise.withResolvers<Verdict>();
  const over = Promise.resolve();
  const found: number[] = [];
  using timer = new CheckTimer(() => 60, {
    start: (slot) => ({ verdict: slot === 1 ? promise : Promise.resolve(GOOD), over }),
    found: (slot) => found.push(slot),
    patienceMs: () => 10,
    late: (slot) => checks.late.push(slot),
  });
  timer.watch(1);
  timer.watch(2);
  await eventually(() => found.length >= 3, "checks that are in time");
  assertEquals(checks.late, [1]);
  resolve(GOOD);
  await eventually(() => found.includes(1), "the late one");
});

Deno.test("a channel that is left alone is not late", async () => {
  const checks = new NotedChecks();
  using timer = new CheckTimer(() => 10, {
    start: (slot) => ({
      verdict: slot === 1 ? new Promise(() => {}) : Promise.resolve(GOOD),
      over: Promise.resolve(),
    }),
    found: (slot) => checks.start(slot),
    patienceMs: () => 20,
    late: (slot) => checks.late.push(slot),
  });
  timer.watch(1);
  await new Promise((resolve) => setTimeout(resolve, 0));
  timer.leave(1);
  timer.watch(2);
  await eventually(() => checks.begun.length >= 8, "checks of another channel");
  assertEquals(checks.late, []);
});

Deno.test("without channels no timer runs, and none after its end", () => {
  const checks = new NotedChecks();
  {
    using timer = timerFor(checks, 10);
    timer.watchAll([]);
    timer.watch(1);
  }
  assertEquals(checks.begun, []);
});
