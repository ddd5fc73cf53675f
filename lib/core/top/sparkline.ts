/**
 * A history in one line of text.
 *
 * @module
 */
import type { History } from "./history.ts";

const BARS = "▁▂▃▄▅▆▇█";

/**
 * Draws the last minute in so many columns, each the mean of its seconds.
 *
 * The seconds of a column stay together while time goes on, so that only the last column changes until it is full.
 *
 * @param top What the highest bar stands for.
 * @returns Blanks for what is not known, and a low bar for nothing.
 */
export function sparkline({ values, begun }: History, width: number, top: number): string {
  const perColumn = Math.ceil(values.length / Math.max(1, width));
  const first = Math.floor(begun / perColumn);
  const sums = new Map<number, { sum: number; count: number }>();
  for (const [at, value] of values.entries()) {
    if (value === null) continue;
    const column = Math.floor((begun + at) / perColumn) - first;
    const { sum, count } = sums.get(column) ?? { sum: 0, count: 0 };
    sums.set(column, { sum: sum + value, count: count + 1 });
  }
  const columns = Math.floor((begun + values.length - 1) / perColumn) - first + 1;
  const text = Array.from({ length: columns }, (_, column) => {
    const mean = sums.get(column);
    return mean === undefined ? " " : bar(mean.sum / mean.count, top);
  }).join("");
  return text.slice(-width).padStart(width);
}

function bar(value: number, top: number): string {
  // Something is never drawn as nothing.
  const level = value <= 0 || top <= 0 ? 0 : Math.ceil((value / top) * (BARS.length - 1));
  return BARS.charAt(Math.min(level, BARS.length - 1));
}
