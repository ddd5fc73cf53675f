/**
 * A change of what is observed of a channel, and its log line.
 *
 * @module
 */
import { printable } from "../text.ts";
import { formatDuration } from "./duration.ts";

/** What is observed of a channel, whatever the operator wants of it. */
export type Observed = "up" | "down" | "ejected" | "unresolved";

/** What it took to decide: so many equal results in a row, the very first check, or one result alone. */
export type Basis =
  | { readonly kind: "streak"; readonly count: number; readonly needed: number }
  | { readonly kind: "first check" }
  | { readonly kind: "single" };

/** A change of what is observed. */
export interface Transition {
  /** What was observed until now. */
  readonly from: Observed;
  /** What is observed from now on. */
  readonly to: Observed;
  /** Why, in few words: `http 503`, `refused`. */
  readonly reason: string;
  /** What it took to decide. */
  readonly basis: Basis;
  /** How long it had been as it was, in milliseconds. */
  readonly lastedMs: number;
}

/** How a log line names a channel. */
export interface ChannelLabel {
  /** Number of the group. */
  readonly group: number;
  /** Number inside the group. */
  readonly channel: number;
  /** The channel's name. */
  readonly name: string;
}

/**
 * Writes a transition: `channel 0.1 web2 down: http 503 (3 of 3), was up 2h3m`.
 *
 * Before the first check nothing had been observed, so that line ends in `(first check)`.
 */
export function formatTransition(label: ChannelLabel, transition: Transition): string {
  const { from, to, reason, basis, lastedMs } = transition;
  const who = `channel ${label.group}.${label.channel} ${printable(label.name)}`;
  const what = `${who} ${to}: ${printable(reason)}`;
  if (basis.kind === "first check") return `${what} (first check)`;
  const counts = basis.kind === "streak" ? ` (${basis.count} of ${basis.needed})` : "";
  return `${what}${counts}, was ${from} ${formatDuration(lastedMs)}`;
}
