/**
 * Which channel a client gets: groups, round robin, hash and failover, exactly as balance 3.54 (its defects apart).
 *
 * Groups are looked at in ascending order. A round robin group gives the first usable channel from its cursor on; a hash
 * group gives the one channel that the client's address names, or with hash failover (`-H`) the next usable one. The
 * cursor moves behind a channel when a client is first given to it, goes back to 0 when its group has nothing to give,
 * and moves once more when a connect succeeds after a failed one ({@link advanceCursor}).
 *
 * @module
 */
import { hashClient } from "./hash.ts";
import { channelCount, cursor, methodOf, moveCursor, setCursor, usable } from "../table/access.ts";
import { channelOf, groupOf, MAX_GROUPS, slotOf, type Table } from "../table/schema.ts";

/** No channel to give: the client is closed. */
export const NOTHING: number = -1;

/** What the scheduler must know of a client. */
export interface Client {
  /** Its address as the runtime prints it, used by hash groups. */
  readonly address: string;
  /** Whether groups fail over inside themselves (`-H`). */
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
  /** The channel that was given, or {@link NOTHING}. */
  readonly given: number;
}

/** Told of every hash group that a choice passes. */
export type Tracer = (trace: HashTrace) => void;

/**
 * Chooses a client's first channel and moves the cursor of its group.
 *
 * @returns A slot that was usable a moment ago, or {@link NOTHING}.
 */
export function chooseFirst(table: Table, client: Client, trace?: Tracer): number {
  for (let group = 0; group < MAX_GROUPS; group++) {
    const channels = channelCount(table, group);
    if (channels === 0) continue;
    const slot = methodOf(table, group) === "hash"
      ? chooseByHash(table, group, channels, client, trace)
      : takeTurn(table, group, channels);
    if (slot !== NOTHING) return slot;
  }
  return NOTHING;
}

/**
 * Chooses the next channel after a failed connect.
 *
 * First the failed channel's siblings in cyclic order (none in a hash group without hash failover), then the higher
 * groups, never a lower one.
 *
 * @param failed The slot whose connect failed.
 * @param tried Every slot that this client has tried, `failed` included.
 * @returns A slot that is not in `tried` and was usable a moment ago, or {@link NOTHING}.
 */
export function chooseNext(
  table: Table,
  client: Client,
  failed: number,
  tried: ReadonlySet<number>,
  trace?: Tracer,
): number {
  const own = groupOf(failed);
  if (methodOf(table, own) === "rr" || client.hashFailover) {
    const slot = firstUsable(table, own, channelOf(failed) + 1, channelCount(table, own), tried);
    if (slot !== NOTHING) return slot;
  }
  for (let group = own + 1; group < MAX_GROUPS; group++) {
    const channels = channelCount(table, group);
    if (channels === 0) continue;
    const slot = methodOf(table, group) === "hash"
      ? chooseByHash(table, group, channels, client, trace)
      : firstUsable(table, group, cursor(table, group), channels);
    if (slot !== NOTHING) return slot;
  }
  return NOTHING;
}

/** Moves the cursor behind a channel whose connect succeeded after another one's had failed. */
export function advanceCursor(table: Table, slot: number): void {
  setCursor(table, groupOf(slot), channelOf(slot) + 1);
}

function takeTurn(table: Table, group: number, channels: number): number {
  for (;;) {
    const from = cursor(table, group);
    const slot = firstUsable(table, group, from, channels);
    const to = slot === NOTHING ? 0 : channelOf(slot) + 1;
    // Another thread may have taken the same turn: then look again.
    if (moveCursor(table, group, from, to)) return slot;
  }
}

function chooseByHash(
  table: Table,
  group: number,
  channels: number,
  client: Client,
  trace: Tracer | undefined,
): number {
  const hash = hashClient(client.address);
  const named = hash % channels;
  const given = firstUsable(table, group, named, client.hashFailover ? channels : 1);
  trace?.({ group, hash, channels, named, given: given === NOTHING ? NOTHING : channelOf(given) });
  return given;
}

/** The first usable channel from `from` on in cyclic order, looking at `looks` channels. */
function firstUsable(
  table: Table,
  group: number,
  from: number,
  looks: number,
  tried?: ReadonlySet<number>,
): number {
  const channels = channelCount(table, group);
  for (let step = 0; step < looks; step++) {
    const slot = slotOf(group, (from + step) % channels);
    if (usable(table, slot) && tried?.has(slot) !== true) return slot;
  }
  return NOTHING;
}
