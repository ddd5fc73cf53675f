import { countFailure, ejectionPhase, offerTrial } from "../../../lib/core/table/ejection.ts";
import { viewChannel } from "../../../lib/core/table/view.ts";
import { assertEquals } from "../../kit/assert.ts";
import { makeTable } from "../../kit/make_table.ts";
import type { RaceOrder } from "./trial_worker.ts";

Deno.test("of two threads that claim a channel whose trial is due exactly one gets it", async () => {
  const table = makeTable("10.0.0.1", 2);
  const race = new Int32Array(new SharedArrayBuffer(12));
  countFailure(table, 0, 1);
  offerTrial(table, 0);
  const threads = [0, 1].map((worker) => {
    const thread = new Worker(new URL("./trial_worker.ts", import.meta.url), { type: "module" });
    const order: RaceOrder = { memory: table.memory, race, worker, rounds: 5000 };
    const done = new Promise((resolve) => thread.onmessage = resolve);
    thread.postMessage(order);
    return { thread, done };
  });
  await Promise.all(threads.map(({ done }) => done));
  for (const { thread } of threads) thread.terminate();
  assertEquals(Atomics.load(race, 2), 0, "rounds that went wrong");
  assertEquals([viewChannel(table, 0).c, ejectionPhase(table, 0)], [0, "trial due"]);
});
