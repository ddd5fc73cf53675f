/**
 * The live connections of a channel.
 *
 * @module
 */
import type { ConnectionDocument, ConnectionsDocument } from "../../core/report/documents.ts";
import { make, setRows, setText } from "./dom.ts";
import { formatScaled, formatSome } from "./model/numbers.ts";
import { formatSpan } from "./model/times.ts";

/** How many are shown: the oldest ones. */
const SHOWN = 50;
const COLUMNS = ["Client", "Age", "Idle", "In", "Out", "Phase"] as const;

interface ConnectionRow {
  readonly element: HTMLTableRowElement;
  readonly cells: readonly HTMLElement[];
}

/** A table of connections, the oldest first. */
export class Connections {
  /** The table and its heading. */
  readonly element: HTMLElement;
  readonly #body = make("tbody");
  readonly #more = make("p", { class: "note" }, "Asking for them");
  readonly #rows: ConnectionRow[] = [];
  readonly #table: HTMLElement;

  constructor() {
    const head = COLUMNS.map((name, at) =>
      make("th", { scope: "col", ...(isNumber(at) ? { class: "number" } : {}) }, name)
    );
    const table = make(
      "table",
      { class: "connections", "aria-label": "Its connections" },
      make("thead", {}, make("tr", {}, ...head)),
      this.#body,
    );
    const scroller = { class: "scroller", tabindex: 0, role: "region" };
    this.#table = make("div", { ...scroller, "aria-label": "Its connections" }, table);
    this.#table.hidden = true;
    this.element = make("section", {}, make("h3", {}, "Its connections"), this.#table, this.#more);
  }

  /** Shows these. */
  render({ connections, omitted }: ConnectionsDocument): void {
    const shown = connections.slice(0, SHOWN);
    const rest = connections.length - shown.length + omitted;
    this.#table.hidden = shown.length === 0;
    setText(
      this.#more,
      shown.length === 0 ? "None now" : rest > 0 ? `and ${formatSome(rest, "younger one")}` : "",
    );
    setRows(this.#body, this.#rows, shown, makeRow, (row, connection) => {
      textsOf(connection).forEach((text, at) => {
        const cell = row.cells[at];
        if (cell !== undefined) setText(cell, text);
      });
    });
  }
}

function textsOf(connection: ConnectionDocument): string[] {
  return [
    connection.client,
    formatSpan(1000 * connection.ageSeconds),
    formatSpan(1000 * connection.idleSeconds),
    formatScaled(connection.sentBytes),
    formatScaled(connection.receivedBytes),
    connection.phase,
  ];
}

function makeRow(): ConnectionRow {
  const cells = COLUMNS.map((_, at) => make("td", isNumber(at) ? { class: "number" } : {}));
  return { element: make("tr", {}, ...cells), cells };
}

function isNumber(column: number): boolean {
  return column > 0 && column < COLUMNS.length - 1;
}
