/**
 * The table: the groups and their channels, in the order of their numbers, since people remember places.
 *
 * @module
 */
import type { GroupDocument } from "../../core/report/documents.ts";
import { make, setText } from "./dom.ts";
import { channelKey, type Model } from "./model/model.ts";
import { formatSome } from "./model/numbers.ts";
import { COLUMNS, Row } from "./row.ts";

/** How groups distribute, in words. */
const METHODS: Readonly<Record<GroupDocument["method"], string>> = {
  rr: "in turn",
  hash: "by hash of the client",
  least: "fewest connections",
  random: "better of two at random",
  rendezvous: "by rendezvous",
};

/** A group's part of the table. */
class Section {
  readonly element = make("tbody", { role: "rowgroup" });
  readonly #name = make("span");
  readonly #sum = make("span");

  constructor() {
    const heading = make(
      "th",
      { role: "rowheader", scope: "rowgroup", colspan: COLUMNS.length },
      this.#name,
      this.#sum,
    );
    this.element.append(make("tr", { role: "row", class: "group" }, heading));
  }

  render({ group, method }: GroupDocument, connections: number): void {
    setText(this.#name, `Group ${group} · ${METHODS[method]}`);
    setText(this.#sum, formatSome(connections, "connection"));
  }
}

/** The table of all channels. */
export class Table {
  readonly #table: HTMLElement;
  readonly #sections = new Map<number, Section>();
  readonly #rows = new Map<string, Row>();
  readonly #onToggle: (row: Row) => void;
  /** Rows that nobody sees are not drawn: a thousand of them each second would keep a processor busy. */
  readonly #sight = new IntersectionObserver((entries) => this.#see(entries), {
    rootMargin: "256px",
  });

  /**
   * Begins without rows.
   *
   * @param onToggle Called when a row is to be opened or closed.
   */
  constructor(table: HTMLElement, onToggle: (row: Row) => void) {
    this.#table = table;
    this.#onToggle = onToggle;
    const head = COLUMNS.map(({ name, hint, css }) =>
      make("th", { role: "columnheader", scope: "col", class: css, title: hint }, name)
    );
    const columns = COLUMNS.map(({ css }) => make("col", { class: css }));
    table.append(
      make("colgroup", {}, ...columns),
      make("thead", { role: "rowgroup" }, make("tr", { role: "row" }, ...head)),
    );
    table.addEventListener("click", (event) => this.#click(event));
    table.addEventListener("keydown", (event) => this.#press(event));
  }

  /** The rows, in order. */
  get rows(): Row[] {
    return [...this.#rows.values()];
  }

  /** Shows the newest state. */
  render(model: Model): void {
    const groups = model.state?.groups ?? [];
    if (!this.#fits(groups)) this.#rebuild(groups);
    for (const group of groups) {
      const connections = group.channels.reduce((sum, channel) => sum + channel.connections, 0);
      this.#sections.get(group.group)?.render(group, connections);
      for (const channel of group.channels) {
        const key = channelKey(group.group, channel.channel);
        this.#rows.get(key)?.render(model, group, channel, connections);
      }
    }
  }

  #see(entries: readonly IntersectionObserverEntry[]): void {
    const rows = new Map<Element, Row>(this.rows.map((row) => [row.element, row]));
    for (const { target, isIntersecting } of entries) rows.get(target)?.see(isIntersecting);
  }

  #fits(groups: readonly GroupDocument[]): boolean {
    const keys = groups.flatMap(({ group, channels }) =>
      channels.map(({ channel }) => channelKey(group, channel))
    );
    return keys.length === this.#rows.size && keys.every((key) => this.#rows.has(key));
  }

  /** Makes rows for channels that have come and takes those out that have gone; the others stay as they are. */
  #rebuild(groups: readonly GroupDocument[]): void {
    const rows = new Map(this.#rows);
    this.#rows.clear();
    for (const [number, section] of this.#sections) {
      if (groups.some(({ group }) => group === number)) continue;
      section.element.remove();
      this.#sections.delete(number);
    }
    for (const { group, channels } of groups) {
      const section = this.#sections.get(group) ?? new Section();
      this.#sections.set(group, section);
      this.#table.append(section.element);
      for (const { channel } of channels) {
        const key = channelKey(group, channel);
        const row = rows.get(key) ?? this.#makeRow(group, channel);
        rows.delete(key);
        this.#rows.set(key, row);
        section.element.append(row.element, ...(row.panel === undefined ? [] : [row.panel]));
      }
    }
    for (const row of rows.values()) {
      this.#sight.unobserve(row.element);
      row.remove();
    }
  }

  #makeRow(group: number, channel: number): Row {
    const row = new Row(group, channel);
    this.#sight.observe(row.element);
    return row;
  }

  #click({ target }: MouseEvent): void {
    // Whoever marks text to copy it does not want to open anything.
    if (getSelection()?.isCollapsed === false) return;
    const element = target instanceof Element ? target.closest("tr") : null;
    const row = this.rows.find((each) => each.element === element);
    if (row !== undefined) this.#onToggle(row);
  }

  /** Arrows go from row to row, Escape closes the row that one is in. */
  #press(event: KeyboardEvent): void {
    const { target, key } = event;
    if (!(target instanceof Element)) return;
    const rows = this.rows;
    if (key === "Escape") {
      const row = rows.find(({ element, panel }) =>
        panel !== undefined && (element.contains(target) || panel.contains(target))
      );
      if (row === undefined) return;
      this.#onToggle(row);
      row.focus();
      return;
    }
    const at = rows.findIndex(({ opener }) => opener === target);
    const steps: Readonly<Record<string, number>> = {
      ArrowUp: at - 1,
      ArrowDown: at + 1,
      Home: 0,
      End: rows.length - 1,
    };
    const next = rows[steps[key] ?? -1];
    if (at < 0 || next === undefined) return;
    event.preventDefault();
    next.focus();
  }
}
