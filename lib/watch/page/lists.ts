/**
 * Lists: causes of ends as bars, and events.
 *
 * @module
 */
import type { CauseDocument, EventDocument } from "../../core/report/documents.ts";
import { make, setAttribute, setRows, setText } from "./dom.ts";
import { isTrouble } from "./model/happened.ts";
import { formatCount } from "./model/numbers.ts";
import { formatAgo, formatExact, parseTime } from "./model/times.ts";

/** One bar: a name and a number. */
export interface Bar {
  /** What is counted. */
  readonly name: string;
  /** How many. */
  readonly count: number;
  /** More about it, for whoever points at it. */
  readonly hint: string;
}

/** The bars of causes. */
export function causeBars(causes: readonly CauseDocument[]): Bar[] {
  return causes.map(({ cause, count, last }) => ({
    name: cause,
    count,
    hint: last === null
      ? ""
      : `last ${formatExact(parseTime(last.at))}: ${last.client} to ${last.server}`,
  }));
}

/** The bars of refused clients. */
export function refusalBars(refused: Readonly<Record<string, number>>): Bar[] {
  return Object.entries(refused).map(([reason, count]) => ({
    name: `refused: ${reason}`,
    count,
    hint: "clients that were refused",
  }));
}

interface BarRow {
  readonly element: HTMLElement;
  readonly name: HTMLElement;
  readonly count: HTMLElement;
  readonly fill: HTMLElement;
}

/** A plain bar list. */
export class Bars {
  readonly #rows: BarRow[] = [];
  readonly #empty = make("p", { class: "note" }, "None yet");

  /** Fills a `dl`. */
  constructor(readonly list: HTMLElement) {
    list.before(this.#empty);
  }

  /** Shows these. */
  render(bars: readonly Bar[]): void {
    this.#empty.hidden = bars.length > 0;
    const most = bars.reduce((peak, { count }) => Math.max(peak, count), 1);
    setRows(this.list, this.#rows, bars, makeBar, (row, { name, count, hint }) => {
      setText(row.name, name);
      setText(row.count, formatCount(count));
      setAttribute(row.element, "title", hint);
      row.fill.style.transform = `scaleX(${count / most})`;
    });
  }
}

function makeBar(): BarRow {
  const name = make("dt");
  const count = make("b");
  const fill = make("i");
  const dd = make("dd", {}, make("span", { class: "track" }, fill), count);
  return { element: make("div", {}, name, dd), name, count, fill };
}

interface EventRow {
  readonly element: HTMLElement;
  readonly time: HTMLElement;
  readonly text: HTMLElement;
}

/** Events, newest first. */
export class Events {
  readonly #rows: EventRow[] = [];
  readonly #empty: HTMLElement;

  /** Fills an `ol`; what is said before it while there are none. */
  constructor(readonly list: HTMLElement, empty: string) {
    this.#empty = make("p", { class: "note" }, empty);
    list.before(this.#empty);
  }

  /** Shows these. */
  render(events: readonly EventDocument[], now: number): void {
    this.#empty.hidden = events.length > 0;
    this.list.hidden = events.length === 0;
    setRows(this.list, this.#rows, events, makeEvent, (row, event) => {
      const { at, text } = event;
      const time = parseTime(at);
      setText(row.time, formatAgo(time, now));
      setAttribute(row.time, "datetime", at);
      setAttribute(row.time, "title", formatExact(time));
      setText(row.text, text);
      row.element.classList.toggle("trouble", isTrouble(event));
    });
  }
}

function makeEvent(): EventRow {
  const time = make("time");
  const text = make("span");
  return { element: make("li", {}, time, text), time, text };
}
