/**
 * Reads the table that `balance -c show` prints. Pure.
 *
 * @module
 */

/** One channel as `show` prints it. */
export interface ShownChannel {
  readonly group: number;
  readonly channel: number;
  readonly enabled: boolean;
  /** Connections now, and ever. */
  readonly c: number;
  readonly totalc: number;
  readonly maxc: number;
}

/** Parses the table; the header and lines that are no row are skipped. */
export function parseShow(text: string): ShownChannel[] {
  return text.split("\n").flatMap((line) => {
    const [group, , channel, state, , , c, totalc, maxc] = line.trim().split(/\s+/);
    if (maxc === undefined || !/^\d+$/.test(group ?? "")) return [];
    return [{
      group: Number(group),
      channel: Number(channel),
      enabled: state === "ENA",
      c: Number(c),
      totalc: Number(totalc),
      maxc: Number(maxc),
    }];
  });
}

/** Connections of all channels now. */
export function connectionsNow(channels: readonly ShownChannel[]): number {
  return channels.reduce((sum, { c }) => sum + c, 0);
}
