/**
 * The parts of the report that are not about load: memory, wake-ups, times of commands. Pure.
 *
 * @module
 */
import type { Findings } from "./findings.ts";
import { IDLE_PAIRS } from "./idle_tests.ts";
import { perPair } from "./memory_tests.ts";
import { spread } from "./stats.ts";
import { formatSpread, table } from "./tables.ts";
import type { Times } from "./time_tests.ts";

/** Memory of idle connections. */
export function pairSection({ pairs }: Findings): string {
  if (pairs.length === 0) return "";
  const rows = pairs.map((row) => [
    row.candidate,
    `${row.pairs}`,
    `${row.answer}`,
    mebibytes(row.base),
    mebibytes(row.loaded),
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

/** Memory after short connections. */
export function servedSection({ served }: Findings): string {
  const [first] = served;
  if (first === undefined) return "";
  const rows = served.map((row) => [nameOf(row), mebibytes(row.rss), mebibytes(row.pss)]);
  const title = `Memory after ${first.connections} short connections`;
  return `### ${title}\n\n${table(["candidate", "RSS MiB", "PSS MiB"], rows)}`;
}

/** Wake-ups of idle programs. */
export function idleSection({ idle }: Findings): string {
  const [first] = idle;
  if (first === undefined) return "";
  const rows = idle.map((row) => [nameOf(row), `${row.calls}`]);
  const title = `System calls in ${first.seconds} s with ${IDLE_PAIRS} idle connections`;
  return `### ${title}\n\n${table(["candidate", "calls"], rows)}`;
}

/** Memory without any connection. */
export function baseSection({ base }: Findings): string {
  if (base.length === 0) return "";
  const rows = base.map((row) => [row.candidate, mebibytes(row.rss), mebibytes(row.pss)]);
  return `### Base memory\n\n${table(["candidate", "RSS MiB", "PSS MiB"], rows)}`;
}

/** Times of one command. */
export function timeSection(title: string, times: Times): string {
  const rows = [...times].filter(([, values]) => values.length > 0)
    .map(([candidate, values]) => [candidate, formatSpread(spread(values), 1)]);
  return rows.length === 0 ? "" : `### ${title}\n\n${table(["candidate", "ms"], rows)}`;
}

function mebibytes(kib: number): string {
  return (kib / 1024).toFixed(1);
}

function nameOf({ candidate, workers }: { candidate: string; workers: number }): string {
  return workers === 1 ? candidate : `${candidate}, ${workers} workers`;
}
