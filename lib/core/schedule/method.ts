/**
 * What a method of choosing is, and what it sees of one choice.
 *
 * @module
 */
import {
  backupCount,
  connections,
  effectiveWeight,
  isBackupChannel,
  usable,
} from "../table/access.ts";
import { type MethodName, slotOf, type Table } from "../table/schema.ts";
import { doubts, isSuspect } from "../table/suspicion.ts";
import type { Candidates } from "./candidates.ts";
import type { GroupLoad } from "./load_bound.ts";

/** What the scheduler must know of a client. */
export interface Client {
  /** Its address as the runtime prints it. */
  readonly address: string;
  /** Whether hash groups fail over inside themselves (`-H`). */
  readonly hashFailover: boolean;
}

/** What a hash group made of a client, for the `-d` trace. */
export interface HashTrace {
  /** The group. */
  readonly group: number;
  /** Hash of the client's address. */
  readonly hash: number;
  /** Channels in the group. */
  readonly channels: number;
  /** The channel that the hash names. */
  readonly named: number;
  /** The channel that was given, or `NOTHING`. */
  readonly given: number;
}

/** Told of every hash group that a choice passes. */
export type Tracer = (trace: HashTrace) => void;

/** What all choices of a thread share. */
export interface SchedulerRules {
  /** The channel table. */
  readonly table: Table;
  /** Number of this thread in the table. */
  readonly worker: number;
  /** Chance: numbers from 0 to below 1. */
  readonly chance: () => number;
  /** Percent of its share at which rendezvous passes a channel over, 100 or more; undefined is no bound. */
  readonly loadBound: number | undefined;
  /** Who is told of hash groups. */
  readonly hashed?: Tracer | undefined;
}

/** Room that the choices of a thread use again and again, so that they allocate nothing. */
export interface Scratch {
  /** The group as it is now, see {@link look}. */
  readonly candidates: Candidates;
  /** Current numbers of smooth weighted turns, by channel. */
  readonly currents: Int32Array;
  /** Hashes of the channels' names, two words each. */
  readonly names: Int32Array;
  /** An IPv4 client's address in its IPv6 form. */
  readonly mapped: Uint8Array;
  /** Hash of the client's address. */
  readonly client: Int32Array;
  /** What the candidates have together. */
  readonly load: GroupLoad;
}

/** One choice in one group. */
export interface Choice {
  /** What all choices of this thread share. */
  readonly rules: SchedulerRules;
  /** Room to work in. */
  readonly scratch: Scratch;
  /** Who is to get a channel. */
  readonly client: Client;
  /** The group. */
  readonly group: number;
  /** How many channels it has, at least 1. */
  readonly channels: number;
  /** Slots that must not be given: this client has tried them. */
  readonly exclude: ReadonlySet<number> | undefined;
  /** Whether this is the client's first choice, which takes the group's turn. */
  readonly first: boolean;
  /** The channel of this group whose connect has just failed, or `NOTHING`. */
  readonly after: number;
  /** Whether no other thread chooses in this group meanwhile. */
  readonly alone: boolean;
}

/** A way to distribute. */
export interface Method {
  /** Its name. */
  readonly name: MethodName;
  /** How `show` names it; the column is four wide. */
  readonly label: string;
  /** Whether choice and claim must be one step among all threads. */
  alone(choice: Choice): boolean;
  /**
   * Chooses a channel.
   *
   * @returns The number in the group of a channel that is not excluded and was usable a moment ago, or `NOTHING`.
   */
  pick(choice: Choice): number;
}

/** Who of a group may be given, in one round of looking. */
export interface Tier {
  /** Whether it is that of the backups; `undefined` is all channels. */
  readonly backup: boolean | undefined;
  /** Whether suspects may be given as well. */
  readonly suspects: boolean;
}

/**
 * The tiers of a group in the order in which they are looked at: a backup gets a client only while no ordinary channel can,
 * and a suspect only while no other channel of its kind can.
 *
 * A group without backups and suspects has one tier.
 */
export function tiersOf({ rules: { table }, group }: Choice): readonly Tier[] {
  const doubt = doubts(table, group);
  if (backupCount(table, group) === 0) return doubt ? TRUSTED_FIRST : ONE_TIER;
  return doubt ? TRUSTED_OF_EACH_FIRST : TWO_TIERS;
}

const ONE_TIER: readonly Tier[] = [{ backup: undefined, suspects: true }];
const TWO_TIERS: readonly Tier[] = [
  { backup: false, suspects: true },
  { backup: true, suspects: true },
];
const TRUSTED_FIRST: readonly Tier[] = [{ backup: undefined, suspects: false }, ...ONE_TIER];
const TRUSTED_OF_EACH_FIRST: readonly Tier[] = TWO_TIERS.flatMap((tier) => [
  { ...tier, suspects: false },
  tier,
]);

/** Whether a channel of the group may be given: of the tier, usable, and not excluded. */
export function eligible({ rules, group, exclude }: Choice, channel: number, tier: Tier): boolean {
  const { table } = rules;
  const slot = slotOf(group, channel);
  if (tier.backup !== undefined && isBackupChannel(table, slot) !== tier.backup) return false;
  if (!tier.suspects && isSuspect(table, slot)) return false;
  return usable(table, slot) && exclude?.has(slot) !== true;
}

/** Fills the view of the group: weights and connections of who may be given, nothing of the others. */
export function look(choice: Choice): Candidates {
  for (const tier of tiersOf(choice)) {
    if (lookAt(choice, tier)) break;
  }
  return choice.scratch.candidates;
}

/** Fills the view with one tier; returns whether anybody of it may be given. */
function lookAt(choice: Choice, tier: Tier): boolean {
  const { rules: { table }, scratch: { candidates }, group, channels } = choice;
  candidates.count = channels;
  let some = false;
  for (let channel = 0; channel < channels; channel++) {
    const slot = slotOf(group, channel);
    const weight = eligible(choice, channel, tier) ? effectiveWeight(table, slot) : 0;
    candidates.weights[channel] = weight;
    if (weight === 0) continue;
    candidates.connections[channel] = connections(table, slot);
    some = true;
  }
  return some;
}
