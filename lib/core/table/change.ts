/**
 * Decided writes to the channel table, carried out by the main thread.
 *
 * @module
 */
import { formatEndpoint, readSocketAddress } from "../net/socket_address.ts";
import { hashText } from "../hash64.ts";
import { WEIGHT_UNIT } from "../weight.ts";
import {
  announceRoom,
  channelCount,
  counter,
  effectiveWeight,
  freeSlot,
  isBackupChannel,
  isTaken,
  isWeighted,
} from "./access.ts";
import { clearEjection } from "./ejection.ts";
import { writeEndpoint } from "./endpoint.ts";
import type { Place } from "./place.ts";
import { weighDoubt } from "./suspicion.ts";
import {
  channelOf,
  channelWord,
  counterIndex,
  COUNTERS,
  groupOf,
  groupWord,
  MAX_CHANNELS,
  type MethodName,
  METHODS,
  OBSERVED,
  type Observed,
  type Presence,
  PRESENCES,
  slotOf,
  type Table,
} from "./schema.ts";

/** A decided write to the table, carried out by {@link apply}. */
export type Change =
  | { readonly kind: "enabled"; readonly slot: number; readonly enabled: boolean }
  /** The channel is disabled, and its connections are waited for; that is over when it is enabled. */
  | { readonly kind: "drain"; readonly slot: number }
  | { readonly kind: "observed"; readonly slot: number; readonly observed: Observed }
  | { readonly kind: "suspect"; readonly slot: number; readonly suspect: boolean }
  | { readonly kind: "weight"; readonly slot: number; readonly weight: number }
  | { readonly kind: "growth"; readonly slot: number; readonly growth: number }
  | { readonly kind: "maxc"; readonly slot: number; readonly maxc: number }
  | { readonly kind: "address"; readonly slot: number; readonly place: Place }
  | { readonly kind: "name"; readonly slot: number; readonly name: string }
  | { readonly kind: "flags"; readonly slot: number; readonly flags: number }
  | { readonly kind: "presence"; readonly slot: number; readonly presence: Presence }
  | { readonly kind: "reset"; readonly slot: number }
  | { readonly kind: "method"; readonly group: number; readonly method: MethodName }
  | {
    readonly kind: "create";
    readonly group: number;
    readonly place: Place;
    readonly maxc: number;
    readonly enabled: boolean;
    /** What rendezvous knows it by; the address itself if it has none. */
    readonly name?: string;
    /** 0 to 1000, 1 unless given. */
    readonly weight?: number;
    /** Written by `encodeFlags`; none unless given. */
    readonly flags?: number;
    /** Up unless given. */
    readonly observed?: Observed;
  };

/**
 * Carries out decided writes; to be called by the main thread only.
 *
 * `create` takes the lowest free row of its group ({@link freeSlot}), and does nothing without one.
 */
export function apply(table: Table, changes: readonly Change[]): void {
  for (const change of changes) applyOne(table, change);
  for (const group of new Set(changes.map(groupChanged))) weighDoubt(table, group);
  announceRoom(table);
}

function groupChanged(change: Change): number {
  return "group" in change ? change.group : groupOf(change.slot);
}

function applyOne(table: Table, change: Change): void {
  const { words } = table;
  switch (change.kind) {
    case "enabled":
      // What happened before the operator's word does not count any more.
      if (change.enabled) clearEjection(table, change.slot);
      Atomics.store(words, channelWord(change.slot, "draining"), 0);
      Atomics.store(words, channelWord(change.slot, "enabled"), change.enabled ? 1 : 0);
      break;
    case "drain":
      Atomics.store(words, channelWord(change.slot, "draining"), 1);
      Atomics.store(words, channelWord(change.slot, "enabled"), 0);
      break;
    case "suspect":
      Atomics.store(words, channelWord(change.slot, "suspect"), change.suspect ? 1 : 0);
      break;
    case "observed":
      Atomics.store(
        words,
        channelWord(change.slot, "observed"),
        OBSERVED.indexOf(change.observed),
      );
      weigh(table, change.slot);
      break;
    case "weight":
      Atomics.store(words, channelWord(change.slot, "weight"), change.weight);
      weigh(table, change.slot);
      break;
    case "growth":
      Atomics.store(words, channelWord(change.slot, "growth"), change.growth);
      weigh(table, change.slot);
      break;
    case "maxc":
      Atomics.store(words, channelWord(change.slot, "maxc"), change.maxc);
      break;
    case "address":
      // What happened to another server does not count.
      clearEjection(table, change.slot);
      writeEndpoint(table, change.slot, change.place.address);
      Atomics.store(words, channelWord(change.slot, "port"), change.place.port);
      break;
    case "name":
      hashText(change.name, words, channelWord(change.slot, "nameHash"));
      break;
    case "flags":
      Atomics.store(words, channelWord(change.slot, "flags"), change.flags);
      countBackups(table, groupOf(change.slot));
      break;
    case "presence":
      Atomics.store(
        words,
        channelWord(change.slot, "presence"),
        PRESENCES.indexOf(change.presence),
      );
      weigh(table, change.slot);
      countBackups(table, groupOf(change.slot));
      break;
    case "reset":
      for (const name of COUNTERS) {
        const base = counterIndex(table.workers, change.slot, name);
        table.floats[base] = counter(table, change.slot, name);
      }
      break;
    case "method":
      Atomics.store(words, groupWord(change.group, "method"), METHODS.indexOf(change.method));
      break;
    case "create":
      create(table, change);
      break;
  }
}

