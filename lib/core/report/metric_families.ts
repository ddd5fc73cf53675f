/**
 * What is counted of an instance and its process, as metric families. The manual page has the same table.
 *
 * @module
 */
import { cumulativeBuckets } from "./cumulative_buckets.ts";
import type { ChannelMetrics, HistogramView, MetricsView } from "./metrics.ts";
import { formatBound, formatLabel, type MetricFamily, type Sample } from "./metrics_text.ts";

/** What a process uses, as far as the runtime tells without a further grant. */
export interface ProcessFigures {
  /** Processor time so far, of all threads. */
  readonly cpuSeconds: number;
  /** Memory in use. */
  readonly residentBytes: number;
  /** Memory that the main thread's objects have. */
  readonly heapBytes: number;
  /** When the process began, in seconds since 1970. */
  readonly startedSeconds: number;
}

/** Bounds for the time of a connect, in seconds: each twice the one before, as fine as a histogram needs to be. */
const CONNECT_BOUNDS: readonly number[] = doublings(0.0004, 15, 1);

/** Bounds for the time that a connection lasts, in seconds: each eight times the one before. */
const DURATION_BOUNDS: readonly number[] = doublings(0.008, 9, 3);

/** All metrics, in the order in which they are shown, each made when it is asked for. */
export function* metricFamilies(
  view: MetricsView,
  figures: ProcessFigures,
): Generator<MetricFamily, void> {
  yield* instanceFamilies(view);
  yield* channelFamilies(view.channels);
  yield histogram("balance_connect_seconds", "Time that connects to servers took.", {
    view: view.connectSeconds,
    bounds: CONNECT_BOUNDS,
  });
  yield histogram("balance_connection_duration_seconds", "Time that connections lasted.", {
    view: view.durationSeconds,
    bounds: DURATION_BOUNDS,
  });
  yield* processFamilies(figures);
}

function instanceFamilies(view: MetricsView): MetricFamily[] {
  const { version, engine } = view;
  return [
    {
      name: "balance_build_info",
      type: "info",
      help: "The program: its version and what moves the bytes.",
      samples: [{
        labels: `${formatLabel("version", version)},${formatLabel("engine", engine)}`,
        value: 1,
      }],
    },
    gauge(
      "balance_start_time_seconds",
      "When the instance began, in seconds since 1970.",
      view.startedSeconds,
    ),
    gauge(
      "balance_connections",
      "Connections now, those that are being made included.",
      view.connections,
    ),
    {
      name: "balance_connections_total",
      type: "counter",
      help: "Connections ever given to a channel.",
      samples: [{ value: view.totalConnections }],
    },
    gauge(
      "balance_waiting_clients",
      "Clients that wait because every channel is full.",
      view.waiting,
    ),
    {
      name: "balance_refused_clients_total",
      type: "counter",
      help: "Clients that were refused.",
      samples: each("reason", view.refused),
    },
    {
      name: "balance_ends_total",
      type: "counter",
      help: "Connections that have ended.",
      samples: each("cause", view.ends),
    },
  ];
}

function* channelFamilies(
  channels: readonly ChannelMetrics[],
): Generator<MetricFamily, void> {
  const own = channels.map(({ group, channel, name }) =>
    `group="${group}",channel="${channel}",${formatLabel("name", name)}`
  );
  const family = (
    type: "counter" | "gauge",
    name: string,
    help: string,
    samples: (channel: ChannelMetrics) => readonly Sample[],
  ): MetricFamily => ({
    name: `balance_channel_${name}`,
    type,
    help,
    samples: channels.flatMap((channel, at) =>
      samples(channel).map(({ labels, value }) => ({
        labels: labels === undefined ? own[at] ?? "" : `${own[at]},${labels}`,
        value,
      }))
    ),
  });
  yield family(
    "gauge",
    "connections",
    "Connections now, those that are being made included.",
    ({ connections }) => one(connections),
  );
  yield family(
    "counter",
    "connections_total",
    "Connections ever given to the channel.",
    ({ totalConnections }) => one(totalConnections),
  );
  yield family(
    "counter",
    "sent_bytes_total",
    "Bytes from clients to the server.",
    ({ sentBytes }) => one(sentBytes),
  );
  yield family(
    "counter",
    "received_bytes_total",
    "Bytes from the server to clients.",
    ({ receivedBytes }) => one(receivedBytes),
  );
  yield family(
    "gauge",
    "enabled",
    "Whether the operator wants the channel to get clients.",
    ({ enabled }) => one(Number(enabled)),
  );
  yield family(
    "gauge",
    "up",
    "Whether nothing is known against the server.",
    ({ state }) => one(Number(state === "up")),
  );
  yield family(
    "gauge",
    "weight",
    "Share of new connections, as configured.",
    ({ weight }) => one(weight),
  );
  yield family(
    "gauge",
    "max_connections",
    "Most connections at once; 0 is no limit.",
    ({ maxc }) => one(maxc),
  );
  yield family(
    "counter",
    "connect_failures_total",
    "Connects to the server that failed.",
    ({ connectFailures }) => each("reason", connectFailures),
  );
  yield family(
    "counter",
    "checks_total",
    "Health checks that have ended.",
    ({ checks }) => each("result", checks),
  );
  yield family(
    "counter",
    "transitions_total",
    "How often the channel came into a state, the one at the start left out.",
    ({ transitions }) => each("to", transitions),
  );
}

function processFamilies(figures: ProcessFigures): MetricFamily[] {
  return [
    {
      name: "process_cpu_seconds_total",
      type: "counter",
      help: "Processor time that the process has used, of all threads.",
      samples: one(figures.cpuSeconds),
    },
    gauge(
      "process_resident_memory_bytes",
      "Memory that the process has in use.",
      figures.residentBytes,
    ),
    gauge("process_heap_bytes", "Memory for the main thread's objects.", figures.heapBytes),
    gauge(
      "process_start_time_seconds",
      "When the process began, in seconds since 1970.",
      figures.startedSeconds,
    ),
  ];
}

function histogram(
  name: string,
  help: string,
  { view, bounds }: { readonly view: HistogramView; readonly bounds: readonly number[] },
): MetricFamily {
  const buckets = cumulativeBuckets(view, bounds);
  return {
    name,
    type: "histogram",
    help,
    samples: [
      ...buckets.map(({ bound, count }) => ({
        suffix: "_bucket",
        labels: formatLabel("le", formatBound(bound)),
        value: count,
      })),
      { suffix: "_sum", value: view.sum },
      { suffix: "_count", value: buckets.at(-1)?.count ?? 0 },
    ],
  };
}

function gauge(name: string, help: string, value: number): MetricFamily {
  return { name, type: "gauge", help, samples: one(value) };
}

function one(value: number): Sample[] {
  return [{ value }];
}

/** A sample for each count, told apart by a label. */
function each(label: string, counts: Readonly<Record<string, number>>): Sample[] {
  return Object.entries(counts).map(([name, value]) => ({
    labels: formatLabel(label, name),
    value,
  }));
}

/** Numbers that are each some doublings above the one before. */
function doublings(lowest: number, count: number, step: number): number[] {
  return Array.from({ length: count }, (_, at) => lowest * 2 ** (at * step));
}
