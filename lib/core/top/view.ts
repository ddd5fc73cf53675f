/**
 * What is looked at: the page, the chosen channel, how far it is scrolled, and what is asked or told.
 *
 * @module
 */
import type {
  CausesDocument,
  ConnectionsDocument,
  EventDocument,
  HealthDocument,
  StateDocument,
} from "../report/documents.ts";
import {
  addEvent,
  addState,
  beginModel,
  type ChannelId,
  isSame,
  type Model,
  type Row,
} from "./model.ts";

/** Columns and rows of the terminal. */
export interface Size {
  /** Columns. */
  readonly columns: number;
  /** Rows. */
  readonly rows: number;
}

/** What the middle of the screen shows. */
export type Page = "channels" | "health" | "connections" | "ends" | "keys";

/** A command that the user has to confirm. */
export interface Question {
  /** What is asked. */
  readonly text: string;
  /** What is then done. */
  readonly command: ChannelCommand;
}

/** A command for one group of the instance. */
export interface ChannelCommand {
  /** The group that it is about. */
  readonly group: number;
  /** The command. */
  readonly line: string;
}

/** All that the screen is drawn from. */
export interface View {
  /** The terminal's size. */
  readonly size: Size;
  /** What has been learnt of the instance. */
  readonly model: Model;
  /** What is shown. */
  readonly page: Page;
  /** The channel that keys are for; `undefined` while there is none. */
  readonly chosen: ChannelId | undefined;
  /** The first line of the table that is seen. */
  readonly scroll: number;
  /** The newest answer of `health json`. */
  readonly health?: HealthDocument | undefined;
  /** The newest answer of `conns json` for the chosen channel. */
  readonly connections?: ConnectionsDocument | undefined;
  /** The newest answer of `causes json`. */
  readonly causes?: CausesDocument | undefined;
  /** What the user is asked. */
  readonly question?: Question | undefined;
  /** What the instance has said to the last command. */
  readonly notice?: string | undefined;
  /** Since when the instance has not answered, as a time of day; `undefined` while it does. */
  readonly silentSince?: string | undefined;
  /** When events began to be listened to, as a time of day. */
  readonly listeningSince: string;
}

/** The beginning: the table of the channels, the first one chosen. */
export function beginView(state: StateDocument, size: Size, listeningSince: string): View {
  const model = beginModel(state);
  const [chosen] = model.rows;
  return settle({ size, model, page: "channels", chosen, scroll: 0, listeningSince });
}

/** Takes a newer state in. */
export function showState(view: View, state: StateDocument): View {
  const model = addState(view.model, state);
  const chosen = keepChosen(view, model);
  const notice = drainedNotice(view.model, model) ?? view.notice;
  return settle({ ...view, model, chosen, notice, silentSince: undefined });
}

/** Tells of a channel that was being drained and has become empty. */
function drainedNotice(before: Model, after: Model): string | undefined {
  const draining = before.rows.filter(({ document }) => document.draining);
  const drained = after.rows.find((row) =>
    !row.document.enabled && row.document.connections === 0 &&
    draining.some((each) => isSame(each, row))
  );
  return drained && `${drained.group}.${drained.channel} ${drained.document.name} is drained`;
}

/** What the page that is open is drawn from, beside the state. */
export type Answer = Partial<Pick<View, "health" | "connections" | "causes">>;

/** Takes an answer for the page that is open in. */
export function showAnswer(view: View, answer: Answer): View {
  return settle({ ...view, ...answer });
}

/** Takes an event in. */
export function showEvent(view: View, event: EventDocument): View {
  return { ...view, model: addEvent(view.model, event) };
}

/** The terminal has another size. */
export function resize(view: View, size: Size): View {
  return settle({ ...view, size });
}

/** The row of the chosen channel. */
export function chosenRow({ model, chosen }: View): Row | undefined {
  return chosen && model.rows.find((row) => isSame(row, chosen));
}

/** How many lines each part of the screen has. */
export interface Layout {
  /** Whether there are empty lines between the parts; the one above the table may have a remark. */
  readonly air: boolean;
  /** Lines of the table, without its heading. */
  readonly table: number;
  /** Whether the chosen channel has a line of its own. */
  readonly detail: boolean;
  /** Lines of events. */
  readonly events: number;
}

/** Shares the screen out: on a small one events give way first, then the line of the chosen channel. */
export function layoutOf(view: View): Layout {
  const { rows } = view.size;
  const air = rows >= 16;
  const detail = rows >= 9;
  // The sentence, the figures, the heading and the keys are always there.
  const free = Math.max(1, rows - 4 - (air ? 3 : 0) - (detail ? 1 : 0));
  if (view.page !== "channels") return { air, detail, table: free, events: 0 };
  const wanted = rows >= 16 ? Math.min(6, Math.floor(rows / 6)) : rows >= 10 ? 1 : 0;
  const table = Math.max(1, Math.min(free - wanted, Math.max(1, lengthOf(view))));
  return { air, detail, table, events: free - table };
}

/** How many lines the table would have. */
export function lengthOf({ page, model, health, connections, causes }: View): number {
  switch (page) {
    case "channels":
      return model.rows.length;
    case "health":
      return health?.channels.length ?? 0;
    case "connections":
      return connections?.connections.length ?? 0;
    case "ends":
      return causes?.causes.length ?? 0;
    case "keys":
      return 0;
  }
}

/** Scrolls no further than there is something, and so that the chosen channel is seen where channels are listed. */
export function settle(view: View): View {
  const { table } = layoutOf(view);
  const at = listsChannels(view) ? chosenIndex(view) : -1;
  const last = Math.max(0, lengthOf(view) - table);
  const scroll = at < 0 ? view.scroll : Math.max(at - table + 1, Math.min(view.scroll, at));
  return { ...view, scroll: Math.max(0, Math.min(scroll, last)) };
}

/** Whether the lines of the table are channels, of which one is chosen. */
export function listsChannels({ page }: View): boolean {
  return page === "channels" || page === "health";
}

/** Where the chosen channel is among the others, -1 if nowhere. */
export function chosenIndex({ model, chosen }: View): number {
  return chosen === undefined ? -1 : model.rows.findIndex((row) => isSame(row, chosen));
}

/** The chosen channel, or what is in its place when it has gone. */
function keepChosen(view: View, model: Model): ChannelId | undefined {
  const { chosen } = view;
  if (chosen !== undefined && model.rows.some((row) => isSame(row, chosen))) return chosen;
  const place = Math.max(0, Math.min(chosenIndex(view), model.rows.length - 1));
  return model.rows[place];
}
