/**
 * What is known of each channel beside the table: names, what was typed, settings. For the main thread alone.
 *
 * The table is what threads read of a channel; `show`, logs and checks are made from this and the table together.
 *
 * @module
 */
import type { Destination } from "../core/command_line/destination.ts";

/** One channel, by its slot. */
export interface Member {
  /** Its number over the whole table. */
  readonly slot: number;
  /** What it is called. */
  readonly name: string;
  /** What was typed for it; members of one `dns:` or `srv:` destination share it. */
  readonly destination: Destination;
}

/** The channels of an instance. */
export class Directory {
  readonly #members = new Map<number, Member>();
  readonly #watchers = new Set<(slot: number) => void>();

  /** The channel in a slot, if there is one. */
  get(slot: number): Member | undefined {
    return this.#members.get(slot);
  }

  /** All channels, slots ascending. */
  all(): Member[] {
    return [...this.#members.values()].toSorted((a, b) => a.slot - b.slot);
  }

  /** Puts a channel into its slot, in place of the one that was there. */
  put(member: Member): void {
    this.#members.set(member.slot, member);
    this.#tell(member.slot);
  }

  /** Takes a channel out. */
  remove(slot: number): void {
    if (this.#members.delete(slot)) this.#tell(slot);
  }

  /** Calls a function with each slot whose channel comes, changes or goes. */
  watch(watcher: (slot: number) => void): void {
    this.#watchers.add(watcher);
  }

  #tell(slot: number): void {
    for (const watcher of this.#watchers) watcher(slot);
  }
}
