/**
 * The table of the shell's `health`.
 *
 * @module
 */
import { formatDuration } from "../health/duration.ts";
import type { Observed } from "../table/schema.ts";
import { printable } from "../text.ts";
import { formatTable } from "./table.ts";

/** What is known of one channel's health. Durations are in milliseconds. */
export interface HealthView {
  /** Group it belongs to. */
  readonly group: number;
  /** Number inside its group. */
  readonly channel: number;
  /** What it is called. */
  readonly name: string;
  /** Whether the operator wants it to get connections. */
  readonly enabled: boolean;
  /** What is observed of it. */
  readonly observed: Observed;
  /** For how long. */
  readonly forMs: number;
  /** Why, in few words; undefined if it has been so from the start. */
  readonly reason: string | undefined;
  /** How it is checked; undefined if it is not. */
  readonly check: string | undefined;
  /** What its last check found; undefined before that. */
  readonly last:
    | { readonly reason: string; readonly tookMs: number; readonly agoMs: number }
    | undefined;
  /** Whether the check that is under way takes longer than its like. */
  readonly late: boolean;
  /** Failed connects of clients in a row. */
  readonly failures: number;
  /** When a client may try it, if it is ejected: milliseconds from now, 0 if the next client may, or one that does. */
  readonly trial: number | "now" | undefined;
  /** How often it went down since the start. */
  readonly downs: number;
  /** How often it was ejected since the start. */
  readonly ejections: number;
  /** Checks that have ended, by result. */
  readonly checks: { readonly good: number; readonly bad: number };
  /** How often it came into each state since the start. */
  readonly transitions: Readonly<Record<Observed, number>>;
}

const HEADER = [
  "GRP",
  "#",
  "S",
  "state",
  "since",
  "check",
  "ms",
  "fails",
  "trial",
  "downs",
  "ejcts",
  "name",
  "last check",
];

/** The answer of `health`: a header and one line a channel; `-` stands for what there is not. */
export function formatHealth(views: readonly HealthView[]): string[] {
  return formatTable([HEADER, ...views.map(cellsOf)], HEADER.map((_, at) => at < 11 ? "r" : ""));
}

function cellsOf(view: HealthView): string[] {
  const { last, trial } = view;
  return [
    String(view.group),
    String(view.channel),
    view.enabled ? "ENA" : "dis",
    view.observed,
    formatDuration(view.forMs),
    view.check ?? "-",
    last === undefined ? "-" : last.tookMs.toFixed(1),
    String(view.failures),
    trial === undefined ? "-" : formatTrial(trial),
    String(view.downs),
    String(view.ejections),
    printable(view.name),
    describeCheck(view),
  ];
}

function describeCheck({ last, late }: HealthView): string {
  const found = last === undefined ? "-" : printable(last.reason);
  return late ? `${found}; the next is late` : found;
}

function formatTrial(trial: number | "now"): string {
  if (trial === "now") return trial;
  return trial === 0 ? "due" : `${(trial / 1000).toFixed(1)}s`;
}
