/**
 * A channel's row.
 *
 * @module
 */
import type { ChannelDocument, GroupDocument } from "../../core/report/documents.ts";
import { make, setAttribute, setText } from "./dom.ts";
import { type Model, placeOf } from "./model/model.ts";
import { formatCount, formatMs, formatPercent, formatScaled, UNKNOWN } from "./model/numbers.ts";
import { SPARK_SECONDS, sparkPath } from "./model/spark.ts";
import { formatExact, formatSpan, parseTime } from "./model/times.ts";
import { type Condition, conditionOf } from "./model/verdict.ts";
import { makeSpark } from "./spark.ts";

/** The columns of the table. */
export const COLUMNS = [
  { css: "state", name: "State", hint: "What is observed, or what the operator wants" },
  { css: "server", name: "Server", hint: "" },
  {
    css: "share",
    name: "Share",
    hint: "Connections, of the group's, or of the channel's maxc where it has one",
  },
  { css: "number conns", name: "Conn", hint: "Connections now" },
  { css: "number opened", name: "New/s", hint: "New connections in the last full second" },
  { css: "number in", name: "In/s", hint: "Bytes from clients in the last full second" },
  { css: "number out", name: "Out/s", hint: "Bytes to clients in the last full second" },
  {
    css: "number connect",
    name: "p50 / p99 ms",
    hint: "Connect time of the last minute: median, and what 99 of 100 were faster than",
  },
  { css: "check", name: "Last check", hint: "What the last check found, and how long it took" },
  { css: "minute", name: "Last minute", hint: "Connections in the last minute" },
] as const;

/** One channel in the table. */
export class Row {
  /** The row. */
  readonly element: HTMLTableRowElement;
  /** What opens it. */
  readonly opener: HTMLButtonElement;
  /** The row below, while it is open. */
  panel: HTMLTableRowElement | undefined;
  readonly #state = make("span");
  readonly #address = make("span", { class: "address" });
  readonly #tags = make("span", { class: "tags" });
  readonly #fill = make("i");
  readonly #track = make("span", { class: "track" }, this.#fill);
  readonly #share = make("span", { class: "spoken" });
  readonly #cells: HTMLTableCellElement[];
  readonly #check = make("td", { role: "cell", class: "check" });
  readonly #spark = makeSpark();
  #condition: Condition | undefined;
  #seen = true;
  /** Draws what was not drawn while nobody saw it. */
  #draw = (): void => {};

