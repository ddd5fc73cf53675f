/**
 * The report as Markdown. Pure.
 *
 * @module
 */
import { DIRECT, OURS } from "./candidates.ts";
import { type Findings, WORKERS } from "./findings.ts";
import { LATENCY_TEST, type LoadTest, THROUGHPUT_TESTS, WORKER_TESTS } from "./load_tests.ts";
import { perPair } from "./memory_tests.ts";
import type { TestName } from "./options.ts";
import {
  cpuPerUnit,
  median,
  pairedRatios,
  type Sample,
  select,
  type Spread,
  spread,
  utilization,
} from "./stats.ts";
import { evaluate, type Target, verdict } from "./targets.ts";
import type { Times } from "./time_tests.ts";

/** A number with `digits` decimals, `-` when there is none. */
export function fixed(value: number | undefined, digits: number): string {
  return value === undefined ? "-" : value.toFixed(digits);
}

/** `median [min..max]`; without the range for a single value, `-` for none. */
export function formatSpread(s: Spread | undefined, digits: number): string {
  if (s === undefined) return "-";
  const [middle, min, max] = [s.median, s.min, s.max].map((value) => value.toFixed(digits));
  return min === max ? `${middle}` : `${middle} [${min}..${max}]`;
}

/** A Markdown table; the first column is text, the others are numbers. Columns are aligned. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, i) =>
    Math.max(3, title.length, ...rows.map((row) => row[i]?.length ?? 0))
  );
  const line = (cells: readonly string[]): string => {
    const padded = cells.map((cell, i) =>
      i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)
    );
    return `| ${padded.join(" | ")} |`;
  };
  const rule = widths.map((width, i) => i === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`);
  return [line(head), `| ${rule.join(" | ")} |`, ...rows.map(line)].join("\n");
}

/** The whole report: first the targets of the tests that were asked for. */
export function formatReport(findings: Findings, tests: readonly TestName[]): string {
  return [
    targetSection(evaluate(findings).filter(({ test }) => tests.includes(test))),
    ...THROUGHPUT_TESTS.map((test) => throughputSection(findings.load, test)),
    latencySection(findings.load),
    ...WORKER_TESTS.map((test) => workerSection(findings.workers, test)),
    pairSection(findings),
    baseSection(findings),
    timeSection("Start-up to listening", findings.startup),
    timeSection("One `-c show`", findings.show),
  ].filter((section) => section !== "").join("\n\n");
}

function targetSection(targets: readonly Target[]): string {
  if (targets.length === 0) return "";
  const rows = targets.map((target) => [
    target.title,
    `<= ${target.limit.toFixed(target.unit === "x" ? 2 : 0)} ${target.unit}`,
    formatSpread(target.measured, target.unit === "x" ? 2 : 1),
    verdict(target),
  ]);
  return `### Targets\n\n${table(["target", "limit", "measured", "verdict"], rows)}`;
}

function candidatesOf(samples: readonly Sample[], test: string): string[] {
  const names = new Set(samples.filter((s) => s.test === test).map((s) => s.candidate));
  const peers = [...names].filter((name) => name !== OURS && name !== DIRECT).sort();
  return [OURS, ...peers, DIRECT].filter((name) => names.has(name));
}

function throughputSection(samples: readonly Sample[], { name, title, unit }: LoadTest): string {
  const names = candidatesOf(samples, name);
  if (names.length === 0) return "";
  const rows = names.map((candidate) => {
    const own = select(samples, name, candidate);
    const pair = { of: OURS, to: candidate };
    const ratio = (value: (s: Sample) => number): string =>
      candidate === OURS ? "" : formatSpread(spread(pairedRatios(samples, name, pair, value)), 2);
    return [
      candidate,
      median(own.map(cpuPerUnit)).toFixed(1),
      ratio(cpuPerUnit),
      median(own.map((s) => s.rate)).toFixed(0),
      ratio((s) => s.rate),
      median(own.map(utilization)).toFixed(2),
      `${own.reduce((sum, s) => sum + s.errors, 0)}`,
    ];
  });
  const head = [
    "candidate",
    `CPU us/${unit}`,
    `CPU of ${OURS} x this`,
    `${unit}/s`,
    `rate of ${OURS} x this`,
    "core used",
    "errors",
  ];
  return `### ${title}\n\n${table(head, rows)}`;
}

