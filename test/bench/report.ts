/**
 * The report as Markdown. Pure.
 *
 * @module
 */
import { DIRECT, OURS } from "./candidates.ts";
import { type Findings, WORKERS } from "./findings.ts";
import { LATENCY_TEST, type LoadTest, THROUGHPUT_TESTS, WORKER_TESTS } from "./load_tests.ts";
import type { TestName } from "./options.ts";
import {
  baseSection,
  idleSection,
  pairSection,
  servedSection,
  timeSection,
} from "./report_sections.ts";
import {
  cpuPerUnit,
  median,
  pairedRatios,
  type Sample,
  select,
  spread,
  utilization,
} from "./stats.ts";
import { fixed, formatSpread, table } from "./tables.ts";
import { evaluate, type Target, verdict } from "./targets.ts";

/** The whole report: first the targets of the tests that were asked for. */
export function formatReport(findings: Findings, tests: readonly TestName[]): string {
  return [
    targetSection(evaluate(findings).filter(({ test }) => tests.includes(test))),
    ...THROUGHPUT_TESTS.map((test) => throughputSection(findings.load, test)),
    latencySection(findings.load),
    ...WORKER_TESTS.map((test) => workerSection(findings.workers, test)),
    pairSection(findings),
    servedSection(findings),
    baseSection(findings),
    idleSection(findings),
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
    ...cells(candidate, (s) => s.p999),
    ...cells(candidate, (s) => s.max),
    candidate === DIRECT ? "-" : fixed(middle(candidate, cpuPerUnit), 0),
  ]);
  const columns = (p: string): string[] => [`${p} us`, `${p} added`, `${p} of ${OURS} x this`];
  const head = ["candidate", ...["p50", "p99", "p99.9", "max"].flatMap(columns), "CPU us/req"];
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