function create(table: Table, change: Change & { readonly kind: "create" }): void {
  const {
    group,
    place,
    maxc,
    enabled,
    name = nameOf(place),
    weight = 1,
    flags = 0,
    observed = "up",
  } = change;
  const slot = freeSlot(table, group);
  if (slot === undefined) return;
  apply(table, [
    { kind: "address", slot, place },
    { kind: "name", slot, name },
    { kind: "maxc", slot, maxc },
    // A row that was used before goes on with its counters.
    { kind: "reset", slot },
    { kind: "flags", slot, flags },
    { kind: "growth", slot, growth: WEIGHT_UNIT },
    { kind: "weight", slot, weight },
    { kind: "observed", slot, observed },
    { kind: "suspect", slot, suspect: false },
    { kind: "enabled", slot, enabled },
    // It comes last: until then no other thread gives anybody to the channel.
    { kind: "presence", slot, presence: "present" },
  ]);
  const rows = Math.max(channelCount(table, group), channelOf(slot) + 1);
  Atomics.store(table.words, groupWord(group, "channels"), rows);
  compareWeights(table, group);
}

function nameOf({ address }: Place): string {
  const endpoint = readSocketAddress(address, address.length);
  return endpoint === undefined ? "" : formatEndpoint(endpoint);
}

function countBackups(table: Table, group: number): void {
  let count = 0;
  for (let channel = 0; channel < MAX_CHANNELS; channel++) {
    const slot = slotOf(group, channel);
    if (isTaken(table, slot) && isBackupChannel(table, slot)) count++;
  }
  Atomics.store(table.words, groupWord(group, "backups"), count);
}

/** Writes down the weight that counts: nobody is given to a channel that is leaving, see {@link grownWeight} besides. */
function weigh(table: Table, slot: number): void {
  const { words } = table;
  const present =
    Atomics.load(words, channelWord(slot, "presence")) === PRESENCES.indexOf("present");
  const observed = OBSERVED[Atomics.load(words, channelWord(slot, "observed"))] ?? "up";
  const weight = Atomics.load(words, channelWord(slot, "weight"));
  const growth = Atomics.load(words, channelWord(slot, "growth"));
  const counts = present ? grownWeight(observed, weight, growth) : 0;
  Atomics.store(words, channelWord(slot, "effectiveWeight"), counts);
  compareWeights(table, groupOf(slot));
}

/** Writes down whether a group takes weighted turns; these begin with nobody ahead. */
function compareWeights(table: Table, group: number): void {
  const slots = Array.from(
    { length: channelCount(table, group) },
    (_, channel) => slotOf(group, channel),
  );
  const weights = new Set(slots.map((slot) => effectiveWeight(table, slot)));
  weights.delete(0);
  const weighted = weights.size > 1;
  if (weighted && !isWeighted(table, group)) {
    for (const slot of slots) Atomics.store(table.words, channelWord(slot, "current"), 0);
  }
  Atomics.store(table.words, groupWord(group, "weighted"), weighted ? 1 : 0);
}

/**
 * The weight that counts: nothing of a channel that is down or unresolved.
 *
 * An ejected channel keeps its weight, since a client may have its trial; who that is says `ejection.ts`.
 *
 * @param weight The operator's weight, 0 to 1000.
 * @param growth The part that a slow start has reached, in thousandths.
 * @returns Thousandths of a unit of weight.
 */
export function grownWeight(observed: Observed, weight: number, growth: number): number {
  return observed === "down" || observed === "unresolved" ? 0 : weight * growth;
}
