/**
 * Styled text in columns of a terminal.
 *
 * @module
 */
import { printable } from "../text.ts";

/** How a piece of text looks: `trouble` and `accent` are the two colours, and what is meant never hangs on them alone. */
export type Style = "plain" | "strong" | "faint" | "accent" | "trouble" | "chosen";

/** A piece of text of one look. */
export interface Span {
  /** Printable text. */
  readonly text: string;
  /** Its look. */
  readonly style: Style;
}

/** One line of the screen. */
export type Line = readonly Span[];

/** What takes no column: marks on the character before. */
const NO_COLUMN = /^[\p{Mn}\p{Me}\u200b-\u200f\ufe00-\ufe0f]$/u;
/** What takes two columns: East Asian wide characters, emoji. */
const TWO_COLUMNS =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]$/u;

/** Makes a piece of text; what could drive the terminal is made safe. */
export function span(text: string, style: Style = "plain"): Span {
  return { text: printable(text), style };
}

/** How many columns a text takes. */
export function widthOf(text: string): number {
  // Nearly all text is ASCII, and is looked at once a second.
  if (/^[ -~]*$/.test(text)) return text.length;
  return [...text].reduce((sum, character) => sum + columnsOf(character), 0);
}

/** How many columns a line takes. */
export function lineWidth(line: Line): number {
  return line.reduce((sum, { text }) => sum + widthOf(text), 0);
}

/** Cuts a text off, with an ellipsis in the last column. */
export function clip(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  let used = 0;
  let clipped = "";
  for (const character of text) {
    used += columnsOf(character);
    if (used > width - 1) break;
    clipped += character;
  }
  return width < 1 ? "" : `${clipped}…`;
}

/** A text in so many columns: cut off, or filled with blanks at its end, or at its beginning. */
export function fill(text: string, width: number, align: "left" | "right" = "left"): string {
  const clipped = clip(text, width);
  const blanks = " ".repeat(Math.max(0, width - widthOf(clipped)));
  return align === "left" ? clipped + blanks : blanks + clipped;
}

/** Cuts a line off. */
export function clipLine(line: Line, width: number): Line {
  let left = width;
  const spans: Span[] = [];
  for (const [at, { text, style }] of line.entries()) {
    const more = at < line.length - 1 && lineWidth(line.slice(at)) > left;
    const clipped = more ? clip(`${text} `, left).replace(/ $/, "") : clip(text, left);
    if (clipped !== "") spans.push({ text: clipped, style });
    left -= widthOf(clipped);
    if (left <= 0) break;
  }
  return spans;
}

/** One look for a whole line, filled to the width. */
export function restyle(line: Line, style: Style, width: number): Line {
  return [{ text: fill(plainText(line), width), style }];
}

/** A line without its looks. */
export function plainText(line: Line): string {
  return line.map(({ text }) => text).join("");
}

function columnsOf(character: string): number {
  return NO_COLUMN.test(character) ? 0 : TWO_COLUMNS.test(character) ? 2 : 1;
}
