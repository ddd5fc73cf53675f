/**
 * The channels of one `dns:` or `srv:` destination: they follow its records.
 *
 * @module
 */
import { channelName, type Destination } from "../core/command_line/destination.ts";
import { type ChannelSettings, channelSettings } from "../core/command_line/settings.ts";
import type { LogLine } from "../core/events.ts";
import { chooseAddress } from "../core/names/answer.ts";
import {
  decideMembership,
  type MembershipChange,
  type PresentMember,
} from "../core/names/membership.ts";
import { freeSlot, isTaken } from "../core/table/access.ts";
import { apply, type Change } from "../core/table/change.ts";
import { decodeFlags, encodeFlags } from "../core/table/flags.ts";
import { placeAt, unresolvedPlace } from "../core/table/place.ts";
import { MAX_CHANNELS, slotOf, type Table } from "../core/table/schema.ts";
import { viewChannel } from "../core/table/view.ts";
import type { Directory } from "./directory.ts";
import { findAddresses, findServices, type Found } from "./found.ts";
import type { Lookups } from "./lookups.ts";
import { channelText, type Movable, moveChannel, presentAddress } from "./moving.ts";

/** What channels are looked up and changed with. */
export interface Backends extends Movable {
  /** The channels beside the table. */
  readonly directory: Directory;
  /** Look-ups of names. */
  readonly lookups: Lookups;
}

/** What a look-up came to. */
export interface Look {
  /** Whether there was an answer with something in it. */
  readonly known: boolean;
  /** What has changed, for the log. */
  readonly lines: readonly LogLine[];
}

/** A channel of the destination. */
interface Follower extends PresentMember {
  /** What its record said when it was looked at last. */
  readonly record: { readonly weight: number | undefined; readonly backup: boolean };
}

/** Follows the records of one destination. */
export class Membership {
  /** The destination as typed. */
  readonly destination: Destination;
  /** The group of its channels. */
  readonly group: number;
  readonly #backends: Backends;
  readonly #followers = new Map<string, Follower>();
  /** Whether records that there is no room for have been told. */
  #crowded = false;
  /** The channel that becomes that of the first record. */
  #adopted: number | undefined;
  #over = false;

  /**
   * Has no channels until {@link look}.
   *
   * @param adopted A disabled channel that becomes that of the first record, if it still is one then.
   */
  constructor(group: number, destination: Destination, backends: Backends, adopted?: number) {
    this.group = group;
    this.destination = destination;
    this.#backends = backends;
    this.#adopted = adopted;
  }

  /** Follows nothing any more, a look-up that is under way included. */
  [Symbol.dispose](): void {
    this.#over = true;
  }

