/**
 * Tables and their cells as Markdown. Pure.
 *
 * @module
 */
import type { Spread } from "./stats.ts";

/** A number with `digits` decimals, `-` when there is none. */
export function fixed(value: number | undefined, digits: number): string {
  return value === undefined ? "-" : value.toFixed(digits);
}

/** `median [min..max]`; without the range for a single value, `-` for none. */
export function formatSpread(s: Spread | undefined, digits: number): string {
  if (s === undefined) return "-";
  const [middle, min, max] = [s.median, s.min, s.max].map((value) => value.toFixed(digits));
  return min === max ? `${middle}` : `${middle} [${min}..${max}]`;
}

/** A Markdown table; the first column is text, the others are numbers. Columns are aligned. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, i) =>
    Math.max(3, title.length, ...rows.map((row) => row[i]?.length ?? 0))
  );
  const line = (cells: readonly string[]): string => {
    const padded = cells.map((cell, i) =>
      i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)
    );
    return `| ${padded.join(" | ")} |`;
  };
  const rule = widths.map((width, i) => i === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`);
  return [line(head), `| ${rule.join(" | ")} |`, ...rows.map(line)].join("\n");
}
