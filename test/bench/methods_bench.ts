/**
 * Micro-benchmarks of the methods of choosing: `deno bench test/bench/methods_bench.ts`.
 *
 * A choice includes what a worker does for each client anew: hashing the address, applying the load bound.
 *
 * @module
 */
import { type Candidates, createCandidates } from "../../lib/core/schedule/candidates.ts";
import { chooseLeast } from "../../lib/core/schedule/least.ts";
import { excludeLoaded, type GroupLoad } from "../../lib/core/schedule/load_bound.ts";
import { chooseOfTwo } from "../../lib/core/schedule/random_two.ts";
import {
  chooseRendezvous,
  HASH_WORDS,
  hashAddress,
  hashName,
} from "../../lib/core/schedule/rendezvous.ts";
import { takeSmoothTurn } from "../../lib/core/schedule/smooth_weighted.ts";

interface Group {
  readonly candidates: Candidates;
  readonly hashes: Int32Array;
}

/** A group of `count` channels with different weights and loads. */
function makeGroup(count: number): Group {
  const candidates = createCandidates(count);
  const hashes = new Int32Array(count * HASH_WORDS);
  candidates.count = count;
  for (let channel = 0; channel < count; channel++) {
    candidates.weights[channel] = 1000 * (1 + channel * 7 % 5);
    candidates.connections[channel] = channel * 13 % 40;
    hashName(`10.0.0.${channel}:8080`, hashes, channel);
  }
  return { candidates, hashes };
}

const address = new Uint8Array(16);
const client = new Int32Array(HASH_WORDS);
const load: GroupLoad = { connections: 0, weight: 0 };

for (const channels of [3, 16, 64]) {
  const group = `${channels} channels`;
  const { candidates, hashes } = makeGroup(channels);
  const currents = new Int32Array(channels);
  const weights = candidates.weights.slice();
  let turn = 0;
  Deno.bench("smooth weighted", { group }, () => {
    takeSmoothTurn(candidates, currents);
  });
  Deno.bench("least", { group }, () => {
    turn = chooseLeast(candidates, turn) + 1;
  });
  Deno.bench("random two", { group }, () => {
    turn = (turn + 1) % 997;
    chooseOfTwo(candidates, turn / 997, (turn * 31 % 997) / 997);
  });
  Deno.bench("rendezvous", { group }, () => {
    address[15] = turn++;
    hashAddress(address, client);
    chooseRendezvous(candidates, hashes, client);
  });
  Deno.bench("rendezvous, with a load bound", { group }, () => {
    address[15] = turn++;
    hashAddress(address, client);
    candidates.weights.set(weights);
    excludeLoaded(candidates, load, 125);
    chooseRendezvous(candidates, hashes, client);
    candidates.weights.set(weights);
  });
}
