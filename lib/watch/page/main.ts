/**
 * The dashboard: follows the stream, and draws once a second while somebody looks.
 *
 * @module
 */
import type {
  CausesDocument,
  ChannelDocument,
  EventDocument,
  StateDocument,
} from "../../core/report/documents.ts";
import { fetchDocument } from "./api.ts";
import { Details } from "./details.ts";
import { find } from "./dom.ts";
import { Head } from "./head.ts";
import { Bars, causeBars, Events, refusalBars } from "./lists.ts";
import { addEvent } from "./model/happened.ts";
import { Model } from "./model/model.ts";
import { Operator } from "./operate.ts";
import { ConnectionsPlot, RatesPlot } from "./plots.ts";
import type { Row } from "./row.ts";
import { Stream } from "./stream.ts";
import { Table } from "./table.ts";

const PLOT_HEIGHT = 192;
/** How often documents that the stream does not carry are asked for, while somebody looks. */
const DOCUMENTS_MS = 2000;

/** The page as a whole. */
class Page {
  readonly #model = new Model();
  readonly #head = new Head();
  readonly #table = new Table(find("servers"), (row) => this.#toggle(row));
  readonly #connections = new ConnectionsPlot(PLOT_HEIGHT, "h2");
  readonly #rates = new RatesPlot(PLOT_HEIGHT, "h2");
  readonly #ends = new Bars(find("ends"));
  readonly #events = new Events(find("events"), "None since this page was opened");
  readonly #operator = new Operator(find("operate"), () => this.#render());
  readonly #details = new Map<Row, Details>();
  #happened: readonly EventDocument[] = [];
  #causes: CausesDocument | undefined;
  #seen = Date.now();
  #live = false;
  #due = false;

  start(): void {
    find("history").append(this.#connections.element, this.#rates.element);
    new Stream({
      onState: (state) => this.#take(state),
      onEvent: (event) => this.#happened = addEvent(this.#happened, event),
      onLost: () => this.#lose(),
    });
    document.addEventListener("visibilitychange", () => this.#look());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#repaint());
    setInterval(() => void this.#ask(), DOCUMENTS_MS);
    // What was kept of the page while it was away, as by going back, is old.
    addEventListener("pageshow", ({ persisted }) => persisted && location.reload());
  }

  #take(state: StateDocument): void {
    const first = this.#model.state === undefined;
    const returned = !this.#live;
    this.#seen = Date.now();
    this.#live = true;
    if (this.#model.fold(state)) this.#tellOfRestart(state);
    this.#head.judge(state);
    this.#render();
    if (first) void this.#ask();
    if (returned) this.#repaint();
  }

  #lose(): void {
    this.#live = false;
    this.#head.lose(this.#seen, this.#model.state?.port);
    this.#repaint();
  }

  #tellOfRestart({ started, pid }: StateDocument): void {
    const text = `the instance was started again, as process ${pid}`;
    const event = { at: started, kind: "instance", level: "notice", text } as const;
    this.#happened = addEvent(this.#happened, event);
  }

  #look(): void {
    if (document.hidden) return;
    this.#render();
    void this.#ask();
  }

  /** Draws with the next frame, however many states have come until then; nothing is drawn in a hidden tab. */
  #render(): void {
    if (this.#due) return;
    this.#due = true;
    requestAnimationFrame(() => {
      this.#due = false;
      this.#draw();
    });
  }

  #draw(): void {
    const { state, total, second, now } = this.#model;
    if (state === undefined || document.hidden) return;
    this.#head.render(this.#model, state);
    this.#table.render(this.#model);
    for (const [row, details] of this.#details) {
      const channel = this.#find(row);
      if (channel === undefined) this.#close(row);
      else details.render(this.#model, channel, this.#happened);
    }
    this.#connections.render(this.#model);
    this.#rates.render(total, second);
    this.#renderEnds();
    this.#events.render(this.#happened, now);
  }

  #renderEnds(): void {
    this.#ends.render([
      ...causeBars(this.#causes?.causes ?? []),
      ...refusalBars(this.#model.state?.totals.refusedClients ?? {}),
    ]);
  }

  /** Asks for what the stream does not tell. */
  async #ask(): Promise<void> {
    if (document.hidden || !this.#live) return;
    const details = [...this.#details.values()].map((each) => each.refresh());
    const causes = await fetchDocument<CausesDocument>("causes");
    if (causes !== undefined) {
      this.#causes = causes;
      this.#renderEnds();
    }
    await Promise.all(details);
  }

  #find({ group, channel }: Row): ChannelDocument | undefined {
    return this.#model.state?.groups.find((each) => each.group === group)
      ?.channels.find((each) => each.channel === channel);
  }

  #toggle(row: Row): void {
    if (this.#details.has(row)) {
      this.#close(row);
      return;
    }
    const details = new Details(row.group, row.channel, this.#operator);
    this.#details.set(row, details);
    row.open(details.element);
    this.#render();
    if (this.#live) void details.refresh();
  }

  #close(row: Row): void {
    row.close();
    this.#details.get(row)?.destroy();
    this.#details.delete(row);
  }

  #repaint(): void {
    if (document.hidden) return;
    for (const plot of [this.#connections, this.#rates, ...this.#details.values()]) plot.repaint();
  }
}

new Page().start();
