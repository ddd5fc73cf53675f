/**
 * Suspects: channels that are up, but whose check is late or was the last one to fail.
 *
 * Such a channel comes behind the others of its group, so that a server that hangs costs the clients of one check interval
 * and not of as many as `--check-fall` says. Only while at least half of the channels that could have clients are beyond
 * suspicion: else those few would get what all were made for, and slowness would take down one after the other.
 *
 * @module
 */
import { isBackup } from "./flags.ts";
import { channelWord, groupWord, MAX_CHANNELS, slotOf, type Table } from "./schema.ts";

/** Whether suspects of a group come behind its other channels. A plain read, as every choice makes it. */
export function doubts(table: Table, group: number): boolean {
  return table.words[groupWord(group, "doubt")] === 1;
}

/** Whether a channel is suspect. A plain read, as above. */
export function isSuspect(table: Table, slot: number): boolean {
  return table.words[channelWord(slot, "suspect")] === 1;
}

/**
 * Writes down whether suspects of a group come behind its other channels; to be called by the main thread only, when
 * something of its channels has changed.
 *
 * Ordinary channels decide, backups while there is no other.
 */
export function weighDoubt(table: Table, group: number): void {
  const ordinary = { all: 0, suspects: 0 };
  const backups = { all: 0, suspects: 0 };
  for (let slot = slotOf(group, 0); slot < slotOf(group, MAX_CHANNELS); slot++) {
    const word = (field: Parameters<typeof channelWord>[1]): number =>
      Atomics.load(table.words, channelWord(slot, field));
    if (word("enabled") === 0 || word("effectiveWeight") === 0) continue;
    const kind = isBackup(word("flags")) ? backups : ordinary;
    kind.all++;
    kind.suspects += word("suspect");
  }
  const { all, suspects } = ordinary.all > 0 ? ordinary : backups;
  const doubt = suspects > 0 && 2 * suspects <= all;
  Atomics.store(table.words, groupWord(group, "doubt"), doubt ? 1 : 0);
}
