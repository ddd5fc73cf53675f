/**
 * What the shell prints: views to text, to the byte as balance 3.54.
 *
 * @module
 */
import { formatHost } from "../net/socket_address.ts";
import { MAX_CHANNELS, MAX_GROUPS, type Observed } from "../table/schema.ts";
import type { ChannelView } from "../table/view.ts";

/** The version whose behaviour and shell this program re-creates. */
export const CLASSIC_VERSION = "3.54";

/** What is known of one worker. */
export interface WorkerView {
  /** Its number, from 0. */
  readonly worker: number;
  /** Whether it accepts connections. */
  readonly state: "running" | "restarting" | "stopped";
  /** Connections it carries now. */
  readonly c: number;
  /** Connections it was ever given. */
  readonly totalc: number;
  /** How often it was restarted. */
  readonly restarts: number;
}

/** Minimum column widths of `show`; longer values push the rest to the right. */
const WIDTHS = [3, 4, 2, 3, 16, 5, 4, 11, 4, 11, 11] as const;

function formatRow(cells: readonly (string | number)[], widths: readonly number[]): string {
  return cells.map((cell, at) => String(cell).padStart(widths[at] ?? 0)).join(" ");
}

/** How `show` names the states of a channel that is enabled. */
const STATES: Record<Observed, string> = {
  up: "ENA",
  down: "down",
  ejected: "ejct",
  unresolved: "unrs",
};

/**
 * The table of `show`: a header and one line a channel.
 *
 * @param channels All channels, groups ascending.
 * @param typeOf How a group distributes, in at most four letters.
 */
export function formatShow(
  channels: readonly ChannelView[],
  typeOf: (group: number) => string,
): string[] {
  const header = ["GRP", "Type", "#", "S", "ip-address", "port", "c", "totalc", "maxc"];
  const rows = channels.map((view) => [
    view.group,
    typeOf(view.group),
    view.channel,
    statusOf(view),
    formatHost(view.endpoint),
    view.port,
    view.c,
    view.totalc,
    view.maxc,
    view.sent,
    view.received,
  ]);
  return [[...header, "sent", "rcvd"], ...rows].map((row) => formatRow(row, WIDTHS));
}

/** The S column: what the operator wants, and what holds a channel that is wanted. */
function statusOf({ enabled, leaving, observed }: ChannelView): string {
  return enabled && !leaving ? STATES[observed] : "dis";
}

/** The answer of `mrtg-bytes` (rcvd, then sent) or `mrtg-conns`, in the form that MRTG reads. */
export function formatMrtg(view: ChannelView, what: "bytes" | "conns"): string[] {
  const values = what === "bytes" ? [view.received, view.sent] : [view.totalc, "UNKNOWN"];
  return [...values.map(String), "UNKNOWN", `group ${view.group} channel ${view.channel}`];
}

/** The answer of `version`. */
export function formatVersion(): string[] {
  return [
    `  This is balance ${CLASSIC_VERSION}`,
    `  MAXGROUPS=${MAX_GROUPS}`,
    `  MAXCHANNELS=${MAX_CHANNELS}`,
  ];
}

/** The answer of `workers`: a header and one line a worker. */
export function formatWorkers(workers: readonly WorkerView[]): string[] {
  const rows = workers.map(({ worker, state, c, totalc, restarts }) => [
    worker,
    state,
    c,
    totalc,
    restarts,
  ]);
  return [["#", "state", "c", "totalc", "restarts"], ...rows].map((row) =>
    formatRow(row, [3, 10, 6, 11, 8])
  );
}

/** The banner of an interactive session. */
export function formatBanner(pid: number): string {
  return `\nbalance ${CLASSIC_VERSION} interactive command shell\nPID of master process is ${pid}\n\n`;
}

/** The prompt of an interactive session. */
export function formatPrompt(group: number): string {
  return `balance[${group}] `;
}

/** The line for a query that finds no instance; the pid of the last one if it is known. */
export function formatNoMaster(pid?: number): string {
  return `no master process${pid === undefined ? "" : ` with pid ${pid}`}, exiting.`;
}
