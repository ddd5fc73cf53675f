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

/** Labels of a sample by name, in their order. */
export type Labels = Readonly<Record<string, string>>;

/** One value. */
export interface Sample {
  /** What follows the family's name: `_bucket`, `_sum` and `_count` of histograms; else nothing. */
  readonly suffix?: string;
  /** Its labels. */
  readonly labels?: Labels;
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

/** Writes metrics as a whole text. */
export function formatMetrics(families: readonly MetricFamily[], format: MetricsFormat): string {
  const names = new Set(families.map(({ name }) => name));
  const texts = families.map((family) => formatFamily(family, headOf(family, format, names)));
  return `${texts.join("")}${format === "openmetrics" ? "# EOF\n" : ""}`;
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
  const lines = samples.map(({ suffix = "", labels = {}, value }) =>
    `${name}${suffix}${formatLabels(labels)} ${formatValue(value)}\n`
  );
  return `# HELP ${head.name} ${help}\n# TYPE ${head.name} ${head.type}\n${lines.join("")}`;
}

function formatLabels(labels: Labels): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

/** Both formats escape these three, and want well-formed text. */
function escapeLabel(value: string): string {
  return value.toWellFormed().replaceAll("\\", "\\\\").replaceAll('"', '\\"')
    .replaceAll("\n", "\\n");
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
