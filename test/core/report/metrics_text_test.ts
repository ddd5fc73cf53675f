import { cumulativeBuckets } from "../../../lib/core/report/cumulative_buckets.ts";
import { metricFamilies } from "../../../lib/core/report/metric_families.ts";
import {
  formatBound,
  type MetricFamily,
  type MetricsFormat,
  metricTexts,
} from "../../../lib/core/report/metrics_text.ts";
import { CONNECT_SCALE, DURATION_SCALE } from "../../../lib/core/table/histogram.ts";
import { assert, assertEquals, assertStringIncludes } from "../../kit/assert.ts";
import { installed, needing } from "../../kit/needs.ts";
import { runInstalled } from "../../kit/servers.ts";
import { channelMetrics, metricsView } from "../../watch/fake_view.ts";

const PROCESS = { cpuSeconds: 1.5, residentBytes: 7e7, heapBytes: 8e6, startedSeconds: 1.7e9 };
const NAMES = ["plain:80", 'quo"te', "back\\slash", "line\nend", "ünï☃", "\ud800"];

function text(format: MetricsFormat): string {
  const view = metricsView(NAMES.map((name, at) => channelMetrics(at, name)));
  return formatMetrics(metricFamilies(view, PROCESS), format);
}

function formatMetrics(families: Iterable<MetricFamily>, format: MetricsFormat): string {
  return [...metricTexts(families, format)].join("");
}

/** What the table of the contract names. */
const WANTED = [
  'balance_build_info{version="1.1.0",engine="deno"} 1',
  "balance_start_time_seconds 1700000000.5",
  "balance_connections 2",
  "balance_connections_total 10",
  'balance_refused_clients_total{reason="denied"} 0',
  'balance_refused_clients_total{reason="rate"} 4',
  'balance_ends_total{cause="client"} 7',
  'balance_channel_connections{group="0",channel="0",name="plain:80"} 2',
  'balance_channel_connections_total{group="0",channel="0",name="plain:80"} 10',
  'balance_channel_sent_bytes_total{group="0",channel="0",name="plain:80"} 1000',
  'balance_channel_received_bytes_total{group="0",channel="0",name="plain:80"} 2000',
  'balance_channel_enabled{group="0",channel="0",name="plain:80"} 1',
  'balance_channel_up{group="0",channel="0",name="plain:80"} 1',
  'balance_channel_up{group="0",channel="1",name="quo\\"te"} 0',
  'balance_channel_weight{group="0",channel="0",name="plain:80"} 1',
  'balance_channel_max_connections{group="0",channel="0",name="plain:80"} 0',
  'balance_channel_connect_failures_total{group="0",channel="0",name="plain:80",reason="refused"} 3',
  'balance_channel_checks_total{group="0",channel="0",name="plain:80",result="good"} 5',
  'balance_channel_transitions_total{group="0",channel="0",name="plain:80",to="down"} 2',
  'balance_connect_seconds_bucket{le="0.0004"} 1',
  'balance_connect_seconds_bucket{le="+Inf"} 10',
  "balance_connect_seconds_sum 0.5",
  "balance_connect_seconds_count 10",
  'balance_connection_duration_seconds_bucket{le="0.008"} 4',
  "balance_connection_duration_seconds_count 10",
  "process_cpu_seconds_total 1.5",
  "process_resident_memory_bytes 70000000",
  "process_heap_bytes 8000000",
  "process_start_time_seconds 1700000000",
];

for (const format of ["prometheus", "openmetrics"] as const) {
  Deno.test(`metricTexts() writes every metric as ${format}`, () => {
    const lines = text(format).split("\n");
    for (const wanted of WANTED) assert(lines.includes(wanted), wanted);
  });
}

Deno.test("metricTexts() escapes what a label may not have as it is", () => {
  const all = text("prometheus");
  for (const label of ['quo\\"te', "back\\\\slash", "line\\nend", "ünï☃", "\ufffd"]) {
    assertStringIncludes(all, `name="${label}"`);
  }
});

Deno.test("metricTexts() introduces each family once, in front of its samples", () => {
  for (const format of ["prometheus", "openmetrics"] as const) {
    const heads = text(format).split("\n").filter((line) => line.startsWith("# TYPE "))
      .map((line) => line.split(" ")[2]);
    assertEquals(new Set(heads).size, heads.length);
  }
});

