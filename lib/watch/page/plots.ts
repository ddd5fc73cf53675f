/**
 * The two plots: connections, stacked by channel, and new connections with failed connects.
 *
 * @module
 */
import type { Model, Track } from "./model/model.ts";
import {
  type Band,
  bandsOf,
  type Column,
  fillBand,
  fillColumn,
  fillRare,
  makeColumn,
} from "./model/plots.ts";
import { SECONDS } from "./model/timeline.ts";
import { Plot } from "./plot.ts";

/** Names of the tints that bands have in turn. */
const TINTS = ["--band-0", "--band-1", "--band-2", "--band-3"] as const;

/** Connections over time, one band a channel or group. */
export class ConnectionsPlot {
  readonly #plot: Plot;
  #columns: Column[] = [];

  /**
   * Begins empty.
   *
   * @param level Level of its heading.
   */
  constructor(height: number, level: "h2" | "h3") {
    this.#plot = new Plot("Connections", height, level);
  }

  /** Where it is drawn. */
  get element(): HTMLElement {
    return this.#plot.element;
  }

  /** Draws all channels. */
  render(model: Model): void {
    this.draw(bandsOf(model), model.second);
  }

  /** Draws some bands. */
  draw(bands: readonly Band[], second: number): void {
    this.#plot.setLines(bands.map(({ name }, at) => ({
      name,
      colour: TINTS[at % TINTS.length] ?? TINTS[0],
      filled: true,
    })));
    if (this.#columns.length !== bands.length) this.#columns = bands.map(makeColumn);
    const columns = this.#columns;
    bands.forEach((band, at) => {
      const column = columns[at];
      if (column !== undefined) fillBand(column, band, columns[at - 1], second);
    });
    this.#plot.render(columns, second, (line, at) => {
      const upper = columns[line]?.[at] ?? null;
      return upper === null ? null : upper - (columns[line - 1]?.[at] ?? 0);
    });
  }

  /** Draws the same again, in other colours. */
  repaint(): void {
    this.#plot.repaint();
  }

  /** Gives back what it holds. */
  destroy(): void {
    this.#plot.destroy();
  }
}

/** New connections and failed connects over time. */
export class RatesPlot {
  readonly #plot: Plot;
  readonly #opened = makeColumn();
  readonly #failed = makeColumn();

  /**
   * Begins empty.
   *
   * @param level Level of its heading.
   */
  constructor(height: number, level: "h2" | "h3") {
    this.#plot = new Plot("New and failed a second", height, level);
    this.#plot.setLines([
      { name: "new", colour: "--accent", filled: false },
      { name: "failed connects", colour: "--trouble", filled: false },
    ]);
  }

  /** Where it is drawn. */
  get element(): HTMLElement {
    return this.#plot.element;
  }

  /** Draws one channel, or all of them. */
  render({ opened, failed }: Track, second: number): void {
    fillColumn(this.#opened, opened, second);
    fillRare(this.#failed, failed, second);
    const tracks = [opened, failed];
    this.#plot.render([this.#opened, this.#failed], second, (line, at) => {
      const value = tracks[line]?.at(second - SECONDS + 1 + at) ?? NaN;
      return Number.isNaN(value) ? null : value;
    });
  }

  /** Draws the same again, in other colours. */
  repaint(): void {
    this.#plot.repaint();
  }

  /** Gives back what it holds. */
  destroy(): void {
    this.#plot.destroy();
  }
}
