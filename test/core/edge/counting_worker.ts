/** A thread that takes as many connections of one client as it is given, and lets others go again in between. */
import { ClientCounts, type ClientMemory } from "../../../lib/core/edge/client_counts.ts";
import { mapIpv4 } from "../../../lib/core/net/ip_address.ts";
import { LIMIT } from "./counting_limit.ts";

interface Order {
  readonly memory: ClientMemory;
  readonly worker: number;
  /** How many threads are ready. */
  readonly gate: SharedArrayBuffer;
}

interface Scope {
  onmessage: ((event: MessageEvent<Order>) => void) | null;
  postMessage(word: number): void;
}

const scope = globalThis as unknown as Scope;

scope.onmessage = ({ data: { memory, worker, gate } }) => {
  const counts = new ClientCounts(memory, worker, { connections: LIMIT, rate: undefined });
  const client = mapIpv4(1);
  const ready = new Int32Array(gate);
  Atomics.add(ready, 0, 1);
  Atomics.notify(ready, 0);
  while (Atomics.load(ready, 0) < memory.workers) Atomics.wait(ready, 0, 1);
  let kept = 0;
  for (let round = 0; round < 2 * LIMIT; round++) {
    const verdict = counts.admit(client, 0);
    if (verdict.admission !== "admitted") continue;
    if (round % 3 === 0) counts.release(verdict);
    else kept++;
  }
  scope.postMessage(kept);
};
