/**
 * What an open row shows: the channel's ten minutes, its facts, ends, events and connections, and its buttons.
 *
 * @module
 */
import type {
  CausesDocument,
  ChannelDocument,
  ConnectionsDocument,
  EventDocument,
  HealthDocument,
} from "../../core/report/documents.ts";
import { fetchDocument } from "./api.ts";
import { Buttons } from "./buttons.ts";
import { Connections } from "./connections.ts";
import { make, setText } from "./dom.ts";
import { Bars, causeBars, Events } from "./lists.ts";
import { channelKey, type Model } from "./model/model.ts";
import { formatCount, UNKNOWN } from "./model/numbers.ts";
import { eventsOf } from "./model/happened.ts";
import { formatExact, formatSpan, parseTime } from "./model/times.ts";
import type { Operator } from "./operate.ts";
import { ConnectionsPlot, RatesPlot } from "./plots.ts";

const PLOT_HEIGHT = 128;

/** The names of the facts, in order. */
const FACTS = [
  "Since",
  "Reason",
  "Weight",
  "Given ever",
  "Connects failed",
  "Went down",
  "Ejected",
  "Next trial",
] as const;

/** The panel of a channel. */
export class Details {
  /** The panel. */
  readonly element: HTMLElement;
  readonly #connectionsPlot = new ConnectionsPlot(PLOT_HEIGHT, "h3");
  readonly #ratesPlot = new RatesPlot(PLOT_HEIGHT, "h3");
  readonly #facts = FACTS.map(() => make("dd", {}, UNKNOWN));
  readonly #buttons: Buttons;
  readonly #bars: Bars;
  readonly #events: Events;
  readonly #connections: Connections = new Connections();
  #health: HealthDocument["channels"][number] | undefined;
  #shown: { readonly channel: ChannelDocument; readonly now: number } | undefined;
  #asking = false;

  /** Makes the panel of a channel. */
  constructor(readonly group: number, readonly channel: number, operator: Operator) {
    this.#buttons = new Buttons(group, channel, operator);
    const facts = make("dl", { class: "facts" });
    FACTS.forEach((name, at) =>
      facts.append(make("div", {}, make("dt", {}, name), this.#facts[at] ?? ""))
    );
    const ends = make("dl", { class: "bars" });
    const events = make("ol", { class: "events", tabindex: 0, "aria-label": "Events of it" });
    const part = (title: string, ...content: Node[]): HTMLElement =>
      make("section", {}, make("h3", {}, title), ...content);
    this.element = make(
      "div",
      { class: "details" },
      this.#buttons.element,
      facts,
      make(
        "div",
        { class: "pair" },
        this.#connectionsPlot.element,
        this.#ratesPlot.element,
        part("How its connections ended", ends),
        part("Its events", events),
      ),
      this.#connections.element,
    );
    this.#bars = new Bars(ends);
    this.#events = new Events(events, "None since this page was opened");
  }

  /** Shows the newest state. */
  render(model: Model, channel: ChannelDocument, events: readonly EventDocument[]): void {
    const { group, channel: number } = this;
    const track = model.track(group, number);
    if (track === undefined) return;
    const key = channelKey(group, number);
    this.#connectionsPlot.draw([{ key, name: channel.name, tracks: [track] }], model.second);
    this.#ratesPlot.render(track, model.second);
    this.#shown = { channel, now: model.now };
    this.#renderFacts();
    this.#buttons.render(channel);
    this.#events.render(eventsOf(events, group, number), model.now);
  }

  /** Asks for what the stream does not tell; again only when the answers are there. */
  async refresh(): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    const key = channelKey(this.group, this.channel);
    const [causes, connections, health] = await Promise.all([
      fetchDocument<CausesDocument>("causes", key),
      fetchDocument<ConnectionsDocument>("conns", key),
      fetchDocument<HealthDocument>("health"),
    ]);
    this.#asking = false;
    if (causes !== undefined) this.#bars.render(causeBars(causes.causes));
    if (connections !== undefined) this.#connections.render(connections);
    this.#health = health?.channels.find(({ group, channel }) =>
      group === this.group && channel === this.channel
    );
    this.#renderFacts();
  }

  /** Draws the plots again, in other colours. */
  repaint(): void {
    this.#connectionsPlot.repaint();
    this.#ratesPlot.repaint();
  }

  /** Gives back what it holds. */
  destroy(): void {
    this.#connectionsPlot.destroy();
    this.#ratesPlot.destroy();
  }

  #renderFacts(): void {
    if (this.#shown === undefined) return;
    const { channel, now } = this.#shown;
    const since = parseTime(channel.since);
    const { refused, timeout } = channel.connectFailures;
    const health = this.#health;
    const trial = health?.trialInSeconds ?? null;
    const texts: Readonly<Record<typeof FACTS[number], string>> = {
      "Since": `${channel.state} since ${formatExact(since)} (${formatSpan(now - since)})`,
      "Reason": channel.reason ?? UNKNOWN,
      "Weight": channel.effectiveWeight === channel.weight
        ? formatCount(channel.weight)
        : `${channel.effectiveWeight} of ${channel.weight}`,
      "Given ever": `${formatCount(channel.totalConnections)} connections`,
      "Connects failed": `${formatCount(refused)} refused, ${formatCount(timeout)} timed out`,
      "Went down": health === undefined ? UNKNOWN : times(health.downs),
      "Ejected": health === undefined ? UNKNOWN : times(health.ejections),
      "Next trial": trial === null ? UNKNOWN : `in ${formatCount(trial)} s`,
    };
    FACTS.forEach((name, at) => {
      const fact = this.#facts[at];
      if (fact !== undefined) setText(fact, texts[name]);
    });
  }
}

function times(count: number): string {
  return count === 1 ? "once" : count === 0 ? "never" : `${formatCount(count)} times`;
}
