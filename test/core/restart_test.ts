import { afterDeath, type Episode, NO_DEATH, RESTART_PACE } from "../../lib/core/restart.ts";
import { assertEquals } from "../kit/assert.ts";

/** The pauses after deaths that come after given times, in seconds. */
function pauses(...lives: number[]): number[] {
  let episode: Episode = NO_DEATH;
  return lives.map((life) => {
    episode = afterDeath(episode, life * 1000, RESTART_PACE);
    return episode.pauseMs / 1000;
  });
}

Deno.test("a worker that dies at each start is replaced after 1 s, then twice as late each time, at most 60 s", () => {
  assertEquals(pauses(0, 0, 0.1, 0, 0, 0, 0, 59, 0), [1, 2, 4, 8, 16, 32, 60, 60, 60]);
});

Deno.test("a worker that has lived a minute is replaced at once, and the pauses begin anew", () => {
  assertEquals(pauses(60, 0, 0), [0, 1, 2]);
  assertEquals(pauses(0, 0, 0, 60, 0, 3600, 3600), [1, 2, 4, 0, 1, 0, 0]);
});

Deno.test("deaths are counted from the first after a good life", () => {
  const first = afterDeath(NO_DEATH, 0, RESTART_PACE);
  const second = afterDeath(first, 0, RESTART_PACE);
  const later = afterDeath(second, 60_000, RESTART_PACE);
  assertEquals([first, second, later].map(({ deaths }) => deaths), [1, 2, 1]);
});
