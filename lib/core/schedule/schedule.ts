/**
 * Which channel a client gets: the groups are looked at in ascending order, and each chooses by its method.
 *
 * With round robin and hash that is exactly what balance 3.54 does (its defects apart). A first choice takes the turn of its group.
 * After a failed connect the group of the failed channel comes first, without what the client has tried, and then the higher groups,
 * never a lower one; no turn is taken until a connect succeeds ({@link advanceCursor}), weighted turns apart.
 *
 * @module
 */
import { backupCount, channelCount, claim, epochOf, methodOf, setCursor } from "../table/access.ts";
import { lockGroup, unlockGroup } from "../table/lock.ts";
import {
  asIfUp,
  channelOf,
  groupOf,
  MAX_CHANNELS,
  MAX_GROUPS,
  slotOf,
  type Table,
} from "../table/schema.ts";
import { mapIpv4 } from "../net/ip_address.ts";
import { HASH_WORDS } from "../hash64.ts";
import { createCandidates, NOTHING } from "./candidates.ts";
import { hashClient } from "./hash.ts";
import type { Choice, Client, Method, SchedulerRules, Scratch } from "./method.ts";
import { methodIn } from "./methods.ts";

export { NOTHING } from "./candidates.ts";
export type { Client, HashTrace, SchedulerRules, Tracer } from "./method.ts";

/** Moves the turn behind a channel whose connect succeeded after another one's had failed. */
export function advanceCursor(table: SchedulerRules["table"], slot: number): void {
  setCursor(table, groupOf(slot), channelOf(slot) + 1);
}

/** The scheduler of one thread: chooses channels and claims them. */
export class Scheduler {
  readonly #choice: { -readonly [Name in keyof Choice]: Choice[Name] };
  readonly #rules: SchedulerRules;
  /** The rules of the last resort: channels that are not up count as if they were. */
  readonly #resort: SchedulerRules;

  /** Prepares room for the choices. */
  constructor(rules: SchedulerRules) {
    this.#rules = rules;
    this.#resort = { ...rules, table: asIfUp(rules.table) };
    this.#choice = {
      rules,
      scratch: createScratch(),
      client: NOBODY,
      group: 0,
      channels: 0,
      exclude: undefined,
      first: true,
      after: NOTHING,
      alone: false,
    };
  }

  /**
   * Chooses a client's first channel, claims it, and takes the turn of its group.
   *
   * @param resort Whether channels that are not up count as if they were, since none is.
   * @returns The slot that was claimed, or {@link NOTHING}: the client is closed.
   */
  first(client: Client, resort = false): number {
    const choice = this.#choice;
    choice.rules = resort ? this.#resort : this.#rules;
    choice.client = client;
    choice.exclude = undefined;
    choice.first = true;
    choice.after = NOTHING;
    return this.#walk(0);
  }

  /**
   * Chooses and claims the next channel after a failed connect.
   *
   * @param failed The slot whose connect failed.
   * @param tried Every slot that this client has tried, `failed` included.
   * @param resort As {@link first}.
   * @returns The slot that was claimed, or {@link NOTHING}: the client is closed.
   */
  next(
    client: Client,
    failed: number,
    tried: ReadonlySet<number>,
    resort = false,
  ): number {
    const choice = this.#choice;
    choice.rules = resort ? this.#resort : this.#rules;
    choice.client = client;
    choice.exclude = tried;
    choice.first = false;
    choice.after = channelOf(failed);
    return this.#walk(groupOf(failed));
  }

  /** Looks at the groups from one on; in that one `after` counts. */
  #walk(from: number): number {
    const choice = this.#choice;
    const { table } = choice.rules;
    for (let group = from; group < MAX_GROUPS; group++) {
      if (group !== from) choice.after = NOTHING;
      choice.group = group;
      choice.channels = channelCount(table, group);
      if (choice.channels === 0) continue;
      const slot = this.#take(methodIn(table, group));
      if (slot !== NOTHING) return slot;
    }
    return NOTHING;
  }

  /** Chooses in the group at hand and claims. */
  #take(method: Method): number {
    const choice = this.#choice;
    const { rules: { table, worker }, group } = choice;
    choice.alone = method.alone(choice);
    if (!choice.alone) return this.#claim(method);
    lockGroup(table, worker, group);
    try {
      return this.#claim(method);
    } finally {
      unlockGroup(table, worker, group);
    }
  }

  #claim(method: Method): number {
    const choice = this.#choice;
    const { rules: { table, worker }, group } = choice;
    for (;;) {
      const channel = method.pick(choice);
      if (channel === NOTHING) return NOTHING;
      const slot = slotOf(group, channel);
      if (claim(table, worker, slot)) return slot;
      if (epochOf(table, worker) !== table.epoch) return NOTHING;
      // Another thread has taken the last place meanwhile: look again.
    }
  }
}

/**
 * Whether a client might be given a channel if it had room: the groups from that of its failed connect on, and in a hash
 * group without hash failover the one channel that its address names.
 *
 * @param failed The slot whose connect failed last, or {@link NOTHING}.
 */
export function mayReach(table: Table, client: Client, slot: number, failed: number): boolean {
  const group = groupOf(slot);
  const own = failed === NOTHING ? NOTHING : groupOf(failed);
  if (group < own) return false;
  if (methodOf(table, group) !== "hash" || client.hashFailover || backupCount(table, group) > 0) {
    return true;
  }
  return group !== own &&
    hashClient(client.address) % channelCount(table, group) === channelOf(slot);
}

const NOBODY: Client = { address: "", hashFailover: false };

function createScratch(): Scratch {
  return {
    candidates: createCandidates(MAX_CHANNELS),
    currents: new Int32Array(MAX_CHANNELS),
    names: new Int32Array(MAX_CHANNELS * HASH_WORDS),
    mapped: mapIpv4(0),
    client: new Int32Array(HASH_WORDS),
    load: { connections: 0, weight: 0 },
  };
}
