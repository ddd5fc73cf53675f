/**
 * What operators have changed, in words.
 *
 * @module
 */
import { formatEndpoint, readSocketAddress } from "../net/socket_address.ts";
import type { Change } from "../table/change.ts";
import { channelOf, groupOf } from "../table/schema.ts";
import { printable } from "../text.ts";
import type { EventDocument } from "./documents.ts";

/** What has happened, without the time. */
export type Happening = Omit<EventDocument, "at">;

/**
 * Says what an operator has changed; changes that follow from others are left out.
 *
 * @param nameOf What the channel in a slot is called.
 */
export function describeChanges(
  changes: readonly Change[],
  nameOf: (slot: number) => string,
): Happening[] {
  return changes.flatMap((change) => {
    if (change.kind === "method") return [told(`group ${change.group} set to ${change.method}`)];
    if (change.kind === "create") return [told(`channel created in group ${change.group}`)];
    const words = wordsOf(change);
    if (words === undefined || !("slot" in change)) return [];
    const { slot } = change;
    const subject = { group: groupOf(slot), channel: channelOf(slot), name: nameOf(slot) };
    const label = `channel ${subject.group}.${subject.channel} ${printable(subject.name)}`;
    return [{ ...told(`${label} ${words}`), ...subject }];
  });
}

function told(what: string): Happening {
  return { kind: "operator", level: "notice", text: `${what} by an operator` };
}

function wordsOf(change: Change): string | undefined {
  switch (change.kind) {
    case "enabled":
      return change.enabled ? "enabled" : "disabled";
    case "drain":
      return "set to drain";
    case "weight":
      return `given weight ${change.weight}`;
    case "maxc":
      return `given maxc ${change.maxc}`;
    case "reset":
      return "had its counters reset";
    case "address": {
      const { address } = change.place;
      const endpoint = readSocketAddress(address, address.length);
      return `sent to ${endpoint === undefined ? "?" : formatEndpoint(endpoint)}`;
    }
    default:
      return undefined;
  }
}
