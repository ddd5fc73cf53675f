/**
 * Leading a channel to another address of its name.
 *
 * @module
 */
import type { LogLine } from "../core/events.ts";
import { type AddressAnswer, chooseAddress, type IpAddress } from "../core/names/answer.ts";
import { formatHost, sameEndpoint } from "../core/net/socket_address.ts";
import { apply } from "../core/table/change.ts";
import { placeAt } from "../core/table/place.ts";
import { channelOf, groupOf, type Table } from "../core/table/schema.ts";
import { viewChannel } from "../core/table/view.ts";
import type { Member } from "./directory.ts";

/** The IP address that a channel leads to, with port 0; `undefined` if it has none. */
export function presentAddress(table: Table, slot: number): IpAddress | undefined {
  const { endpoint, observed } = viewChannel(table, slot);
  if (endpoint.family === "unix" || observed === "unresolved") return undefined;
  return { ...endpoint, port: 0 };
}

/** Where channels are moved. */
export interface Movable {
  /** The channel table. */
  readonly table: Table;
  /** Told of a channel that has an address now and had none. */
  resolved?: ((slot: number) => void) | undefined;
  /** Told of a channel that leads to another address now, leaves, or is back. */
  changed?: ((slot: number) => void) | undefined;
}

/**
 * Leads a channel to where its name leads after a look-up; connections that run stay where they are.
 *
 * @returns The line for the log, if something has changed.
 */
export function moveChannel(
  { table, resolved, changed }: Movable,
  { slot, name }: Member,
  answer: AddressAnswer,
): LogLine | undefined {
  const before = presentAddress(table, slot);
  const after = chooseAddress(before, answer);
  if (after === undefined || (before !== undefined && sameEndpoint(before, after))) {
    return undefined;
  }
  apply(table, [{ kind: "address", slot, place: placeAt(after, viewChannel(table, slot).port) }]);
  if (before === undefined) {
    apply(table, [{ kind: "observed", slot, observed: "up" }]);
    // What checks have observed is not undone.
    resolved?.(slot);
  } else changed?.(slot);
  return {
    level: "notice",
    message: "channel {channel} {name} moves from {before} to {after}",
    fields: {
      channel: channelText(slot),
      name,
      before: before === undefined ? "nowhere" : formatHost(before),
      after: formatHost(after),
    },
  };
}

/** A channel as `group.channel`. */
export function channelText(slot: number): string {
  return `${groupOf(slot)}.${channelOf(slot)}`;
}
