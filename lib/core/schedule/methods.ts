/**
 * The methods of choosing; their numbers in the table are the indexes of `METHODS`.
 *
 * Each one looks at a group's channels that may be given now, and names one. What the client has tried before is excluded; a
 * first choice takes the group's turn, a later one leaves it.
 *
 * | method | state in the table | alone |
 * | --- | --- | --- |
 * | `rr` | cursor, or current numbers | with different weights |
 * | `hash` | none | no |
 * | `least` | connections; the cursor, for ties | yes |
 * | `random` | connections | no |
 * | `rendezvous` | hashes of names; connections, with a load bound | with a load bound |
 *
 * @module
 */
import { HASH_WORDS, hashBytes } from "../hash64.ts";
import { parseIpv4, parseIpv6 } from "../net/address.ts";
import {
  backupCount,
  cursor,
  isBackupChannel,
  isTaken,
  methodOf,
  setCursor,
} from "../table/access.ts";
import { channelWord, type MethodName, slotOf, type Table } from "../table/schema.ts";
import { NOTHING } from "./candidates.ts";
import { hashClient } from "./hash.ts";
import { chooseLeast } from "./least.ts";
import { excludeLoaded } from "./load_bound.ts";
import { type Choice, eligible, look, type Method, tiersOf } from "./method.ts";
import { chooseOfTwo } from "./random_two.ts";
import { chooseRendezvous } from "./rendezvous.ts";
import { firstEligible, ROUND_ROBIN } from "./round_robin.ts";

/** The one channel that the client's address names, or with hash failover (`-H`) the next one that may be had. */
const HASH: Method = {
  name: "hash",
  label: "Hash",
  alone: () => false,
  pick: (choice) => {
    const { rules, client, group, channels, after } = choice;
    if (after !== NOTHING) {
      return client.hashFailover ? firstEligible(choice, after + 1, channels) : NOTHING;
    }
    const hash = hashClient(client.address);
    if (backupCount(rules.table, group) > 0) return hashInTiers(choice, hash);
    const named = hash % channels;
    const given = firstEligible(choice, named, client.hashFailover ? channels : 1);
    rules.hashed?.({ group, hash, channels, named, given });
    return given;
  },
};

/** The hash names one of the ordinary channels, or of the backups while no ordinary one can be had. */
function hashInTiers(choice: Choice, hash: number): number {
  const { rules: { table }, client, group, channels } = choice;
  const all = Array.from({ length: channels }, (_, channel) => channel)
    .filter((channel) => isTaken(table, slotOf(group, channel)));
  for (const tier of tiersOf(choice)) {
    // Without hash failover there is nobody to give in place of a suspect.
    if (!tier.suspects && !client.hashFailover) continue;
    const members = all.filter((each) =>
      isBackupChannel(table, slotOf(group, each)) === tier.backup
    );
    const from = hash % Math.max(members.length, 1);
    const order = [...members.slice(from), ...members.slice(0, from)];
    const given = order.find((channel) => eligible(choice, channel, tier));
    if (given === undefined) continue;
    return client.hashFailover || given === order[0] ? given : NOTHING;
  }
  return NOTHING;
}

/** The fewest connections for its weight; equals have turns. */
const LEAST: Method = {
  name: "least",
  label: "LC",
  alone: () => true,
  pick: (choice) => {
    const { rules: { table }, group, first } = choice;
    const channel = chooseLeast(look(choice), cursor(table, group));
    if (first && channel !== NOTHING) setCursor(table, group, channel + 1);
    return channel;
  },
};

/** Of two channels that chance names the one with fewer connections for its weight. */
const RANDOM: Method = {
  name: "random",
  label: "P2",
  alone: () => false,
  pick: (choice) => {
    const { chance } = choice.rules;
    return chooseOfTwo(look(choice), chance(), chance());
  },
};

/** The highest score of the client's address and the channel's name. */
const RENDEZVOUS: Method = {
  name: "rendezvous",
  label: "HRW",
  alone: ({ rules }) => rules.loadBound !== undefined,
  pick: (choice) => {
    const { rules: { loadBound }, scratch: { names, client, load } } = choice;
    const candidates = look(choice);
    if (loadBound !== undefined) excludeLoaded(candidates, load, loadBound);
    readNames(choice);
    hashBytes(readAddress(choice), client);
    return chooseRendezvous(candidates, names, client);
  },
};

/** The 16 bytes of the client's address; what is no address is all zero. */
function readAddress({ client: { address }, scratch: { mapped } }: Choice): Uint8Array {
  const ipv4 = address.includes(":") ? undefined : parseIpv4(address);
  if (ipv4 === undefined) return parseIpv6(address) ?? NO_ADDRESS;
  for (let byte = 0; byte < 4; byte++) mapped[12 + byte] = ipv4 >>> (24 - 8 * byte);
  return mapped;
}

const NO_ADDRESS = new Uint8Array(16);

function readNames(
  { rules: { table: { words } }, scratch: { names }, group, channels }: Choice,
): void {
  const first = channelWord(slotOf(group, 0), "nameHash");
  const row = channelWord(slotOf(group, 1), "nameHash") - first;
  for (let channel = 0; channel < channels; channel++) {
    const from = first + channel * row;
    names[channel * HASH_WORDS] = words[from] ?? 0;
    names[channel * HASH_WORDS + 1] = words[from + 1] ?? 0;
  }
}

const BY_NAME: { readonly [Name in MethodName]: Method } = {
  rr: ROUND_ROBIN,
  hash: HASH,
  least: LEAST,
  random: RANDOM,
  rendezvous: RENDEZVOUS,
};

/** The method by which a group distributes now. */
export function methodIn(table: Table, group: number): Method {
  return BY_NAME[methodOf(table, group)];
}
