/**
 * Which channels of a `dns:` or `srv:` destination come, stay and go after a look-up.
 *
 * @module
 */
import type { Wanted } from "./records.ts";

/** A channel that there is. */
export interface PresentMember {
  /** The record that it is for: {@link Wanted.key}. */
  readonly key: string;
  /** Its number over the whole table. */
  readonly slot: number;
  /** Whether its record has gone, but not yet its last connection. */
  readonly leaving: boolean;
}

/** What changes. */
export interface MembershipChange<Each extends Wanted> {
  /** Records that get a channel. */
  readonly joins: readonly Each[];
  /** Channels whose record stays, or is back. */
  readonly stays: readonly { readonly member: PresentMember; readonly record: Each }[];
  /** Channels whose record is gone. */
  readonly leaves: readonly PresentMember[];
  /** Records that there is no room for. */
  readonly surplus: number;
}

/**
 * Decides what changes.
 *
 * A channel whose record stays is left as it is. No records at all change nothing: a name without records is taken for a
 * mistake of the name service.
 *
 * @param records Each key once; the first ones get the room that there is.
 * @param members The channels of this destination, leaving ones included.
 * @param room Rows of the group that are free.
 */
export function decideMembership<Each extends Wanted>(
  records: readonly Each[],
  members: readonly PresentMember[],
  room: number,
): MembershipChange<Each> {
  if (records.length === 0) return { joins: [], stays: [], leaves: [], surplus: 0 };
  const present = new Map(members.map((member) => [member.key, member]));
  const wanted = new Set(records.map(({ key }) => key));
  const fresh = records.filter(({ key }) => !present.has(key));
  const joins = fresh.slice(0, Math.max(0, room));
  return {
    joins,
    stays: records.flatMap((record) => {
      const member = present.get(record.key);
      return member === undefined ? [] : [{ member, record }];
    }),
    leaves: members.filter(({ key, leaving }) => !leaving && !wanted.has(key)),
    surplus: fresh.length - joins.length,
  };
}
