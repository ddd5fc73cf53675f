/**
 * Channel tables for tests, written as operands of the command line.
 *
 * @module
 */
import { parseIpv4 } from "../../lib/core/net/address.ts";
import { channelName } from "../../lib/core/command_line/destination.ts";
import { channelSettings } from "../../lib/core/command_line/settings.ts";
import { parseGroups } from "../../lib/core/command_line/spec.ts";
import { apply } from "../../lib/core/table/change.ts";
import { type Place, placeAt } from "../../lib/core/table/place.ts";
import { createTable, slotOf, type Table } from "../../lib/core/table/schema.ts";

/** The services that tests may name. */
export const SERVICES: ReadonlyMap<string, number> = new Map([["smtp", 25], ["mail", 25], [
  "imap",
  143,
]]);

/**
 * Makes a table.
 *
 * @param text Operands, separated by blanks; addresses only, no names.
 * @param workers Threads that count in it.
 */
export function makeTable(text: string, workers = 1): Table {
  const table = createTable(workers);
  const operands = text.split(" ").filter((word) => word !== "");
  for (const [group, { method, destinations }] of parseGroups(operands, 80, SERVICES).entries()) {
    apply(table, [{ kind: "method", group, method }]);
    for (const destination of destinations) {
      const place = ipv4Place(parseIpv4(destination.address.text) ?? 0, destination.port);
      const settings = { ...channelSettings(destination), name: channelName(destination) };
      apply(table, [{ kind: "create", group, place, enabled: true, ...settings }]);
    }
  }
  return table;
}

/**
 * The place of a server with an IPv4 address.
 *
 * @param address Unsigned 32-bit number.
 */
export function ipv4Place(address: number, port: number): Place {
  return placeAt({ family: "ipv4", address, port: 0 }, port);
}

/** Enables or disables channels, named as `group.channel`. */
export function setEnabled(table: Table, enabled: boolean, ...names: string[]): void {
  for (const name of names) {
    apply(table, [{ kind: "enabled", slot: slotNamed(name), enabled }]);
  }
}

/** The slot of a channel that is named as `group.channel`. */
export function slotNamed(name: string): number {
  const [group = 0, channel = 0] = name.split(".").map(Number);
  return slotOf(group, channel);
}
