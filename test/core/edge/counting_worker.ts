/** A thread that takes as many connections of one client as it is given, and lets others go again in between. */
import { ClientCounts, type ClientMemory } from "../../../lib/core/edge/client_counts.ts";
import { mapIpv4 } from "../../../lib/core/net/ip_address.ts";

interface Scope {
  onmessage: ((event: MessageEvent<{ memory: ClientMemory; worker: number }>) => void) | null;
  postMessage(word: number): void;
}

const scope = globalThis as unknown as Scope;

scope.onmessage = ({ data: { memory, worker } }) => {
  const counts = new ClientCounts(memory, worker, { connections: 5000, rate: undefined });
  const client = mapIpv4(1);
  let kept = 0;
  for (let round = 0; round < 20_000; round++) {
    const verdict = counts.admit(client, 0);
    if (verdict.admission !== "admitted") continue;
    if (round % 3 === 0) counts.release(verdict);
    else kept++;
  }
  scope.postMessage(kept);
};
