/**
 * What keys do.
 *
 * @module
 */
import { grouped } from "./format.ts";
import type { Key } from "./keys.ts";
import type { Row } from "./model.ts";
import {
  type ChannelCommand,
  chosenIndex,
  chosenRow,
  layoutOf,
  listsChannels,
  type Page,
  settle,
  type View,
} from "./view.ts";

/** What a key asks of the outside. */
export type Effect =
  | { readonly kind: "quit" | "suspend" | "repaint" | "look" }
  | { readonly kind: "command"; readonly command: ChannelCommand };

/** What a key comes to. */
export interface Pressed {
  /** What is seen from now on. */
  readonly view: View;
  /** What is to be done besides. */
  readonly effect?: Effect;
}

/** What the pages beside that of the channels are opened with; the same key closes them. */
const PAGES: Readonly<Record<string, Page>> = {
  h: "health",
  c: "connections",
  w: "ends",
  "?": "keys",
};

/** Does what a key says. */
export function press(view: View, key: Key): Pressed {
  if (key === "ctrl-c") return { view, effect: { kind: "quit" } };
  if (key === "ctrl-z") return { view, effect: { kind: "suspend" } };
  if (key === "ctrl-l") return { view, effect: { kind: "repaint" } };
  if (view.question !== undefined) return answerQuestion(view, view.question.command, key);
  const calm = { ...view, notice: undefined };
  if (typeof key !== "string") return pressCharacter(calm, key.character);
  if (key === "escape") return open(calm, "channels");
  if (key === "enter") return view.page === "channels" ? open(calm, "connections") : { view: calm };
  return { view: move(calm, key) };
}

/** The command whose answer the page shows, beside that of the state; `undefined` if there is none. */
export function questionOf({ page, chosen }: View): string | undefined {
  switch (page) {
    case "health":
      return "health json";
    case "ends":
      return "causes json";
    case "connections":
      return chosen && `conns json ${chosen.group}.${chosen.channel}`;
    case "channels":
    case "keys":
      return undefined;
  }
}

function pressCharacter(view: View, character: string): Pressed {
  const page = PAGES[character];
  if (page !== undefined) return open(view, view.page === page ? "channels" : page);
  switch (character) {
    case "q":
      return { view, effect: { kind: "quit" } };
    case "k":
      return { view: move(view, "up") };
    case "j":
      return { view: move(view, "down") };
    case "d":
      return onChosen(view, "disable");
    case "e":
      return onChosen(view, "enable");
    case "r":
      // Without a wait: the view sees for itself when the channel is empty.
      return onChosen(view, "drain", " 0");
    case "x":
      return askToCut(view);
    default:
      return { view };
  }
}

function open(view: View, page: Page): Pressed {
  const opened = settle({ ...view, page, scroll: 0, connections: undefined });
  return { view: opened, effect: { kind: "look" } };
}

function onChosen(view: View, verb: string, rest = ""): Pressed {
  const row = chosenRow(view);
  if (row === undefined) return { view };
  return { view, effect: { kind: "command", command: commandFor(row, verb, rest) } };
}

function askToCut(view: View): Pressed {
  const row = chosenRow(view);
  if (row === undefined) return { view };
  const { name, connections } = row.document;
  if (connections === 0) return { view: { ...view, notice: `${name} has no connections` } };
  const what = connections === 1 ? "the connection" : `all ${grouped(connections)} connections`;
  const text = `cut ${what} of ${row.group}.${row.channel} ${name}? y/n`;
  return { view: { ...view, question: { text, command: commandFor(row, "cut") } } };
}

function commandFor({ group, channel }: Row, verb: string, rest = ""): ChannelCommand {
  return { group, line: `${verb} ${channel}${rest}` };
}

function answerQuestion(view: View, command: ChannelCommand, key: Key): Pressed {
  const calm = { ...view, question: undefined };
  const yes = typeof key !== "string" && key.character.toLowerCase() === "y";
  return yes
    ? { view: calm, effect: { kind: "command", command } }
    : { view: { ...calm, notice: "nothing was cut" } };
}

type Move = "up" | "down" | "page up" | "page down" | "home" | "end";

function move(view: View, key: Move): View {
  const { table } = layoutOf(view);
  const step = {
    "up": -1,
    "down": 1,
    "page up": -table,
    "page down": table,
    "home": -Infinity,
    "end": Infinity,
  }[key];
  if (!listsChannels(view)) {
    return settle({ ...view, scroll: Math.min(Math.max(0, view.scroll + step), 1e9) });
  }
  const { rows } = view.model;
  const place = Math.max(0, Math.min(chosenIndex(view) + step, rows.length - 1));
  return settle({ ...view, chosen: rows[place] });
}
