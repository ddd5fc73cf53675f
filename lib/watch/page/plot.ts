/**
 * One plot: ten minutes of some lines, with the values under the pointer written beside their names.
 *
 * @module
 */
import uPlot from "uplot";
import { make, setText } from "./dom.ts";
import { type Column, fillSeconds, makeColumn } from "./model/plots.ts";
import { formatCount, formatScaled } from "./model/numbers.ts";
import { formatClock, formatMinute } from "./model/times.ts";
import { SECONDS } from "./model/timeline.ts";

/** One line of a plot. */
export interface Line {
  /** What it is called. */
  readonly name: string;
  /** Name of its colour in the style sheet. */
  readonly colour: string;
  /** Whether the area below it is filled. */
  readonly filled: boolean;
}

/** Steps between the marks of the upright axis: whole numbers. */
const STEPS = [1, 2, 5].flatMap((digit) =>
  Array.from({ length: 8 }, (_, power) => digit * 10 ** power)
).toSorted((a, b) => a - b);
/** Half the width of a time, in pixels. */
const HALF_LABEL = 12;
const FONT = "12px system-ui, sans-serif";

/** A plot that takes new values each second. */
export class Plot {
  /** The plot, its heading and its legend. */
  readonly element: HTMLElement;
  readonly #place = make("div", { class: "plot", role: "img" });
  readonly #legend = make("ul", { class: "legend" });
  readonly #when = make("span", { class: "when" });
  readonly #name: string;
  readonly #height: number;
  readonly #seconds: Column = makeColumn();
  readonly #sizes: ResizeObserver;
  #lines: readonly Line[] = [];
  #values: HTMLElement[] = [];
  /** What each line shows at a place, which is not its column where columns are stacked. */
  #valueAt: (line: number, at: number) => number | null = () => null;
  #plot: uPlot | undefined;
  #second = NaN;

  /**
   * Begins without lines.
   *
   * @param level Level of its heading.
   */
  constructor(name: string, height: number, level: "h2" | "h3") {
    this.#name = name;
    this.#height = height;
    const heading = make(level, {}, name, " ", this.#when);
    this.element = make("figure", {}, heading, this.#place, this.#legend);
    this.#sizes = new ResizeObserver(([entry]) => {
      const width = Math.floor(entry?.contentRect.width ?? 0);
      if (width > 0) this.#plot?.setSize({ width, height });
    });
    this.#sizes.observe(this.#place);
    this.#place.style.height = `${height}px`;
  }

  /** Says which lines there are, in the order of the legend. The last one is drawn first, behind the others. */
  setLines(lines: readonly Line[]): void {
    const same = JSON.stringify(lines) === JSON.stringify(this.#lines);
    if (same && this.#plot !== undefined) return;
    this.#lines = lines;
    this.#plot?.destroy();
    this.#plot = undefined;
    this.#values = lines.map(() => make("b", {}, "–"));
    this.#legend.replaceChildren(...lines.map(({ name, colour }, at) => {
      const swatch = make("i", { class: "swatch" });
      swatch.style.background = `var(${colour})`;
      return make("li", {}, swatch, name, " ", this.#values[at] ?? "");
    }));
  }

  /**
   * Draws.
   *
   * @param columns One a line.
   * @param valueAt What a line's value is at a place of the columns.
   */
  render(
    columns: readonly Column[],
    second: number,
    valueAt: (line: number, at: number) => number | null = (line, at) =>
      columns[line]?.[at] ?? null,
  ): void {
    this.#second = second;
    this.#valueAt = valueAt;
    fillSeconds(this.#seconds, second);
    const data = [this.#seconds, ...columns.toReversed()] as uPlot.AlignedData;
    if (this.#plot === undefined) this.#make(data);
    else this.#plot.setData(data);
    this.#read();
  }

  /** Draws the same again, in other colours. */
  repaint(): void {
    this.#plot?.redraw(false);
  }

  /** Gives back what it holds. */
  destroy(): void {
    this.#sizes.disconnect();
    this.#plot?.destroy();
  }

  #make(data: uPlot.AlignedData): void {
    const width = this.#place.clientWidth;
    if (width === 0) return;
    this.#plot = new uPlot(this.#options(width), data, this.#place);
  }

  /** Writes the values at the pointer, or the newest ones. */
  #read(): void {
    const pointed = this.#plot?.cursor.idx ?? null;
    const at = pointed ?? SECONDS - 1;
    const second = this.#second - SECONDS + 1 + at;
    setText(this.#when, pointed === null ? "" : `at ${formatClock(second * 1000)}`);
    const texts = this.#lines.map((_, line) => formatCount(this.#valueAt(line, at)));
    texts.forEach((text, line) => {
      const value = this.#values[line];
      if (value !== undefined) setText(value, text);
    });
    if (pointed !== null) return;
    const said = this.#lines.map(({ name }, line) => `${name} ${texts[line]}`).join(", ");
    const label = `${this.#name}, the last ten minutes; now ${said}`;
    if (this.#place.ariaLabel !== label) this.#place.ariaLabel = label;
  }

  #options(width: number): uPlot.Options {
    const axis = { stroke: () => this.#colourOf("--quiet"), font: FONT, ticks: { show: false } };
    return {
      width,
      height: this.#height,
      legend: { show: false },
      padding: [8, 8, 0, 0],
      cursor: {
        y: false,
        drag: { x: false, y: false },
        points: { show: false },
        sync: { key: "history" },
      },
      scales: {
        x: { range: () => [this.#second - SECONDS + 1, this.#second] },
        y: { range: (_plot, _least, most) => [0, Math.max(4, Math.ceil((most ?? 0) * 1.05))] },
      },
      axes: [
        {
          ...axis,
          size: 24,
          gap: 8,
          grid: { show: false },
          incrs: [60, 120, 300],
          space: 56,
          values: (plot, seconds) => seconds.map((second) => this.#label(plot, second)),
        },
        {
          ...axis,
          size: 48,
          gap: 8,
          incrs: STEPS,
          space: 32,
          grid: { stroke: () => this.#colourOf("--line"), width: 1 },
          values: (_plot, values) => values.map(formatScaled),
        },
      ],
      series: [{}, ...this.#lines.toReversed().map((line) => this.#seriesOf(line))],
      hooks: { setCursor: [() => this.#read()] },
    };
  }

  #seriesOf({ colour, filled }: Line): uPlot.Series {
    return {
      points: { show: false },
      width: filled ? 1 : 1.5,
      stroke: () => this.#colourOf(colour),
      ...(filled ? { fill: () => this.#colourOf(colour) } : {}),
    };
  }

  /** The time below the plot; nothing where it would be cut off. */
  #label(plot: uPlot, second: number): string {
    const room = plot.bbox.width / devicePixelRatio - plot.valToPos(second, "x");
    return room < HALF_LABEL ? "" : formatMinute(second * 1000);
  }

  /** A colour of the style sheet, as it is now and here. */
  #colourOf(name: string): string {
    return getComputedStyle(this.#place).getPropertyValue(name);
  }
}