  /** Makes the row of a channel. */
  constructor(readonly group: number, readonly channel: number) {
    this.opener = make("button", { type: "button", class: "opener", "aria-expanded": "false" });
    const cell = { role: "cell" };
    this.#cells = ["conns", "opened", "in", "out", "connect"].map((name) =>
      make("td", { ...cell, class: `number ${name}` })
    );
    this.element = make(
      "tr",
      { role: "row", class: "channel" },
      make("td", { ...cell, class: "state" }, make("i", { class: "dot" }), this.#state),
      make(
        "th",
        { role: "rowheader", scope: "row", class: "server" },
        this.opener,
        this.#address,
        this.#tags,
      ),
      make("td", { ...cell, class: "share" }, this.#track, this.#share),
      ...this.#cells,
      this.#check,
      make("td", { ...cell, class: "minute" }, this.#spark.element),
    );
    this.element.addEventListener("animationend", () => this.element.classList.remove("flash"));
  }

  /** Puts the keyboard's focus on it. */
  focus(): void {
    this.opener.focus();
  }

  /** Opens it, with something to show below. */
  open(content: Element): void {
    const cell = make("td", { role: "cell", colspan: COLUMNS.length }, content);
    this.panel = make("tr", { role: "row", class: "panel" }, cell);
    this.element.after(this.panel);
    this.opener.setAttribute("aria-expanded", "true");
    this.element.classList.add("open");
  }

  /** Closes it. */
  close(): void {
    this.panel?.remove();
    this.panel = undefined;
    this.opener.setAttribute("aria-expanded", "false");
    this.element.classList.remove("open");
  }

  /** Takes it out of the table. */
  remove(): void {
    this.close();
    this.element.remove();
  }

  /** Shows the newest state. @param connections Those of the whole group. */
  render(model: Model, group: GroupDocument, channel: ChannelDocument, connections: number): void {
    this.#renderState(channel);
    this.#draw = () => this.#renderRest(model, group, channel, connections);
    if (this.#seen) this.#draw();
  }

  /** Whether somebody can see it. */
  see(seen: boolean): void {
    this.#seen = seen;
    if (seen) this.#draw();
  }

  #renderRest(
    model: Model,
    group: GroupDocument,
    channel: ChannelDocument,
    connections: number,
  ): void {
    const track = model.track(this.group, this.channel);
    this.#renderSince(model, channel);
    setText(this.#address, placeOf(channel) === channel.name ? "" : placeOf(channel));
    setText(this.#tags, tagsOf(group, channel).join(", "));
    this.#renderShare(channel, connections);
    const rates = track?.rates;
    const { p50, p99 } = channel.connectMs;
    const texts = [
      formatCount(channel.connections),
      formatCount(rates?.opened ?? null),
      formatScaled(rates?.sent ?? null),
      formatScaled(rates?.received ?? null),
      p50 === null && p99 === null ? UNKNOWN : `${formatMs(p50)} / ${formatMs(p99)}`,
    ];
    this.#cells.forEach((cell, at) => setText(cell, texts[at] ?? UNKNOWN));
    const { check } = channel;
    setText(this.#check, check === null ? UNKNOWN : `${check.result} ${formatMs(check.ms)} ms`);
    setAttribute(
      this.#check,
      "title",
      check === null ? "not checked" : `${check.kind} at ${formatExact(parseTime(check.at))}`,
    );
    const minute = track?.connections.last(model.second, SPARK_SECONDS) ?? [];
    const [line] = this.#spark.lines;
    if (line !== undefined) setAttribute(line, "d", sparkPath(minute));
  }

  #renderSince({ now }: Model, { state, since, reason }: ChannelDocument): void {
    const began = parseTime(since);
    const hint = `${state} since ${formatExact(began)} (${formatSpan(now - began)})`;
    setAttribute(this.#state, "title", reason === null ? hint : `${hint}: ${reason}`);
  }

  #renderState(channel: ChannelDocument): void {
    const condition = conditionOf(channel);
    setText(this.opener, channel.name);
    setText(this.#state, condition);
    if (condition === this.#condition) return;
    this.element.dataset["condition"] = condition;
    if (this.#condition !== undefined) this.element.classList.add("flash");
    this.#condition = condition;
  }

  #renderShare({ connections, maxc }: ChannelDocument, all: number): void {
    const end = maxc > 0 ? maxc : all;
    const part = end === 0 ? 0 : Math.min(1, connections / end);
    this.#fill.style.transform = `scaleX(${Math.round(1000 * part) / 1000})`;
    const text = maxc > 0
      ? `${formatCount(connections)} of at most ${formatCount(maxc)}`
      : `${formatPercent(part)} of the group`;
    setText(this.#share, text);
    setAttribute(this.#track, "title", text);
    this.#track.classList.toggle("limited", maxc > 0);
  }
}

/** What is not as usual about a channel. */
function tagsOf({ channels }: GroupDocument, channel: ChannelDocument): string[] {
  const weighted = channels.some(({ weight }) => weight !== channels[0]?.weight);
  const { backup, weight, effectiveWeight } = channel;
  const grows = channel.state === "up" && channel.enabled && effectiveWeight < weight;
  return [
    ...(backup ? ["backup"] : []),
    ...(grows ? [`weight ${effectiveWeight} of ${weight}`] : weighted ? [`weight ${weight}`] : []),
  ];
}
