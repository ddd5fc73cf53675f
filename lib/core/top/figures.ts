/**
 * The line of figures above the table.
 *
 * @module
 */
import { formatBytes, formatCount, formatMs, formatRate } from "./format.ts";
import { highest, type History } from "./history.ts";
import type { Model } from "./model.ts";
import { sparkline } from "./sparkline.ts";
import { type Line, lineWidth, span } from "./text.ts";

/** What is shown of the figures, the most first. */
const FORMS: readonly Form[] = [
  { bars: 30, connect: true, median: true, bytes: true, tail: true },
  { bars: 20, connect: true, median: true, bytes: true, tail: true },
  { bars: 10, connect: true, median: true, bytes: true, tail: true },
  { bars: 6, connect: false, median: true, bytes: true, tail: true },
  { bars: 0, connect: false, median: true, bytes: true, tail: true },
  { bars: 0, connect: false, median: false, bytes: true, tail: true },
  { bars: 0, connect: false, median: false, bytes: false, tail: true },
  { bars: 0, connect: false, median: false, bytes: false, tail: false },
];

interface Form {
  /** Columns of a sparkline. */
  readonly bars: number;
  /** Whether it is said that the times are of connects. */
  readonly connect: boolean;
  /** Whether the median is there. */
  readonly median: boolean;
  /** Whether bytes a second are there. */
  readonly bytes: boolean;
  /** Whether the 99th percentile is there. */
  readonly tail: boolean;
}

/** Connections, new ones and bytes a second, and times of connects; what has no room is left out. */
export function figuresLine(model: Model, width: number): Line {
  const lines = FORMS.map((form) => lineOf(model, form));
  return lines.find((line) => lineWidth(line) <= width) ?? lines.at(-1) ?? [];
}

function lineOf(model: Model, { bars, connect, median, bytes, tail }: Form): Line {
  const { state: { totals }, total: { rates, rateHistory }, connectionHistory } = model;
  const figure = (name: string, value: string, columns: number): Line => [
    span(` ${name} `, "faint"),
    span(value.padStart(columns), "strong"),
  ];
  const minute = (history: History): Line =>
    bars === 0 ? [] : [span(` ${sparkline(history, bars, highest([history]))} `, "accent")];
  const { p50, p99 } = totals.connectMs;
  return [
    ...figure("conn", formatCount(totals.connections), 6),
    ...minute(connectionHistory),
    ...figure(" new/s", formatRate(rates.connections), 5),
    ...minute(rateHistory),
    ...(bytes
      ? [
        ...figure(" in/s", formatBytes(rates.sentBytes), 5),
        ...figure(" out/s", formatBytes(rates.receivedBytes), 5),
      ]
      : []),
    ...(connect && tail ? [span("  connect", "faint")] : []),
    ...(median ? figure(connect ? "p50" : " p50", formatMs(p50), 5) : []),
    ...(tail ? figure(median ? "p99" : " p99", formatMs(p99), 5) : []),
    ...(tail ? [span(" ms", "faint")] : []),
  ];
}
