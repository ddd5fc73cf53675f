/**
 * Is everything well? The sentence that the page begins with.
 *
 * @module
 */
import type { ChannelDocument, StateDocument } from "../../../core/report/documents.ts";
import { formatCount, formatSome } from "./numbers.ts";
import { formatSince, parseTime } from "./times.ts";

/** The answer. */
export interface Verdict {
  /** In words: `All 6 servers up`. */
  readonly text: string;
  /** Whether nobody needs to do anything. */
  readonly well: boolean;
}

/** What can be said of a channel in one word. */
export type Condition = ChannelDocument["state"] | "draining" | "disabled";

/** How many are named in the sentence. */
const NAMED = 2;

/** The word for a channel: what the operator wants comes first, since only the operator undoes it. */
export function conditionOf({ enabled, draining, state }: ChannelDocument): Condition {
  if (draining) return "draining";
  return enabled ? state : "disabled";
}

/** Judges a state. */
export function judge(state: StateDocument): Verdict {
  const channels = state.groups.flatMap((group) => group.channels);
  const wanted = channels.filter(({ enabled, draining }) => enabled && !draining);
  const ill = wanted.filter((channel) => channel.state !== "up");
  const unwanted = describeUnwanted(channels);
  const aside = unwanted === "" ? "" : `, ${unwanted}`;
  if (!state.listening) return { text: "Takes no new clients", well: false };
  if (channels.length === 0) return { text: "No servers", well: false };
  if (wanted.length === 0) return { text: `No server is in use: ${unwanted}`, well: false };
  if (ill.length === 0) return { text: `${describeAll(wanted.length)}${aside}`, well: true };
  const named = ill.slice(0, NAMED).map((channel) => describeIll(channel, state));
  const rest = ill.length > NAMED ? [`${formatCount(ill.length - NAMED)} more`] : [];
  const share = ill.length === wanted.length && ill.length > 1
    ? `All ${formatCount(ill.length)}`
    : `${formatCount(ill.length)} of ${formatCount(wanted.length)}`;
  return {
    text: `${share} ${sharedState(ill)}: ${[...named, ...rest].join(", ")}${aside}`,
    well: false,
  };
}

function describeAll(count: number): string {
  return count === 1 ? "The server is up" : `All ${formatSome(count, "server")} up`;
}

function describeUnwanted(channels: readonly ChannelDocument[]): string {
  const conditions = channels.map(conditionOf);
  return (["draining", "disabled"] as const).flatMap((word) => {
    const count = conditions.filter((condition) => condition === word).length;
    return count === 0 ? [] : [`${formatCount(count)} ${word}`];
  }).join(", ");
}

/** The word that holds for all of them; `not up` if they differ. */
function sharedState(ill: readonly ChannelDocument[]): string {
  const [first] = ill;
  const same = ill.every(({ state }) => state === first?.state);
  return same && first !== undefined ? first.state : "not up";
}

function describeIll({ name, since, reason }: ChannelDocument, { now }: StateDocument): string {
  const when = `${name} since ${formatSince(parseTime(since), parseTime(now))}`;
  return reason === null ? when : `${when} (${reason})`;
}
