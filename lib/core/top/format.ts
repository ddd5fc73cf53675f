/**
 * Numbers in few columns of fixed width; what is not known is a dash.
 *
 * @module
 */

/** What stands for a value that is not known. */
export const UNKNOWN = "-";

/** A value, or that there is none; a document of another version may lack it. */
export type Known = number | null | undefined;

const UNITS = ["", "k", "M", "G", "T", "P"] as const;

/** A count in six columns: `1,204`, `99,999`, `1.2M`. */
export function formatCount(value: Known): string {
  if (!isKnown(value)) return UNKNOWN;
  return value < 99_999.5 ? grouped(Math.round(value)) : scaled(value);
}

/** Events a second in five columns: `318`, `12.4k`; `<1` is less than one, but not none. */
export function formatRate(value: Known): string {
  if (!isKnown(value)) return UNKNOWN;
  if (value > 0 && value < 0.5) return "<1";
  return value < 9999.5 ? String(Math.round(value)) : scaled(value);
}

/** Bytes in five columns, in units of 1000: `980`, `4.1M`, `88.2M`. */
export function formatBytes(value: Known): string {
  return isKnown(value) ? scaled(value) : UNKNOWN;
}

/** Milliseconds in five columns: `0.3`, `18.2`, `1204`, `12.3s`. */
export function formatMs(value: Known): string {
  if (!isKnown(value)) return UNKNOWN;
  if (value < 99.95) return value.toFixed(1);
  return value < 9999.5 ? String(Math.round(value)) : `${(value / 1000).toFixed(1)}s`;
}

/** A whole number with commas: `1,204,551`. */
export function grouped(value: Known): string {
  if (!isKnown(value)) return UNKNOWN;
  return String(Math.round(value)).replace(/\B(?=(?:\d{3})+$)/g, ",");
}

function scaled(value: number): string {
  if (value < 999.5) return String(Math.round(value));
  let rest = value;
  let unit = 0;
  // What would be written as 1000 of a unit is 1.0 of the next.
  for (; rest >= 999.5 && unit < UNITS.length - 1; unit++) rest /= 1000;
  return (rest < 99.95 ? rest.toFixed(1) : String(Math.round(rest))) + UNITS[unit];
}

function isKnown(value: Known): value is number {
  return typeof value === "number" && Number.isFinite(value);
}
