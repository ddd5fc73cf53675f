/**
 * Metrics as text: the Prometheus text format 0.0.4 and OpenMetrics 1.0.
 *
 * | | Prometheus | OpenMetrics |
 * | --- | --- | --- |
 * | a counter's family | `balance_ends_total` | `balance_ends` |
 * | facts about the program | a gauge `balance_build_info` | an info `balance_build` |
 * | the end | the end | `# EOF` |
 *
 * OpenMetrics wants the family names of a text to be different, and there `balance_connections_total` is of a family
 * `balance_connections`, which is a gauge's name too. Such a counter is of type `unknown` there, which keeps its name.
 *
 * @module
 */

/** One of the two formats. */
export type MetricsFormat = "prometheus" | "openmetrics";

/** What a text of a format is called. */
export const CONTENT_TYPES: Readonly<Record<MetricsFormat, string>> = {
  prometheus: "text/plain; version=0.0.4; charset=utf-8",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

/** One value. */
export interface Sample {
  /** What follows the family's name: `_bucket`, `_sum` and `_count` of histograms; else nothing. */
  readonly suffix?: string;
  /** Its labels, as {@link formatLabel} writes them, with commas between. */
  readonly labels?: string;
  /** The value. */
  readonly value: number;
}

/** What is measured in one way. */
export interface MetricFamily {
  /** Its name in the Prometheus format: with `_total` for a counter, with `_info` for an info. */
  readonly name: string;
  /** What kind of values they are. */
  readonly type: "counter" | "gauge" | "histogram" | "info";
  /** What is measured, one line. */
  readonly help: string;
  /** The values. */
  readonly samples: readonly Sample[];
}

/**
 * Writes metrics, a family at a time: a full table has twenty thousand samples, and whoever writes them may have something
 * else to do in between.
 *
 * @param families A gauge comes before the counter that is named after it.
 */
export function* metricTexts(
  families: Iterable<MetricFamily>,
  format: MetricsFormat,
): Generator<string, void> {
  const names = new Set<string>();
  for (const family of families) {
    yield formatFamily(family, headOf(family, format, names));
    names.add(family.name);
  }
  if (format === "openmetrics") yield "# EOF\n";
}

/** How a family introduces itself. */
interface Head {
  readonly name: string;
  readonly type: string;
}

function headOf(
  { name, type }: MetricFamily,
  format: MetricsFormat,
  taken: ReadonlySet<string>,
): Head {
  if (format === "prometheus") return { name, type: type === "info" ? "gauge" : type };
  const base = name.replace(/_(?:total|info)$/, "");
  return base !== name && taken.has(base) ? { name, type: "unknown" } : { name: base, type };
}

function formatFamily({ name, help, samples }: MetricFamily, head: Head): string {
  let text = `# HELP ${head.name} ${help}\n# TYPE ${head.name} ${head.type}\n`;
  for (const { suffix = "", labels, value } of samples) {
    text += name + suffix + (labels === undefined ? " " : `{${labels}} `) + formatValue(value) +
      "\n";
  }
  return text;
}

/** Writes a label. Both formats escape three characters, and want well-formed text. */
export function formatLabel(name: string, value: string): string {
  const plain = value.toWellFormed();
  return `${name}="${SPECIAL.test(plain) ? plain.replace(/[\\"\n]/g, escaped) : plain}"`;
}

/** Characters that no label has as they are. */
const SPECIAL = /[\\"\n]/;

function escaped(character: string): string {
  return character === "\n" ? "\\n" : `\\${character}`;
}

/** Writes a number as a metric's value. */
function formatValue(value: number): string {
  if (value === Infinity) return "+Inf";
  if (value === -Infinity) return "-Inf";
  return String(value);
}

/** Digits of a bound that count; further ones are the noise of its computation. */
const BOUND_DIGITS = 12;

/** Writes a bucket's bound: always as a fraction, which is the one spelling that OpenMetrics has for it. */
export function formatBound(bound: number): string {
  if (!Number.isFinite(bound)) return formatValue(bound);
  const rounded = Number(bound.toPrecision(BOUND_DIGITS));
  return Number.isInteger(rounded) ? `${rounded}.0` : String(rounded);
}
