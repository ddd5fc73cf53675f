import {
  type Ejection,
  failed,
  inService,
  succeeded,
  timePassed,
  trialAbandoned,
  trialTaken,
} from "../../../lib/core/health/ejection.ts";
import { formatTransition } from "../../../lib/core/health/transition.ts";
import { assertEquals } from "../../kit/assert.ts";

/** A failure with jitter in the middle: waiting times are exact. */
function failure(atMs: number, trial = false, jitter = 0.5): Parameters<typeof failed>[1] {
  return { reason: "refused", atMs, trial, jitter };
}

/** A channel that was ejected at second 10 by its first failure. */
function ejected(): Ejection {
  return failed(inService(0), failure(10_000), 1).state;
}

/** An ejected channel whose trial is out. */
function onTrial(): Ejection {
  return trialTaken(timePassed(ejected(), 11_000));
}

/** The waiting times of `rounds` ejections in a row, each trial failing. */
function waits(rounds: number, jitter: number): number[] {
  const times: number[] = [];
  let now = 0;
  let state = failed(inService(0), failure(now, false, jitter), 1).state;
  while (state.phase === "waiting") {
    times.push(state.untilMs - now);
    if (times.length === rounds) break;
    now = state.untilMs;
    state = failed(trialTaken(timePassed(state, now)), failure(now, true, jitter), 1).state;
  }
  return times;
}

Deno.test("N failures in a row eject", () => {
  let state = inService(0);
  const phases: string[] = [];
  for (let at = 1; at <= 3; at++) {
    state = failed(state, failure(at * 100), 3).state;
    phases.push(state.phase);
  }
  assertEquals(phases, ["in service", "in service", "waiting"]);
});

Deno.test("a success between failures begins the row again", () => {
  let state = inService(0);
  for (const sign of "--+--+--") {
    state = sign === "-"
      ? failed(state, failure(1), 3).state
      : succeeded(state, { reason: "connected", atMs: 1 }).state;
  }
  assertEquals(state, { phase: "in service", sinceMs: 0, failures: 2 });
});

Deno.test("waiting takes 1 s, doubled by each failed trial up to 60 s", () => {
  assertEquals(waits(9, 0.5), [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
});

Deno.test("waiting is up to 20 % shorter or longer, by chance", () => {
  assertEquals(waits(8, 0), [800, 1600, 3200, 6400, 12_800, 25_600, 48_000, 48_000]);
  assertEquals(waits(8, 1), [1200, 2400, 4800, 9600, 19_200, 38_400, 72_000, 72_000]);
});

Deno.test("the trial is due when the waiting is over, not before", () => {
  assertEquals(timePassed(ejected(), 10_999).phase, "waiting");
  assertEquals(timePassed(ejected(), 11_000).phase, "trial due");
});

Deno.test("one client takes the trial; an abandoned trial goes to the next one", () => {
  assertEquals(onTrial().phase, "on trial");
  assertEquals(trialTaken(onTrial()), onTrial());
  assertEquals(trialAbandoned(onTrial()).phase, "trial due");
  assertEquals(trialTaken(trialAbandoned(onTrial())), onTrial());
});

Deno.test("a successful trial ends the ejection, and the next one begins with 1 s", () => {
  const second = failed(onTrial(), failure(11_000, true), 1).state;
  const trial = trialTaken(timePassed(second, 13_000));
  const back = succeeded(trial, { reason: "connected", atMs: 13_500 }).state;
  assertEquals(back, { phase: "in service", sinceMs: 13_500, failures: 0 });
  const again = failed(back, failure(20_000), 1).state;
  assertEquals(again, { phase: "waiting", sinceMs: 20_000, round: 1, untilMs: 21_000 });
});

Deno.test("a failed trial waits twice as long and keeps since when the channel is ejected", () => {
  const step = failed(onTrial(), failure(11_500, true), 1);
  assertEquals(step, {
    state: { phase: "waiting", sinceMs: 10_000, round: 2, untilMs: 13_500 },
    transition: undefined,
  });
});

Deno.test("a late failure of a connect from before the ejection changes nothing", () => {
  const due = timePassed(ejected(), 11_000);
  for (const state of [ejected(), due, onTrial()]) {
    assertEquals(failed(state, failure(11_000), 1), { state, transition: undefined });
  }
});

Deno.test("a success ends the ejection at any time: it proves that the server works", () => {
  for (const state of [ejected(), timePassed(ejected(), 11_000), onTrial()]) {
    const step = succeeded(state, { reason: "connected", atMs: 11_000 });
    assertEquals(step.state, inService(11_000));
  }
});

Deno.test("time, trials and successes leave a channel in service as it is", () => {
  const state = inService(5);
  assertEquals(timePassed(state, 1e12), state);
  assertEquals(trialTaken(state), state);
  assertEquals(trialAbandoned(state), state);
  const step = succeeded(state, { reason: "connected", atMs: 9 });
  assertEquals(step, { state, transition: undefined });
});

Deno.test("trials are neither taken nor abandoned while waiting", () => {
  assertEquals(trialTaken(ejected()), ejected());
  assertEquals(trialAbandoned(ejected()), ejected());
});

Deno.test("ejection and return are told with reason and duration", () => {
  const label = { group: 0, channel: 1, name: "web2" };
  const before = failed(inService(0), failure(60_000), 2).state;
  const out = failed(before, { ...failure(61_000), reason: "timed out" }, 2);
  const back = succeeded(out.state, { reason: "connected", atMs: 78_000 });
  const lines = [out, back].map(({ transition }) =>
    transition === undefined ? "none" : formatTransition(label, transition)
  );
  assertEquals(lines, [
    "channel 0.1 web2 ejected: timed out (2 of 2), was up 1m1s",
    "channel 0.1 web2 up: connected, was ejected 17s",
  ]);
});
