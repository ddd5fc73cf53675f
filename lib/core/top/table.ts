/**
 * Columns that fit: what has no room is left out whole, and what is left gets the rest.
 *
 * @module
 */
import { fill, type Line, type Span, span, type Style, widthOf } from "./text.ts";

/** A column of a table of `Item`s. */
export interface Column<Item> {
  /** Its heading. */
  readonly head: string;
  /** What stands in it. */
  readonly text: (item: Item, width: number) => string;
  /** How that looks; plain without. */
  readonly style?: (item: Item) => Style;
  /** Fewest columns of the terminal that it is any good in. */
  readonly least: number;
  /** Most that it has use for; as the least without. */
  readonly most?: number;
  /** On which side it is aligned; numbers on the right. */
  readonly align?: "left" | "right";
  /** Blanks before it, 2 without. */
  readonly gap?: number;
  /** When it is left out for want of room: the lowest first, never without. */
  readonly dropped?: number;
}

/** A column and its width. */
export interface Fitted<Item> extends Column<Item> {
  /** How many columns of the terminal it has. */
  readonly width: number;
}

/** Leaves out what has no room, and shares the rest among those that can use it, in their order of `dropped`, last first. */
export function fit<Item>(columns: readonly Column<Item>[], width: number): Fitted<Item>[] {
  const room = (kept: readonly Column<Item>[]): number =>
    width - kept.reduce((sum, { least, gap = 2 }) => sum + least + gap, 0);
  let kept = columns;
  while (room(kept) < 0) {
    const next = Math.min(...kept.map(({ dropped = Infinity }) => dropped));
    if (next === Infinity) break;
    kept = kept.filter(({ dropped = Infinity }) => dropped !== next);
  }
  let rest = Math.max(0, room(kept));
  const widths = new Map<Column<Item>, number>();
  const rank = ({ dropped = Infinity }: Column<Item>): number => dropped;
  for (const column of kept.toSorted((a, b) => rank(a) === rank(b) ? 0 : rank(b) - rank(a))) {
    const { least, most = least } = column;
    const more = Math.min(rest, Math.max(0, most - least));
    widths.set(column, least + more);
    rest -= more;
  }
  return kept.map((column) => ({ ...column, width: widths.get(column) ?? column.least }));
}

/** The line of headings. */
export function headLine<Item>(columns: readonly Fitted<Item>[]): Line {
  return trimmed(
    columns.map(({ head, width, align, gap }) =>
      span(`${blanks(gap)}${fill(head, width, align)}`, "faint")
    ),
  );
}

/** The line of an item. */
export function itemLine<Item>(columns: readonly Fitted<Item>[], item: Item): Line {
  return trimmed(
    columns.map(({ text, style, width, align, gap }) =>
      span(`${blanks(gap)}${fill(text(item, width), width, align)}`, style?.(item))
    ),
  );
}

/** The lines that tell their group: the first of each, and the first that is seen. */
export function groupHeads<Item extends { readonly group: number }>(
  items: readonly Item[],
  scroll: number,
): ReadonlySet<Item> {
  return new Set(items.filter(({ group }, at) => at === scroll || items[at - 1]?.group !== group));
}

/** The width of the longest text, within bounds. */
export function longest(texts: Iterable<string>, least: number, most: number): number {
  let width = least;
  for (const text of texts) width = Math.max(width, widthOf(text));
  return Math.min(width, most);
}

function blanks(count = 2): string {
  return " ".repeat(count);
}

/** Without blanks at the end. */
function trimmed(line: readonly Span[]): Line {
  const last = line.findLastIndex(({ text }) => text.trim() !== "");
  return line.slice(0, last + 1).map((each, at) =>
    at === last ? { ...each, text: each.text.trimEnd() } : each
  );
}
