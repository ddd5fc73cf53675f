import { SECONDS, Timeline } from "../../../lib/watch/page/model/timeline.ts";
import { assertEquals } from "../../kit/assert.ts";

Deno.test("a timeline has the values of the last ten minutes and no older ones", () => {
  const timeline = new Timeline();
  for (let second = 1; second <= 2 * SECONDS; second++) timeline.put(second, second);
  assertEquals(timeline.last(2 * SECONDS, 3), [2 * SECONDS - 2, 2 * SECONDS - 1, 2 * SECONDS]);
  assertEquals(timeline.at(SECONDS), NaN);
  assertEquals(timeline.at(SECONDS + 1), SECONDS + 1);
  assertEquals(timeline.at(2 * SECONDS + 1), NaN);
});

Deno.test("a second that a late state has left out has the next value; a longer gap stays one", () => {
  const timeline = new Timeline();
  timeline.put(100, 1);
  timeline.put(103, 2);
  timeline.put(107, 3);
  assertEquals(timeline.last(107, 8), [1, 2, 2, 2, NaN, NaN, NaN, 3]);
});

Deno.test("after a pause of more than ten minutes nothing old is left", () => {
  const timeline = new Timeline();
  for (let second = 0; second < SECONDS; second++) timeline.put(second, 7);
  timeline.put(5 * SECONDS, 8);
  const known = timeline.last(5 * SECONDS, SECONDS).filter((value) => !Number.isNaN(value));
  assertEquals(known, [8]);
});

Deno.test("a clock that was set back begins anew", () => {
  const timeline = new Timeline();
  timeline.put(1000, 1);
  timeline.put(400, 2);
  assertEquals([timeline.at(1000), timeline.at(400), timeline.at(399)], [NaN, 2, NaN]);
});

Deno.test("the later value of a second counts", () => {
  const timeline = new Timeline();
  timeline.put(100, 1);
  timeline.put(100, 2);
  assertEquals(timeline.at(100), 2);
});
