/**
 * A thread that claims the trial of channel 0.0 in every round, together with another one, for `ejection_race_test.ts`.
 *
 * @module
 */
import { claim, release } from "../../../lib/core/table/access.ts";
import { abandonTrial } from "../../../lib/core/table/ejection.ts";
import { openTable } from "../../../lib/core/table/schema.ts";

/** What the thread is told. */
export interface RaceOrder {
  /** The table's memory, for two workers. */
  readonly memory: SharedArrayBuffer;
  /** Words: how often a thread has come to the end of a step, claims that succeeded in this round, rounds that went wrong. */
  readonly race: Int32Array<SharedArrayBuffer>;
  /** This thread's number, 0 or 1. */
  readonly worker: number;
  /** How many rounds. */
  readonly rounds: number;
}

const scope = globalThis as unknown as {
  onmessage: ((event: MessageEvent<RaceOrder>) => void) | null;
  postMessage(word: "done"): void;
};

scope.onmessage = ({ data: { memory, race, worker, rounds } }) => {
  const table = openTable(memory, 2);
  let steps = 0;
  /** Waits until both threads have come here. */
  const meet = (): void => {
    steps += 2;
    Atomics.add(race, 0, 1);
    while (Atomics.load(race, 0) < steps);
  };
  for (let round = 0; round < rounds; round++) {
    meet();
    const won = claim(table, worker, 0);
    if (won) Atomics.add(race, 1, 1);
    meet();
    if (worker === 0 && Atomics.exchange(race, 1, 0) !== 1) Atomics.add(race, 2, 1);
    if (won) {
      release(table, worker, 0);
      abandonTrial(table, worker, 0);
    }
  }
  scope.postMessage("done");
};
