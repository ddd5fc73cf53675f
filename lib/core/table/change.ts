/**
 * Decided writes to the channel table, carried out by the main thread.
 *
 * @module
 */
import { channelCount, counter } from "./access.ts";
import { writeEndpoint } from "./endpoint.ts";
import type { Place } from "./place.ts";
import {
  channelWord,
  counterIndex,
  COUNTERS,
  groupWord,
  type MethodName,
  METHODS,
  OBSERVED,
  type Observed,
  slotOf,
  type Table,
} from "./schema.ts";

/** A decided write to the table, carried out by {@link apply}. */
export type Change =
  | { readonly kind: "enabled"; readonly slot: number; readonly enabled: boolean }
  | { readonly kind: "observed"; readonly slot: number; readonly observed: Observed }
  | { readonly kind: "weight"; readonly slot: number; readonly weight: number }
  | { readonly kind: "maxc"; readonly slot: number; readonly maxc: number }
  | { readonly kind: "address"; readonly slot: number; readonly place: Place }
  | { readonly kind: "reset"; readonly slot: number }
  | { readonly kind: "method"; readonly group: number; readonly method: MethodName }
  | {
    readonly kind: "create";
    readonly group: number;
    readonly place: Place;
    readonly maxc: number;
    readonly enabled: boolean;
  };

/** Carries out decided writes; to be called by the main thread only. */
export function apply(table: Table, changes: readonly Change[]): void {
  for (const change of changes) applyOne(table, change);
}

function applyOne(table: Table, change: Change): void {
  const { words } = table;
  switch (change.kind) {
    case "enabled":
      Atomics.store(words, channelWord(change.slot, "enabled"), change.enabled ? 1 : 0);
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
    case "maxc":
      Atomics.store(words, channelWord(change.slot, "maxc"), change.maxc);
      break;
    case "address":
      writeEndpoint(table, change.slot, change.place.address);
      Atomics.store(words, channelWord(change.slot, "port"), change.place.port);
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
  const { group, place, maxc, enabled } = change;
  const channel = channelCount(table, group);
  const slot = slotOf(group, channel);
  apply(table, [
    { kind: "address", slot, place },
    { kind: "maxc", slot, maxc },
    { kind: "weight", slot, weight: 1 },
    { kind: "enabled", slot, enabled },
  ]);
  // The count comes last: until then no other thread looks at the channel.
  Atomics.store(table.words, groupWord(group, "channels"), channel + 1);
}

/** Writes down the weight that counts: nobody is given to a channel that is not observed to be up. */
function weigh(table: Table, slot: number): void {
  const { words } = table;
  const up = Atomics.load(words, channelWord(slot, "observed")) === OBSERVED.indexOf("up");
  const weight = Atomics.load(words, channelWord(slot, "weight"));
  Atomics.store(words, channelWord(slot, "effectiveWeight"), effectiveWeight(up, weight));
}

/** The weight that counts, from what was observed of a channel and the weight that it was given. */
export function effectiveWeight(up: boolean, weight: number): number {
  return up ? weight : 0;
}
