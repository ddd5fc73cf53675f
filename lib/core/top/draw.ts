/**
 * The whole screen as lines of styled text.
 *
 * @module
 */
import type { EventDocument } from "../report/documents.ts";
import { channelColumns } from "./channels.ts";
import { figuresLine } from "./figures.ts";
import { isSame } from "./model.ts";
import { type Column, fit, headLine, itemLine } from "./table.ts";
import { connectionColumns, endColumns, healthColumns } from "./tables.ts";
import { clipLine, type Line, lineWidth, restyle, span, type Style } from "./text.ts";
import { chosenRow, layoutOf, type View } from "./view.ts";
import { detailOf, sentenceOf, sideOf, strangersOf } from "./words.ts";

/** Writes a time of a document as time of day for the user. */
export type Clock = (at: string) => string;

/** Draws: as many lines as the terminal has rows, none wider than its columns. */
export function draw(view: View, clock: Clock): Line[] {
  const { columns, rows } = view.size;
  const { air, detail, events } = layoutOf(view);
  const stranger = strangersOf(view.model.state);
  const lines: Line[] = [
    titleLine(view),
    figuresLine(view.model, columns),
    ...(air ? [[span(` ${stranger}`)]] : []),
    ...pageLines(view, clock),
    ...(air ? [[]] : []),
    ...(detail ? [detailLine(view)] : []),
    ...(air ? [[]] : []),
    ...eventLines(view, events, clock),
  ];
  const body = lines.slice(0, rows - 1);
  while (body.length < rows - 1) body.push([]);
  const screen = [...body, footLine(view)].map((line) => clipLine(line, columns));
  // What may be old must not look as if it were not.
  return view.silentSince === undefined
    ? screen
    : screen.map((line, at) => at === 0 ? line : line.map((each) => ({ ...each, style: "faint" })));
}

function titleLine({ model: { state }, size, silentSince }: View): Line {
  const left = [
    span(`balance ${state.port}`, "strong"),
    span("  "),
    ...(silentSince === undefined
      ? sentenceOf(state)
      : [span(`no answer since ${silentSince}`, "trouble")]),
  ];
  const side = sideOf(state);
  const gap = size.columns - lineWidth(left) - side.length;
  return gap < 2 ? left : [...left, span(" ".repeat(gap)), span(side, "faint")];
}

function pageLines(view: View, clock: Clock): Line[] {
  const { model, chosen } = view;
  switch (view.page) {
    case "channels":
      return tableLines(
        view,
        model.rows,
        channelColumns(model.rows, view.scroll),
        (row) => isChosen(view, row),
      );
    case "health": {
      const items = view.health?.channels ?? [];
      const health = healthColumns(items, model.state.now, view.scroll);
      return tableLines(view, items, health, (item) => isChosen(view, item));
    }
    case "connections": {
      const items = view.connections?.connections ?? [];
      const lines = tableLines(view, items, connectionColumns(items));
      const omitted = view.connections?.omitted ?? 0;
      const none = chosen === undefined ? "no channel" : "no connections";
      return items.length > 0 || view.connections === undefined
        ? omitted > 0 ? [...lines.slice(0, -1), [span(`  and ${omitted} more`, "faint")]] : lines
        : emptyPage(view, none);
    }
    case "ends": {
      const items = view.causes?.causes ?? [];
      return items.length > 0 || view.causes === undefined
        ? tableLines(view, items, endColumns(items, clock))
        : emptyPage(view, "no connection has ended yet");
    }
    case "keys":
      return padTable(
        view,
        KEYS.map(([key, does]) => [
          span(` ${key.padEnd(18)}`, "strong"),
          span(does),
        ]),
      );
  }
}

function isChosen({ chosen }: View, item: { group: number; channel: number }): boolean {
  return chosen !== undefined && isSame(chosen, item);
}

/** The heading and the lines that are seen, with a mark before the one that is chosen. */
function tableLines<Item>(
  view: View,
  items: readonly Item[],
  columns: readonly Column<Item>[],
  chosen: (item: Item) => boolean = () => false,
): Line[] {
  const width = view.size.columns;
  const { table } = layoutOf(view);
  const fitted = fit(columns, width - 1);
  const seen = items.slice(view.scroll, view.scroll + table).map((item): Line => {
    const line = itemLine(fitted, item);
    return chosen(item) ? restyle([span(">"), ...line], "chosen", width) : [span(" "), ...line];
  });
  return padTable(view, [[span(" "), ...headLine(fitted)], ...seen]);
}

function emptyPage(view: View, text: string): Line[] {
  return padTable(view, [[], [span(` ${text}`, "faint")]]);
}

/** As many lines as the table has on the screen, its heading included. */
function padTable(view: View, lines: Line[]): Line[] {
  const count = layoutOf(view).table + 1;
  return Array.from({ length: count }, (_, at) => lines[at] ?? []);
}

function detailLine(view: View): Line {
  const row = chosenRow(view);
  return row === undefined ? [] : [span(` ${detailOf(row, view.model.state)}`)];
}

const LEVELS: Readonly<Record<EventDocument["level"], Style>> = {
  info: "plain",
  notice: "plain",
  warning: "trouble",
  error: "trouble",
};

function eventLines({ model, listeningSince }: View, count: number, clock: Clock): Line[] {
  if (count === 0) return [];
  if (model.events.length === 0) return [[span(` no events since ${listeningSince}`, "faint")]];
  return model.events.slice(0, count).map(({ at, level, text }) => [
    span(` ${clock(at)}  `, "faint"),
    span(text, LEVELS[level]),
  ]);
}

/** What is asked or told, else the keys, in as many words as there is room for. */
function footLine({ question, notice, page, size: { columns } }: View): Line {
  if (question !== undefined) return [span(` ${question.text}`, "strong")];
  if (notice !== undefined) return [span(` ${notice}`, "strong")];
  const back = page === "channels" ? "" : "esc back  ";
  const text = FEET.map((each) => ` ${back}${each}`).find((each) => each.length <= columns);
  return [span(text ?? ` ${FEET.at(-1)}`, "faint")];
}

const FEET = [
  "↑↓ choose  d disable  e enable  r drain  x cut  h health  c connections  w why ended  q quit",
  "↑↓ choose  d disable  e enable  r drain  x cut  h health  c conns  ? keys  q quit",
  "↑↓  d disable  e enable  r drain  x cut  h health  c conns  ? keys  q quit",
  "d dis  e ena  r drain  x cut  ? keys  q quit",
  "d dis  e ena  r drain  ? keys  q quit",
  "? keys  q quit",
];

/** The keys, for the page of `?`. */
export const KEYS: readonly (readonly [key: string, does: string])[] = [
  ["up, down, k, j", "choose a channel, or scroll"],
  ["PgUp, PgDn", "the same, by pages; Home and End go to the ends"],
  ["d", "disable: no new connections"],
  ["e", "enable"],
  ["r", "drain: disable, and wait for its connections to end"],
  ["x", "cut: end its connections at once; asks first"],
  ["h", "health: what is observed of the channels"],
  ["c, Enter", "its connections"],
  ["w", "why connections ended"],
  ["Esc", "back to the channels"],
  ["q, Ctrl-C", "quit"],
];
