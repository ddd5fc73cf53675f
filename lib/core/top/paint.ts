/**
 * The control sequences of a terminal, all that are used: those that every terminal since the VT100 and xterm knows.
 *
 * @module
 */
import type { Line, Style } from "./text.ts";

const ESC = "\x1b";

/** A screen of one's own, no cursor, no wrapping at the right margin. */
export const ENTER = `${ESC}[?1049h${ESC}[?25l${ESC}[?7l${ESC}[H${ESC}[2J`;

/** The screen as it was before {@link ENTER}. */
export const LEAVE = `${ESC}[0m${ESC}[?7h${ESC}[?25h${ESC}[?1049l`;

/** Empties the screen. */
export const CLEAR = `${ESC}[0m${ESC}[2J`;

/** How looks are switched on, with colour and without: bold, faint and reverse are no colours. */
const LOOKS: Readonly<Record<Style, readonly [coloured: string, plain: string]>> = {
  plain: ["", ""],
  strong: ["1", "1"],
  faint: ["2", "2"],
  accent: ["36", ""],
  trouble: ["1;31", "1"],
  chosen: ["7", "7"],
};

/** Writes the lines that differ from those that the screen has; `undefined` is a screen that is empty. */
export function paint(
  lines: readonly Line[],
  colour: boolean,
  shown: readonly Line[] | undefined,
): string {
  return lines.map((line, at) => {
    const text = paintLine(line, colour);
    const before = shown?.[at];
    if (before !== undefined && paintLine(before, colour) === text) return "";
    // What was there goes first: behind a line that is full it would take its last character along.
    return `${ESC}[${at + 1};1H${ESC}[K${text}`;
  }).join("");
}

function paintLine(line: Line, colour: boolean): string {
  return line.map(({ text, style }) => {
    const look = LOOKS[style][colour ? 0 : 1];
    return look === "" ? text : `${ESC}[${look}m${text}${ESC}[0m`;
  }).join("");
}
