/**
 * The tables that are looked at on demand: health, the connections of a channel, how connections ended.
 *
 * @module
 */
import { formatDuration } from "../health/duration.ts";
import type {
  CauseDocument,
  ChannelHealthDocument,
  ConnectionDocument,
} from "../report/documents.ts";
import { formatBytes, formatMs, grouped, UNKNOWN } from "./format.ts";
import { elapsedMs } from "./elapsed.ts";
import { type Column, groupHeads, longest } from "./table.ts";
import { stateStyle, stateWord } from "./words.ts";

const NUMBER = { align: "right" } as const;

/**
 * What is observed of each channel.
 *
 * @param now The time of the instance.
 * @param scroll The first item that is seen.
 */
export function healthColumns(
  items: readonly ChannelHealthDocument[],
  now: string,
  scroll: number,
): Column<ChannelHealthDocument>[] {
  const heads = groupHeads(items, scroll);
  const name = longest(items.map((each) => each.name), 4, 30);
  const result = longest(items.map(({ check }) => check?.result ?? UNKNOWN), 11, 60);
  return [
    {
      head: "G",
      text: (item) => heads.has(item) ? String(item.group) : "",
      ...NUMBER,
      least: 2,
      gap: 0,
    },
    { head: "#", text: ({ channel }) => String(channel), ...NUMBER, least: 2, gap: 1 },
    { head: "state", text: stateWord, style: stateStyle, least: 8 },
    { head: "name", text: (item) => item.name, least: Math.min(name, 12), most: name },
    { head: "since", text: ({ since }) => ageOf(since, now), ...NUMBER, least: 6, gap: 1 },
    {
      head: "check",
      text: ({ check }) => check?.kind ?? UNKNOWN,
      least: longest(items.map(({ check }) => check?.kind ?? UNKNOWN), 5, 12),
      most: longest(items.map(({ check }) => check?.kind ?? UNKNOWN), 5, 30),
      dropped: 3,
    },
    {
      head: "last result",
      text: ({ check }) => check?.result ?? UNKNOWN,
      least: Math.min(result, 16),
      most: result,
      dropped: 6,
    },
    { head: "ms", text: ({ check }) => formatMs(check?.ms), ...NUMBER, least: 5, dropped: 4 },
    {
      head: "fails",
      text: (item) => grouped(item.failuresInARow),
      ...NUMBER,
      least: 5,
      gap: 1,
      dropped: 5,
    },
    { head: "trial", text: trialOf, ...NUMBER, least: 5, gap: 1, dropped: 5 },
    {
      head: "downs",
      text: ({ downs }) => grouped(downs),
      ...NUMBER,
      least: 5,
      gap: 1,
      dropped: 2,
    },
    {
      head: "ejects",
      text: ({ ejections }) => grouped(ejections),
      ...NUMBER,
      least: 6,
      gap: 1,
      dropped: 1,
    },
  ];
}

/** The connections of a channel. */
export function connectionColumns(
  items: readonly ConnectionDocument[],
): Column<ConnectionDocument>[] {
  const client = longest(items.map((each) => each.client), 21, 47);
  const server = longest(items.map((each) => each.server ?? UNKNOWN), 6, 47);
  return [
    {
      head: "client",
      text: (item) => item.client,
      least: Math.min(client, 21),
      most: client,
      gap: 1,
    },
    {
      head: "server",
      text: (item) => item.server ?? UNKNOWN,
      least: Math.min(server, 28),
      most: server,
      dropped: 1,
    },
    { head: "age", text: (item) => seconds(item.ageSeconds), ...NUMBER, least: 6 },
    { head: "idle", text: (item) => seconds(item.idleSeconds), ...NUMBER, least: 6, dropped: 5 },
    { head: "in", text: (item) => formatBytes(item.sentBytes), ...NUMBER, least: 5, dropped: 3 },
    {
      head: "out",
      text: (item) => formatBytes(item.receivedBytes),
      ...NUMBER,
      least: 5,
      dropped: 4,
    },
    { head: "phase", text: (item) => item.phase, least: 11, dropped: 2 },
  ];
}

/** How connections ended, and the last one of each kind. */
export function endColumns(
  items: readonly CauseDocument[],
  clock: (at: string) => string,
): Column<CauseDocument>[] {
  const cause = longest(items.map((each) => each.cause), 8, 30);
  const last = items.map((item) => lastOf(item, clock));
  return [
    {
      head: "ended by",
      text: (item) => item.cause,
      least: Math.min(cause, 18),
      most: cause,
      gap: 1,
    },
    { head: "count", text: ({ count }) => grouped(count), ...NUMBER, least: 11 },
    {
      head: "the last one",
      text: (item) => lastOf(item, clock),
      least: 12,
      most: longest(last, 12, 120),
      dropped: 1,
    },
  ];
}

function lastOf({ last }: CauseDocument, clock: (at: string) => string): string {
  if (last === null) return UNKNOWN;
  return `${clock(last.at)}  ${last.client} at ${last.group}.${last.channel} ${last.server}`;
}

function trialOf({ trialInSeconds: seconds }: ChannelHealthDocument): string {
  if (seconds === null) return UNKNOWN;
  return seconds <= 0 ? "due" : `${seconds.toFixed(1)}s`;
}

function ageOf(since: string, now: string): string {
  const ms = elapsedMs(since, now);
  return ms === undefined ? UNKNOWN : formatDuration(ms);
}

function seconds(value: number): string {
  return formatDuration(value * 1000);
}