Deno.test("metricTexts() names a counter's family in OpenMetrics without _total", () => {
  const families: MetricFamily[] = [
    { name: "ends_total", type: "counter", help: "Ends.", samples: [{ value: 3 }] },
    { name: "build_info", type: "info", help: "It.", samples: [{ value: 1 }] },
  ];
  assertEquals(
    formatMetrics(families, "openmetrics"),
    "# HELP ends Ends.\n# TYPE ends counter\nends_total 3\n" +
      "# HELP build It.\n# TYPE build info\nbuild_info 1\n# EOF\n",
  );
  assertEquals(
    formatMetrics(families, "prometheus"),
    "# HELP ends_total Ends.\n# TYPE ends_total counter\nends_total 3\n" +
      "# HELP build_info It.\n# TYPE build_info gauge\nbuild_info 1\n",
  );
});

Deno.test("metricTexts() has no two families of one name in OpenMetrics", () => {
  const families: MetricFamily[] = [
    { name: "conns", type: "gauge", help: "Now.", samples: [{ value: 1 }] },
    { name: "conns_total", type: "counter", help: "Ever.", samples: [{ value: 3 }] },
  ];
  assertEquals(
    formatMetrics(families, "openmetrics"),
    "# HELP conns Now.\n# TYPE conns gauge\nconns 1\n" +
      "# HELP conns_total Ever.\n# TYPE conns_total unknown\nconns_total 3\n# EOF\n",
  );
});

Deno.test("cumulativeBuckets() loses nothing and never falls", () => {
  const buckets = cumulativeBuckets({ bounds: [1, 2, 4, 8], counts: [5, 0, 2, 1, 3], sum: 0 }, [
    2,
    9,
  ]);
  assertEquals(buckets, [
    { bound: 2, count: 5 },
    { bound: 8, count: 8 },
    { bound: Infinity, count: 11 },
  ]);
  assertEquals(cumulativeBuckets({ bounds: [], counts: [7], sum: 0 }, [1]), [
    { bound: Infinity, count: 7 },
  ]);
});

Deno.test("the bounds of the histograms that are kept make few and plain buckets", () => {
  const seconds = (bounds: readonly number[]): number[] => bounds.map((ms) => ms / 1000);
  const view = metricsView();
  const zeros = ({ bounds }: { readonly bounds: readonly number[] }): number[] =>
    Array<number>(bounds.length + 1).fill(0);
  const families = [...metricFamilies({
    ...view,
    connectSeconds: { bounds: seconds(CONNECT_SCALE.bounds), counts: zeros(CONNECT_SCALE), sum: 0 },
    durationSeconds: {
      bounds: seconds(DURATION_SCALE.bounds),
      counts: zeros(DURATION_SCALE),
      sum: 0,
    },
  }, PROCESS)];
  const bounds = (name: string): string[] =>
    families.find((family) => family.name === name)?.samples.flatMap(({ labels }) =>
      labels === undefined ? [] : labels.slice('le="'.length, -1)
    ) ?? [];
  assertEquals(bounds("balance_connect_seconds"), [
    ...["0.0004", "0.0008", "0.0016", "0.0032", "0.0064", "0.0128", "0.0256", "0.0512"],
    ...["0.1024", "0.2048", "0.4096", "0.8192", "1.6384", "3.2768", "6.5536", "+Inf"],
  ]);
  assertEquals(bounds("balance_connection_duration_seconds"), [
    ...["0.008", "0.064", "0.512", "4.096", "32.768", "262.144", "2097.152", "16777.216"],
    ...["134217.728", "+Inf"],
  ]);
});

Deno.test("formatBound() has one spelling for each bound", () => {
  assertEquals([1, 0.5, 0.1 + 0.2, 60, Infinity].map(formatBound), [
    "1.0",
    "0.5",
    "0.3",
    "60.0",
    "+Inf",
  ]);
});

Deno.test(
  needing(installed("promtool"), "promtool has nothing to say of the metrics"),
  async () => {
    const { code, stdout, stderr } = await runInstalled("promtool", ["check", "metrics"], {
      stdin: text("prometheus"),
    });
    assertEquals([code, new TextDecoder().decode(stdout), stderr], [0, "", ""]);
  },
);
