/**
 * Numbers as the page writes them: fixed units, few characters, and a dash for what is not known.
 *
 * @module
 */

/** What stands for a number that is not known. */
export const UNKNOWN = "–";

const UNITS = ["k", "M", "G", "T", "P"] as const;

/** A number of things: `1,204`, from a hundred thousand on `120k`. */
export function formatCount(value: number | null): string {
  if (!isKnown(value)) return UNKNOWN;
  const whole = Math.round(value);
  if (Math.abs(whole) >= 100_000) return formatScaled(whole);
  return String(whole).replace(/\B(?=(?:\d{3})+$)/g, ",");
}

/** Things or bytes a second: `812`, `1.4k`, `29.1M`, `106M`. */
export function formatScaled(value: number | null): string {
  if (!isKnown(value)) return UNKNOWN;
  let scaled = Math.round(value);
  if (scaled < 1000) return String(scaled);
  for (const unit of UNITS) {
    scaled /= 1000;
    if (scaled < 99.95) return `${scaled.toFixed(1)}${unit}`;
    if (scaled < 999.5) return `${Math.round(scaled)}${unit}`;
  }
  return `${Math.round(scaled)}P`;
}

/** Milliseconds without their unit: `0.3`, `18`, `1,240`. */
export function formatMs(value: number | null): string {
  if (!isKnown(value)) return UNKNOWN;
  return value < 9.95 ? value.toFixed(1) : formatCount(value);
}

/** A part of a whole: `33 %`. */
export function formatPercent(part: number): string {
  return `${Math.round(100 * part)} %`;
}

/** A number and what it counts: `1 server`, `3 servers`. */
export function formatSome(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;
}

/** Whether it is a number at all. */
export function isKnown(value: number | null): value is number {
  return value !== null && !Number.isNaN(value);
}
