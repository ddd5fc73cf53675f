/**
 * Rows of text as columns of equal width.
 *
 * @module
 */

/** Which side a column keeps to: `r` is the right one. */
export type Side = "" | "r";

/** Writes rows below each other, two blanks between columns, none at the ends of lines. */
export function formatTable(
  rows: readonly (readonly string[])[],
  sides: readonly Side[],
): string[] {
  const widths = sides.map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  return rows.map((row) =>
    row.map((cell, at) =>
      sides[at] === "r" ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0)
    ).join("  ").trimEnd()
  );
}
