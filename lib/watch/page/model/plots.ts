/**
 * The columns that plots are drawn from: one row a second, ten minutes, in arrays that are filled again and again.
 *
 * @module
 */
import { channelKey, type Model, type Track } from "./model.ts";
import { SECONDS, type Timeline } from "./timeline.ts";

/** A column; `null` is a gap. */
export type Column = (number | null)[];

/** One band of a stacked plot. */
export interface Band {
  /** What tells it from the others. */
  readonly key: string;
  /** What it is called. */
  readonly name: string;
  /** What it sums. */
  readonly tracks: readonly Track[];
}

/** Most bands: with more channels than that a band is a group. */
const MOST_BANDS = 12;

/** An empty column. */
export function makeColumn(): Column {
  return new Array<number | null>(SECONDS).fill(null);
}

/** The seconds up to one. */
export function fillSeconds(column: Column, second: number): void {
  for (let at = 0; at < SECONDS; at++) column[at] = second - SECONDS + 1 + at;
}

/** The values of a timeline. */
export function fillColumn(column: Column, timeline: Timeline, second: number): void {
  for (let at = 0; at < SECONDS; at++) {
    const value = timeline.at(second - SECONDS + 1 + at);
    column[at] = Number.isNaN(value) ? null : value;
  }
}

/** The values of a timeline that is mostly 0, and then draws no line. */
export function fillRare(column: Column, timeline: Timeline, second: number): void {
  const start = second - SECONDS + 1;
  for (let at = 0; at < SECONDS; at++) {
    const value = timeline.at(start + at);
    const around = value > 0 || timeline.at(start + at - 1) > 0 || timeline.at(start + at + 1) > 0;
    column[at] = around && !Number.isNaN(value) ? value : null;
  }
}

/** Puts the connections of a band on top of the column below, if there is one. */
export function fillBand(
  column: Column,
  band: Band,
  below: Column | undefined,
  second: number,
): void {
  for (let at = 0; at < SECONDS; at++) {
    let sum = below?.[at] ?? 0;
    let known = below !== undefined && below[at] !== null;
    for (const { connections } of band.tracks) {
      const value = connections.at(second - SECONDS + 1 + at);
      if (Number.isNaN(value)) continue;
      sum += value;
      known = true;
    }
    column[at] = known ? sum : null;
  }
}

/** What is stacked: channels, or groups where the channels are many. In the order of the table, as places are remembered. */
export function bandsOf(model: Model): Band[] {
  const groups = model.state?.groups ?? [];
  const count = groups.reduce((sum, { channels }) => sum + channels.length, 0);
  if (count > MOST_BANDS) {
    return groups.map(({ group, channels }) => ({
      key: `${group}`,
      name: `group ${group}`,
      tracks: channels.flatMap(({ channel }) => model.track(group, channel) ?? []),
    }));
  }
  return groups.flatMap(({ group, channels }) =>
    channels.map(({ channel, name }) => ({
      key: channelKey(group, channel),
      name,
      tracks: [model.track(group, channel) ?? []].flat(),
    }))
  );
}
