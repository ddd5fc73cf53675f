/**
 * Which of the two formats of metrics a client wants, by its header `Accept`.
 *
 * @module
 */
import type { MetricsFormat } from "../report/metrics_text.ts";

/**
 * Chooses a format.
 *
 * OpenMetrics is for whoever names it, and does not want the text format more; everybody else gets the text format.
 *
 * @param accept The header's value; undefined if there is none.
 */
export function chooseFormat(accept: string | undefined): MetricsFormat {
  const ranges = (accept ?? "").split(",").map(parseRange);
  const openMetrics = weigh(ranges.filter(isOpenMetrics));
  const text = weigh(ranges.filter(isText));
  return openMetrics > 0 && openMetrics >= text ? "openmetrics" : "prometheus";
}

/** One of the things that a client takes. */
interface MediaRange {
  readonly type: string;
  readonly parameters: ReadonlyMap<string, string>;
}

function parseRange(text: string): MediaRange {
  const [type = "", ...words] = text.split(";").map((word) => word.trim());
  const parameters = words.map((word): [string, string] => {
    const [name = "", value = ""] = word.split("=", 2);
    return [name.trim().toLowerCase(), value.trim().replace(/^"(.*)"$/, "$1")];
  });
  return { type: type.toLowerCase(), parameters: new Map(parameters) };
}

/** The version that is written, or whichever there is. */
function isOpenMetrics({ type, parameters }: MediaRange): boolean {
  const version = parameters.get("version");
  return type === "application/openmetrics-text" &&
    (version === undefined || version === "1.0.0");
}

/** The text format by its name; what means everything is no wish. */
function isText({ type }: MediaRange): boolean {
  return type === "text/plain";
}

/** How much the best of some ranges is wanted, 0 to 1. */
function weigh(ranges: readonly MediaRange[]): number {
  return Math.max(0, ...ranges.map(({ parameters }) => quality(parameters.get("q"))));
}

/** A quality as HTTP has it; what is none counts as none given. */
function quality(text: string | undefined): number {
  return text !== undefined && /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(text) ? Number(text) : 1;
}
