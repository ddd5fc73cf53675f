/**
 * The table of the channels.
 *
 * @module
 */
import { formatBytes, formatCount, formatMs, formatRate, UNKNOWN } from "./format.ts";
import { highest } from "./history.ts";
import type { Row } from "./model.ts";
import { sparkline } from "./sparkline.ts";
import { type Column, groupHeads, longest } from "./table.ts";
import { addressOf, stateStyle, stateWord } from "./words.ts";

/**
 * Its columns; for want of room they are left out in the order of `dropped`.
 *
 * @param scroll The first row that is seen.
 */
export function channelColumns(rows: readonly Row[], scroll: number): Column<Row>[] {
  const top = highest(rows.map(({ trace }) => trace.rateHistory));
  const heads = groupHeads(rows, scroll);
  const widest = longest(rows.map(({ document }) => document.name), 4, 30);
  const address = longest(rows.map(({ document }) => addressOf(document)), 7, 47);
  return [
    {
      head: "G",
      text: (row) => heads.has(row) ? String(row.group) : "",
      ...NUMBER,
      least: 2,
      gap: 0,
    },
    { head: "#", text: ({ channel }) => String(channel), ...NUMBER, least: 2, gap: 1 },
    {
      head: "state",
      text: ({ document }) => stateWord(document),
      style: ({ document }) => stateStyle(document),
      least: 8,
    },
    {
      head: "name",
      text: ({ document }) => document.name,
      least: Math.min(widest, 12),
      most: widest,
    },
    // Channels without a name of their own are called as their address.
    ...(rows.every(({ document }) => document.name === addressOf(document)) ? [] : [{
      head: "address",
      text: ({ document }: Row) => addressOf(document),
      least: Math.min(address, 28),
      most: address,
      dropped: 4,
    }]),
    {
      head: "c",
      text: ({ document }) => formatCount(document.connections),
      ...NUMBER,
      least: 6,
      gap: 1,
    },
    {
      head: "max",
      text: ({ document }) => document.maxc === 0 ? UNKNOWN : formatCount(document.maxc),
      ...NUMBER,
      least: 6,
      gap: 1,
      dropped: 2,
    },
    {
      head: "new/s",
      text: ({ trace }) => formatRate(trace.rates.connections),
      ...NUMBER,
      least: 5,
      dropped: 7,
    },
    {
      head: "in/s",
      text: ({ trace }) => formatBytes(trace.rates.sentBytes),
      ...NUMBER,
      least: 5,
      dropped: 3,
    },
    {
      head: "out/s",
      text: ({ trace }) => formatBytes(trace.rates.receivedBytes),
      ...NUMBER,
      least: 5,
      dropped: 6,
    },
    {
      head: "p99ms",
      text: ({ document }) => formatMs(document.connectMs.p99),
      ...NUMBER,
      least: 5,
      dropped: 5,
    },
    {
      head: "minute",
      text: ({ trace }, width) => sparkline(trace.rateHistory, width, top),
      style: () => "accent",
      least: 6,
      most: 60,
      dropped: 1,
    },
  ];
}

const NUMBER = { align: "right" } as const;
