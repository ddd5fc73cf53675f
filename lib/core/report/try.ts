/**
 * The table of `--try`.
 *
 * @module
 */
import { printable } from "../text.ts";

/** What trying one channel came to. */
export interface TryView {
  /** Group it belongs to. */
  readonly group: number;
  /** Number inside its group; undefined for a destination whose records are not known. */
  readonly channel: number | undefined;
  /** What it is called. */
  readonly name: string;
  /** Address and port that were tried; undefined if its name has none. */
  readonly address: string | undefined;
  /** What was done: `tcp`, `http`, `dialogue`. */
  readonly check: string;
  /** What was found; undefined if this machine could not even try. */
  readonly found: { readonly ok: boolean; readonly reason: string; readonly tookMs: number };
}

/** A header and one line a channel. */
export function formatTry(views: readonly TryView[]): string[] {
  const header = ["GRP", "#", "address", "check", "ms", "works", "name", "result"];
  const rows = [header, ...views.map(cellsOf)];
  const widths = header.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  return rows.map((row) =>
    row.map((cell, at) => at < 6 ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0))
      .join("  ").trimEnd()
  );
}

function cellsOf({ group, channel, name, address, check, found }: TryView): string[] {
  return [
    String(group),
    channel === undefined ? "-" : String(channel),
    address ?? "-",
    check,
    address === undefined ? "-" : found.tookMs.toFixed(1),
    found.ok ? "yes" : "no",
    printable(name),
    printable(found.reason),
  ];
}
