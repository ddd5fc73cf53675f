/** The clock of a native thread: ticks while somebody waits for them, and sleep else. */
import { assertEquals } from "../../kit/assert.ts";
import { TICK_MS, TickClock, type Timed } from "../../../lib/traffic/native/tick_clock.ts";

function makeClock(): { clock: TickClock; pass: (ms: number) => void } {
  let now = 1000;
  const clock = new TickClock(() => now);
  const pass = (ms: number): void => {
    now += ms;
    clock.update();
  };
  return { clock, pass };
}

function makeTimed(onTick: (now: number) => void): Timed {
  return { onTick, onFault: () => {} };
}

const look = (timed: Timed, now: number): void => timed.onTick(now);

Deno.test("nobody is woken while nothing is watched", () => {
  const { clock, pass } = makeClock();
  assertEquals(clock.patienceMs(), -1);
  const timed = makeTimed(() => {});
  clock.watch(timed);
  pass(100);
  assertEquals(clock.patienceMs(), TICK_MS - 100);
  clock.unwatch(timed);
  assertEquals(clock.patienceMs(), -1);
});

Deno.test("each tick is looked at once, however often the loop turns", () => {
  const { clock, pass } = makeClock();
  const ticks: number[] = [];
  clock.watch(makeTimed((now) => ticks.push(now)));
  for (const ms of [10, TICK_MS, 1, 1, 3 * TICK_MS]) {
    pass(ms);
    clock.look(look);
  }
  assertEquals(ticks, [1, 4]);
});

Deno.test("one that is watched anew while it is looked at waits for the next tick", () => {
  const { clock, pass } = makeClock();
  let looks = 0;
  const timed = makeTimed(() => {
    looks++;
    clock.unwatch(timed);
    clock.watch(timed);
  });
  clock.watch(timed);
  pass(TICK_MS);
  clock.look(look);
  assertEquals(looks, 1);
});

Deno.test("a time in seconds is surely over at its tick", () => {
  const { clock, pass } = makeClock();
  pass(TICK_MS - 1);
  assertEquals((clock.after(1) - clock.now - 1) * TICK_MS >= 1000, true);
});

Deno.test("one that another one's look has done away with is not looked at any more", () => {
  const { clock, pass } = makeClock();
  const looked: string[] = [];
  const second = makeTimed(() => looked.push("second"));
  clock.watch(makeTimed(() => {
    looked.push("first");
    clock.unwatch(second);
  }));
  clock.watch(second);
  pass(TICK_MS);
  clock.look(look);
  assertEquals(looked, ["first"]);
});
