/**
 * The top of the page: the sentence, the tab's title and icon, and the four figures.
 *
 * @module
 */
import type { StateDocument } from "../../core/report/documents.ts";
import { draw, find, make, setAttribute, setText } from "./dom.ts";
import type { Model } from "./model/model.ts";
import { formatCount, formatMs, formatScaled, formatSome } from "./model/numbers.ts";
import { peakOf, SPARK_SECONDS, sparkPath } from "./model/spark.ts";
import type { Timeline } from "./model/timeline.ts";
import { formatClock, formatExact, formatSpan, parseTime } from "./model/times.ts";
import { judge, type Verdict } from "./model/verdict.ts";
import { makeSpark } from "./spark.ts";

/** How the page is doing. */
type Mood = "well" | "trouble" | "waiting" | "stale";

/** The mark beside the sentence, which is the tab's icon too: a tick, an exclamation mark, three dots. */
const MARKS: Readonly<Record<Mood, { readonly path: string; readonly colour: string }>> = {
  well: { path: "M4.5 8.5l2.5 2.5 4.5-5.5", colour: "#0b63ce" },
  trouble: { path: "M8 4v5M8 11.8v.4", colour: "#c0280f" },
  waiting: { path: "M4.5 8h.1M8 8h.1M11.5 8h.1", colour: "#68727d" },
  stale: { path: "M4.5 8h.1M8 8h.1M11.5 8h.1", colour: "#68727d" },
};

/** The top of the page. */
export class Head {
  readonly #sentence = document.querySelector("h1") ?? make("h1");
  readonly #mark = document.querySelector(".mark path") ?? draw("path");
  readonly #icon = document.querySelector("link[rel=icon]") ?? make("link");
  readonly #figures: Figures = new Figures(find("figures"));
  #last: Verdict | undefined;
  #mood: Mood | undefined;

  /** Tells the sentence: cheap, and also done while the tab is hidden, whose title it is. */
  judge(state: StateDocument): void {
    const verdict = judge(state);
    this.#last = verdict;
    this.#say(verdict.text, verdict.well ? "well" : "trouble", state.port);
  }

  /** Says that what the page shows is old. @param since Local time of the last state. */
  lose(since: number, port: number | undefined): void {
    const first = this.#last === undefined;
    const text = `Not connected since ${formatClock(since)}, trying again`;
    this.#say(text, first ? "waiting" : "stale", port);
  }

  /** Draws the rest. */
  render(model: Model, state: StateDocument): void {
    const { workers, engine, totals, port, bind } = state;
    const waiting = totals.waiting > 0 ? ` · ${formatSome(totals.waiting, "client")} waiting` : "";
    const uptime = formatSpan(model.now - parseTime(state.started));
    setText(
      find("instance"),
      `balance ${port} on ${bind} · up ${uptime}${waiting}`,
    );
    setText(
      find("about"),
      `balance ${state.version} · pid ${state.pid} · engine ${engine} · ${
        formatSome(workers.length, "worker")
      } · since ${formatExact(parseTime(state.started))}`,
    );
    this.#figures.render(model, state);
  }

  #say(text: string, mood: Mood, port: number | undefined): void {
    setText(this.#sentence, text);
    const title = port === undefined ? text : `${text} · balance ${port}`;
    if (document.title !== title) document.title = title;
    if (this.#mood === mood) return;
    this.#mood = mood;
    document.body.className = mood;
    setAttribute(this.#mark, "d", MARKS[mood].path);
    setAttribute(this.#icon, "href", iconOf(mood));
  }
}

/** The tab's icon as an address. */
function iconOf(mood: Mood): string {
  const { path, colour } = MARKS[mood];
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">` +
    `<circle cx="8" cy="8" r="8" fill="${colour}"/><path d="${path}" fill="none" stroke="#fff" ` +
    `stroke-width="2" stroke-linecap="round" stroke-linejoin="round"/></svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}

/** One figure: a label, a number or two, and a minute of it. */
class Figure {
  readonly element: HTMLElement;
  readonly #numbers: HTMLElement[];
  readonly #lines: SVGPathElement[];

  constructor(label: string, units: readonly string[], hint: string) {
    this.#numbers = units.map(() => make("b", {}, "–"));
    const spark = makeSpark(units.length);
    this.#lines = spark.lines;
    const words = units.map((unit, at) =>
      make("span", {}, this.#numbers[at] ?? "", make("small", {}, unit))
    );
    this.element = make(
      "div",
      { class: "figure", title: hint },
      make("h2", {}, label),
      make("p", {}, ...words),
      spark.element,
    );
  }

  render(texts: readonly string[], timelines: readonly Timeline[], second: number): void {
    texts.forEach((text, at) => {
      const number = this.#numbers[at];
      if (number !== undefined) setText(number, text);
    });
    const minutes = timelines.map((timeline) => timeline.last(second, SPARK_SECONDS));
    const peak = peakOf(minutes.flat());
    minutes.forEach((minute, at) => {
      const line = this.#lines[at];
      if (line !== undefined) setAttribute(line, "d", sparkPath(minute, peak));
    });
  }
}

class Figures {
  readonly #connections = new Figure("Connections", [""], "Connections now, attempts included");
  readonly #opened = new Figure("New/s", [""], "New connections in the last full second");
  readonly #bytes = new Figure(
    "Bytes/s",
    ["in", "out"],
    "Bytes in the last full second: in from clients to servers, out from servers to clients",
  );
  readonly #connect = new Figure(
    "Connect p99",
    ["ms"],
    "99 of 100 connects of the last minute were faster than this",
  );

  constructor(place: HTMLElement) {
    for (const figure of [this.#connections, this.#opened, this.#bytes, this.#connect]) {
      place.append(figure.element);
    }
  }

  render({ total, sent, received, p99, second }: Model, { totals }: StateDocument): void {
    this.#connections.render([formatCount(totals.connections)], [total.connections], second);
    this.#opened.render([formatCount(total.rates.opened)], [total.opened], second);
    const { sent: into, received: out } = total.rates;
    this.#bytes.render([formatScaled(into), formatScaled(out)], [sent, received], second);
    this.#connect.render([formatMs(totals.connectMs.p99)], [p99], second);
  }
}
