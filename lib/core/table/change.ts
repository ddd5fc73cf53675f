/**
 * Decided writes to the channel table, carried out by the main thread.
 *
 * @module
 */
import { channelWord, counterIndex, COUNTERS, GROUP_WORDS, slotOf, type Table } from "./layout.ts";
import { type GroupType } from "../command_line/spec.ts";
import { channelCount, counter } from "./access.ts";

/** A decided write to the table, carried out by {@link apply}. */
export type Change =
  | { readonly kind: "status"; readonly slot: number; readonly enabled: boolean }
  | { readonly kind: "maxc"; readonly slot: number; readonly maxc: number }
  | {
    readonly kind: "address";
    readonly slot: number;
    readonly address: number;
    readonly port: number;
  }
  | { readonly kind: "reset"; readonly slot: number }
  | { readonly kind: "type"; readonly group: number; readonly type: GroupType }
  | {
    readonly kind: "create";
    readonly group: number;
    readonly address: number;
    readonly port: number;
    readonly maxc: number;
    readonly enabled: boolean;
  };

/** Carries out decided writes; to be called by the main thread only. */
export function apply(table: Table, changes: readonly Change[]): void {
  for (const change of changes) applyOne(table, change);
}

function applyOne(table: Table, change: Change): void {
  switch (change.kind) {
    case "status":
      Atomics.store(table.words, channelWord(change.slot), change.enabled ? 1 : 0);
      break;
    case "maxc":
      Atomics.store(table.words, channelWord(change.slot) + 1, change.maxc);
      break;
    case "address":
      Atomics.store(table.words, channelWord(change.slot) + 2, change.address);
      Atomics.store(table.words, channelWord(change.slot) + 3, change.port);
      break;
    case "reset":
      for (let which = 0; which < COUNTERS; which++) {
        const base = counterIndex(table.workers, change.slot) + which;
        table.floats[base] = counter(table, change.slot, which);
      }
      break;
    case "type":
      Atomics.store(table.words, change.group * GROUP_WORDS + 1, change.type === "hash" ? 1 : 0);
      break;
    case "create": {
      const channel = channelCount(table, change.group);
      const slot = slotOf(change.group, channel);
      applyOne(table, { kind: "address", slot, address: change.address, port: change.port });
      applyOne(table, { kind: "maxc", slot, maxc: change.maxc });
      applyOne(table, { kind: "status", slot, enabled: change.enabled });
      // The count comes last: until then no other thread looks at the channel.
      Atomics.store(table.words, change.group * GROUP_WORDS, channel + 1);
      break;
    }
  }
}
