/** What is asked of threads, of which some do not answer. */
import { type Answering, Questions, reply } from "../../lib/workers/questions.ts";
import type { LiveConnection } from "../../lib/core/report/live.ts";
import { assert, assertEquals } from "../kit/assert.ts";

function live(ageMs: number): LiveConnection {
  return {
    client: "c",
    slot: undefined,
    server: undefined,
    ageMs,
    idleMs: 0,
    sent: 0,
    received: 0,
    phase: "queued",
  };
}

/** An engine with connections of these ages. */
function engine(...ages: number[]): Answering {
  return {
    connections: (slot) => ({ connections: ages.map(live), omitted: slot ?? 0 }),
    lastEnds: () => [],
    cut: ({ kind }) => kind === "all" ? ages.length : 0,
  };
}

Deno.test("answers of all threads become one, and a thread that has gone has none", async () => {
  const engines = [engine(1, 3), undefined, engine(2)];
  const questions = new Questions((question) =>
    engines.map((each) => Promise.resolve(each && reply(each, question)))
  );
  const { connections, omitted } = await questions.connections(4);
  assertEquals([connections.map(({ ageMs }) => ageMs), omitted], [[3, 2, 1], 8]);
  assertEquals(await questions.cut({ kind: "all" }), 3);
  assertEquals(await questions.cut({ kind: "channel", slot: 1 }), 0);
  assertEquals(await questions.lastEnds(), []);
});

Deno.test("a thread that hangs is waited for, but not for ever", async () => {
  const questions = new Questions((question) => [
    new Promise(() => {}),
    Promise.resolve(reply(engine(5), question)),
  ]);
  const began = performance.now();
  assertEquals(await questions.cut({ kind: "all" }), 1);
  const took = performance.now() - began;
  // Less than the patience of a control client.
  assert(took > 1000 && took < 8000, String(took));
});
