/**
 * Weighted rendezvous: a client's address and a channel's name decide alone, without state.
 *
 * For a client every channel has a score, the highest one that may be had gets the client, and the order of the scores
 * is the failover order. A channel that goes moves its own clients only, spread over all others; when it is back, so
 * are they. Instances that know the same names agree, in whatever order they were typed.
 *
 * Another program computes the same so (unsigned 64-bit arithmetic, a byte string's first byte first):
 *
 * ```
 * fnv(b):   h = 0xcbf29ce484222325
 *           for each byte: h ^= byte;  h *= 0x100000001b3   64-bit FNV-1a
 * mix(h):   h ^= h >> 33;  h *= 0xff51afd7ed558ccd
 *           h ^= h >> 33;  h *= 0xc4ceb9fe1a85ec53
 *           h ^= h >> 33                                    murmur3's 64-bit finaliser
 * client:   the 16 bytes of its IPv6 address; IPv4 as ::ffff:a.b.c.d
 * name:     the bytes of the channel's name in UTF-8
 * u     = ((mix(fnv(client) ^ fnv(name)) >> 12) + 0.5) / 2^52    above 0, below 1
 * score = -weight / ln(u)                                   in double precision
 * ```
 *
 * Of equal scores the channel with the lower number wins. Different names have equal scores for about one client in
 * 2^52; channels with the same name always have, so the second one gets only what the first one may not have.
 *
 * With weights each channel's share is its weight's. A weight that changes moves clients only to or from its channel.
 *
 * @module
 */
import { HASH_WORDS, mixToUnit } from "../hash64.ts";
import { type Candidates, NOTHING } from "./candidates.ts";

/** A little less than 1, by which a bound is lowered so that rounding cannot put it above the score. */
const ROUNDING = 1 - 1e-12;

/**
 * Finds the candidate with the highest score.
 *
 * The next one in the failover order is found by the same call when the first one's weight has become 0.
 *
 * @param hashes The hashes of the names, {@link HASH_WORDS} for each channel.
 * @param client The hash of the client's address, 16 bytes.
 * @returns A channel, or {@link NOTHING} if every weight is 0.
 */
export function chooseRendezvous(
  candidates: Candidates,
  hashes: Int32Array,
  client: Int32Array,
): number {
  const { count, weights } = candidates;
  let best = NOTHING;
  let highest = 0;
  for (let channel = 0; channel < count; channel++) {
    const weight = weights[channel] ?? 0;
    if (weight === 0) continue;
    const unit = unitOf(hashes, channel, client);
    // As -ln(u) >= 1-u, a low u cannot win: most logarithms, half of the cost, are saved.
    if (weight < highest * (1 - unit) * ROUNDING) continue;
    const score = -weight / Math.log(unit);
    if (score <= highest) continue;
    best = channel;
    highest = score;
  }
  return best;
}

/** A channel and its score for one client. */
export interface Ranked {
  /** The channel's number in the group. */
  readonly channel: number;
  /** Its score, above 0. */
  readonly score: number;
}

/**
 * All candidates in the order in which a client is given to them, best first; for explanations, it allocates.
 *
 * @param hashes The hashes of the names, {@link HASH_WORDS} for each channel.
 * @param client The hash of the client's address, 16 bytes.
 */
export function rankRendezvous(
  candidates: Candidates,
  hashes: Int32Array,
  client: Int32Array,
): Ranked[] {
  const ranked: Ranked[] = [];
  for (let channel = 0; channel < candidates.count; channel++) {
    const weight = candidates.weights[channel] ?? 0;
    if (weight === 0) continue;
    ranked.push({ channel, score: -weight / Math.log(unitOf(hashes, channel, client)) });
  }
  return ranked.sort((a, b) => b.score - a.score);
}

/** The `u` of a channel and a client. */
function unitOf(hashes: Int32Array, channel: number, client: Int32Array): number {
  const word = channel * HASH_WORDS;
  const high = (hashes[word] ?? 0) ^ (client[0] ?? 0);
  const low = (hashes[word + 1] ?? 0) ^ (client[1] ?? 0);
  return mixToUnit(high, low);
}
