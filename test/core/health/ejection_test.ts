import {
  ejected,
  type Ejection,
  inService,
  succeeded,
  trialFailed,
} from "../../../lib/core/health/ejection.ts";
import { formatTransition } from "../../../lib/core/health/transition.ts";
import { assertEquals } from "../../kit/assert.ts";

/** A failure with jitter in the middle: waiting times are exact. */
function fault(atMs: number, jitter = 0.5): Parameters<typeof trialFailed>[1] {
  return { reason: "refused", atMs, jitter };
}

/** A channel that was ejected at second 10. */
function out(): Ejection {
  return ejected(inService(0), fault(10_000), 1).state;
}

/** The waiting times of `rounds` ejections in a row, each trial failing. */
function waits(rounds: number, jitter: number): number[] {
  const times: number[] = [];
  let now = 0;
  let state = ejected(inService(0), fault(now, jitter), 1).state;
  while (state.phase === "out") {
    times.push(state.untilMs - now);
    if (times.length === rounds) break;
    now = state.untilMs;
    state = trialFailed(state, fault(now, jitter));
  }
  return times;
}

Deno.test("waiting takes 1 s, doubled by each failed trial up to 60 s", () => {
  assertEquals(waits(9, 0.5), [1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
});

Deno.test("waiting is up to 20 % shorter or longer, by chance", () => {
  assertEquals(waits(8, 0), [800, 1600, 3200, 6400, 12_800, 25_600, 48_000, 48_000]);
  assertEquals(waits(8, 1), [1200, 2400, 4800, 9600, 19_200, 38_400, 72_000, 72_000]);
});

Deno.test("a success ends the ejection, and the next one begins with 1 s", () => {
  const second = trialFailed(out(), fault(11_000));
  const back = succeeded(second, { reason: "connected", atMs: 13_500 }).state;
  assertEquals(back, inService(13_500));
  const again = ejected(back, fault(20_000), 1).state;
  assertEquals(again, { phase: "out", sinceMs: 20_000, round: 1, untilMs: 21_000 });
});

Deno.test("a failed trial waits twice as long and keeps since when the channel is ejected", () => {
  const state = trialFailed(out(), fault(11_500));
  assertEquals(state, { phase: "out", sinceMs: 10_000, round: 2, untilMs: 13_500 });
});

Deno.test("successes, and trials that are none, leave a channel in service as it is", () => {
  const state = inService(5);
  assertEquals(trialFailed(state, fault(9)), state);
  assertEquals(succeeded(state, { reason: "x", atMs: 9 }), { state, transition: undefined });
});

Deno.test("ejection and return are told with reason and duration", () => {
  const label = { group: 0, channel: 1, name: "web2" };
  const gone = ejected(inService(0), { ...fault(61_000), reason: "timed out" }, 2);
  const back = succeeded(gone.state, { reason: "connected", atMs: 78_000 });
  const lines = [gone, back].map(({ transition }) =>
    transition === undefined ? "none" : formatTransition(label, transition)
  );
  assertEquals(lines, [
    "channel 0.1 web2 ejected: timed out (2 of 2), was up 1m1s",
    "channel 0.1 web2 up: connected, was ejected 17s",
  ]);
});