  /** Whether channels wait for their last connection before they go. */
  get leaving(): boolean {
    return [...this.#followers.values()].some(({ leaving }) => leaving);
  }

  /** How many channels it has, leaving ones included. */
  get size(): number {
    return this.#followers.size;
  }

  /**
   * Looks the records up, and has the channels follow them.
   *
   * @param reserve Free rows of the group that are for others.
   */
  async look(reserve = 0): Promise<Look> {
    const found = await this.#find();
    if (this.#over) return { known: false, lines: [] };
    const { stays, joins, leaves, surplus } = this.#decide(found, reserve);
    // First those that come, then those that go: in between a client would find nobody.
    const lines = [
      ...stays.flatMap(({ member, record }) => this.#stay(member, record)),
      ...joins.flatMap((record) => this.#join(record)),
      ...leaves.map((member) => this.#leave(member)),
    ];
    this.sweep();
    const late = surplus > 0 ? this.#decide(found, reserve) : { joins: [], surplus: 0 };
    lines.push(...late.joins.flatMap((record) => this.#join(record)));
    lines.push(...this.#tellSurplus(late.surplus, found.length));
    return { known: found.length > 0, lines };
  }

  #decide(found: readonly Found[], reserve: number): MembershipChange<Found> {
    const free = countFree(this.#backends.table, this.group) - reserve;
    const room = this.#adoptable() === undefined ? free : free + 1;
    return decideMembership(found, [...this.#followers.values()], room);
  }

  /** Frees the rows of leaving channels whose last connection has ended. */
  sweep(): void {
    const { table, directory } = this.#backends;
    for (const { key, slot, leaving } of [...this.#followers.values()]) {
      if (!leaving || viewChannel(table, slot).c > 0) continue;
      apply(table, [
        { kind: "presence", slot, presence: "free" },
        { kind: "enabled", slot, enabled: false },
      ]);
      this.#followers.delete(key);
      directory.remove(slot);
    }
  }

  #find(): Promise<Found[]> {
    const { table, lookups } = this.#backends;
    const present = [...this.#followers.values()];
    if (this.destination.address.kind === "srv") {
      return findServices(this.destination, lookups, new Set(present.map(({ key }) => key)));
    }
    const addresses = present.filter(({ leaving }) => !leaving)
      .flatMap(({ slot }) => presentAddress(table, slot) ?? []);
    return findAddresses(this.destination, lookups, addresses);
  }

  #leave({ key, slot }: PresentMember): LogLine {
    const follower = this.#followers.get(key);
    if (follower !== undefined) this.#followers.set(key, { ...follower, leaving: true });
    apply(this.#backends.table, [{ kind: "presence", slot, presence: "leaving" }]);
    this.#backends.changed?.(slot);
    return this.#line("channel {channel} {name} leaves: its record is gone", slot);
  }

  /** A channel whose record is there: it comes back if it was leaving, and obeys a record that says something else now. */
  #stay(member: PresentMember, record: Found): LogLine[] {
    const { table, directory } = this.#backends;
    const { slot, key } = member;
    const before = this.#followers.get(key)?.record;
    this.#followers.set(key, { ...member, leaving: false, record });
    const changes: Change[] = member.leaving
      ? [{ kind: "presence", slot, presence: "present" }]
      : [];
    // An operator's weight stays until the record says something new.
    const { weight, flags } = this.#settings(record);
    if (before?.weight !== record.weight) changes.push({ kind: "weight", slot, weight });
    if (before?.backup !== record.backup) changes.push({ kind: "flags", slot, flags });
    apply(table, changes);
    if (changes.length > 0) this.#backends.changed?.(slot);
    const known = directory.get(slot);
    const moved = known === undefined
      ? undefined
      : moveChannel(this.#backends, known, record.answer);
    return [
      ...(member.leaving ? [this.#line("channel {channel} {name} is back", slot)] : []),
      ...(moved === undefined ? [] : [moved]),
    ];
  }

  #join(record: Found): LogLine[] {
    const { table, directory } = this.#backends;
    const adopted = this.#adoptable();
    this.#adopted = undefined;
    const slot = adopted ?? freeSlot(table, this.group);
    if (slot === undefined) return [];
    const address = chooseAddress(undefined, record.answer);
    const place = address === undefined
      ? unresolvedPlace(record.port)
      : placeAt(address, record.port);
    const observed = address === undefined ? "unresolved" : "up";
    const name = this.#nameOf(record);
    const settings = this.#settings(record);
    if (adopted === undefined) {
      const create = { kind: "create", group: this.group, place, enabled: true } as const;
      apply(table, [{ ...create, observed, name, ...settings }]);
    } else {
      apply(table, [
        { kind: "address", slot, place },
        { kind: "name", slot, name },
        { kind: "flags", slot, flags: settings.flags },
        { kind: "weight", slot, weight: settings.weight },
        { kind: "maxc", slot, maxc: settings.maxc },
        { kind: "observed", slot, observed },
        { kind: "enabled", slot, enabled: true },
      ]);
    }
    const { key } = record;
    this.#followers.set(key, { key, slot, leaving: false, record });
    directory.put({ slot, name, destination: this.destination });
    return [this.#line("channel {channel} {name} joins", slot)];
  }

  /** The channel to adopt, unless somebody has enabled it, or has it follow another name, meanwhile. */
  #adoptable(): number | undefined {
    if (this.#adopted === undefined) return undefined;
    const { enabled, flags } = viewChannel(this.#backends.table, this.#adopted);
    return enabled || flags.member ? undefined : this.#adopted;
  }

  /** What the destination says of all its channels, and the record of this one. */
  #settings(record: Found): ChannelSettings {
    const { attributes } = this.destination;
    const { maxc, weight, flags } = channelSettings(this.destination);
    const typed = decodeFlags(flags);
    return {
      maxc,
      weight: attributes.weight ?? record.weight ?? weight,
      flags: encodeFlags({ ...typed, backup: typed.backup || record.backup }),
    };
  }

  #nameOf({ label }: Found): string {
    const { name } = this.destination.attributes;
    return name === undefined ? label : `${name}/${label}`;
  }

  #line(message: string, slot: number): LogLine {
    const name = this.#backends.directory.get(slot)?.name ?? "";
    return { level: "notice", message, fields: { channel: channelText(slot), name } };
  }

  /** One line when records begin to be too many. */
  #tellSurplus(surplus: number, records: number): LogLine[] {
    const news = surplus > 0 && !this.#crowded;
    if (records > 0) this.#crowded = surplus > 0;
    if (!news) return [];
    return [{
      level: "warning",
      message: "{name} has more records than its group has room for",
      fields: { name: channelName(this.destination), records, ignored: surplus },
    }];
  }
}

function countFree(table: Table, group: number): number {
  const slots = Array.from({ length: MAX_CHANNELS }, (_, channel) => slotOf(group, channel));
  return slots.filter((slot) => !isTaken(table, slot)).length;
}
