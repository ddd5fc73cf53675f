/**
 * Documents as text, made anew only so often that even many readers at once take little from traffic.
 *
 * @module
 */
import type { DocumentName } from "../core/http/routes.ts";
import type { InstanceView } from "../core/report/instance_view.ts";
import { metricFamilies } from "../core/report/metric_families.ts";
import { type MetricsFormat, metricTexts } from "../core/report/metrics_text.ts";
import { processFigures } from "./process_figures.ts";
import { pause } from "../system/pause.ts";

/** Readers get a text again until this many times the time that it took to make has passed: 5 % of a processor at most. */
const REST = 20;

/** Longest time for which traffic waits while metrics are written, but for a single one of them, in ms. */
const TURN_MS = 1;

/** Most texts that are kept: readers may ask for each channel's. */
const MOST = 32;

/** Every text that can be asked for. */
export type TextName = DocumentName | MetricsFormat;

/** One text, as it was last made. */
interface Made {
  readonly text: Promise<string>;
  /** Until when it is good, in ms; never ends while it is being made. */
  until: number;
}

/** The documents of an instance. */
export class Documents {
  readonly #view: InstanceView;
  /** By name, and slot where a text is about one channel; the one made first comes first. */
  readonly #made: Map<string, Made> = new Map();

  /** Makes nothing yet. */
  constructor(view: InstanceView) {
    this.#view = view;
  }

  /**
   * The text of a document as it is now, or was just now.
   *
   * @param slot The channel over the whole table that it is about; all of them unless told.
   */
  get(name: TextName, slot?: number): Promise<string> {
    const key = slot === undefined ? name : `${name} ${slot}`;
    const last = this.#made.get(key);
    if (last !== undefined && performance.now() < last.until) return last.text;
    const start = performance.now();
    const made = { text: this.#make(name, slot), until: Infinity };
    this.#remember(key, made);
    const settle = (): void => {
      const now = performance.now();
      made.until = now + REST * (now - start);
    };
    made.text.then(settle, () => this.#made.delete(key));
    return made.text;
  }

  /** Has everything made anew: something was changed. */
  forget(): void {
    this.#made.clear();
  }

  #remember(key: string, made: Made): void {
    this.#made.delete(key);
    this.#made.set(key, made);
    const [oldest] = this.#made.keys();
    if (this.#made.size > MOST && oldest !== undefined) this.#made.delete(oldest);
  }

  async #make(name: TextName, slot?: number): Promise<string> {
    switch (name) {
      case "state":
        return JSON.stringify(this.#view.state());
      case "conns":
        return JSON.stringify(await this.#view.connections(slot));
      case "causes":
        return JSON.stringify(await this.#view.causes(slot));
      case "health":
        return JSON.stringify(this.#view.health());
      case "prometheus":
      case "openmetrics":
        return await this.#metrics(name);
    }
  }

  /** Metrics; traffic goes on in between. */
  async #metrics(format: MetricsFormat): Promise<string> {
    const families = metricFamilies(this.#view.metrics(), processFigures());
    let text = "";
    let began = performance.now();
    for (const part of metricTexts(families, format)) {
      text += part;
      if (performance.now() - began < TURN_MS) continue;
      await pause(0);
      began = performance.now();
    }
    return text;
  }
}