function latencySection(samples: readonly Sample[]): string {
  const { name, title } = LATENCY_TEST;
  const names = candidatesOf(samples, name);
  if (names.length === 0) return "";
  const middle = (candidate: string, value: (s: Sample) => number): number | undefined =>
    spread(select(samples, name, candidate).map(value))?.median;
  const cells = (candidate: string, value: (s: Sample) => number): string[] => {
    const own = middle(candidate, value);
    const direct = middle(DIRECT, value);
    const added = own === undefined || direct === undefined || candidate === DIRECT
      ? undefined
      : own - direct;
    const ratios = pairedRatios(samples, name, { of: OURS, to: candidate }, value);
    return [
      fixed(own, 0),
      fixed(added, 0),
      candidate === OURS ? "" : formatSpread(spread(ratios), 2),
    ];
  };
  const rows = names.map((candidate) => [
    candidate,
    ...cells(candidate, (s) => s.p50),
    ...cells(candidate, (s) => s.p99),
    candidate === DIRECT ? "-" : fixed(middle(candidate, cpuPerUnit), 0),
  ]);
  const columns = (p: string): string[] => [`${p} us`, `${p} added`, `${p} of ${OURS} x this`];
  const head = ["candidate", ...columns("p50"), ...columns("p99"), "CPU us/req"];
  return `### ${title}\n\n${table(head, rows)}`;
}

function workerSection(samples: readonly Sample[], { name, title, unit }: LoadTest): string {
  const rows = Object.values(WORKERS).map((candidate) => {
    const own = select(samples, name, candidate);
    const ratio = (value: (s: Sample) => number): string =>
      candidate === WORKERS.one ? "" : formatSpread(
        spread(pairedRatios(samples, name, { of: WORKERS.two, to: WORKERS.one }, value)),
        2,
      );
    return [
      candidate,
      fixed(spread(own.map(cpuPerUnit))?.median, 1),
      ratio(cpuPerUnit),
      fixed(spread(own.map((s) => s.rate))?.median, 0),
      ratio((s) => s.rate),
    ];
  });
  if (candidatesOf(samples, name).length === 0) return "";
  const head = ["", `CPU us/${unit}`, "CPU x 1 worker", `${unit}/s`, "rate x 1 worker"];
  return `### Two workers on two cores: ${title}\n\n${table(head, rows)}`;
}

function pairSection({ pairs }: Findings): string {
  if (pairs.length === 0) return "";
  const rows = pairs.map((row) => [
    row.candidate,
    `${row.pairs}`,
    `${row.answer}`,
    (row.base / 1024).toFixed(1),
    (row.loaded / 1024).toFixed(1),
    perPair(row).toFixed(1),
  ]);
  const head = [
    "candidate",
    "pairs",
    "answer seen B",
    "PSS before MiB",
    "PSS idle MiB",
    "KiB/pair",
  ];
  return `### Memory of idle connections\n\n${table(head, rows)}`;
}

function baseSection({ base }: Findings): string {
  if (base.length === 0) return "";
  const mebibytes = (kib: number): string => (kib / 1024).toFixed(1);
  const rows = base.map((row) => [row.candidate, mebibytes(row.rss), mebibytes(row.pss)]);
  return `### Base memory\n\n${table(["candidate", "RSS MiB", "PSS MiB"], rows)}`;
}

function timeSection(title: string, times: Times): string {
  const rows = [...times].filter(([, values]) => values.length > 0)
    .map(([candidate, values]) => [candidate, formatSpread(spread(values), 1)]);
  return rows.length === 0 ? "" : `### ${title}\n\n${table(["candidate", "ms"], rows)}`;
}
