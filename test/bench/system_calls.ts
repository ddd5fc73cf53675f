/**
 * How many system calls a connection with one request takes, of which the client closes: `strace -f -c` over some hundred
 * connections, one after the other, of each candidate.
 *
 * `deno task bench:calls` after `deno task compile`, as root. What depends on the pace of the clients (waiting for events,
 * the time) and what a runtime's own threads do is left out of the sum and listed apart.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { answerLines, Backend } from "../kit/backends.ts";
import { freePort } from "../kit/ports.ts";
import { receiveLine, send } from "../kit/streams.ts";
import { sleep } from "../kit/wait.ts";
import { haproxy, type Launch, native, ours } from "./candidates.ts";
import { findProgram } from "./machine.ts";
import { type Processes, untilListening } from "./processes.ts";
import { runProgram } from "./run_program.ts";
import { print } from "./terminal.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const WARM_UP = 100;
const CONNECTIONS = 500;
/** Pause between two connections, in ms: each is over when the next one comes. */
const PAUSE_MS = 3;
/** Time that strace takes to attach, in ms. */
const ATTACH_MS = 2000;
/** Calls that are no part of a connection. */
const APART = /^(?:epoll_p?wait\d?|clock_\w+|futex|m\w+|sched_\w+|read|write|restart_syscall)$/;

async function connectOften(port: number, count: number): Promise<void> {
  for (let left = count; left > 0; left--) {
    const client = await Deno.connect({ hostname: "127.0.0.1", port });
    await send(client, "hello\n");
    await receiveLine(client);
    client.close();
    await sleep(PAUSE_MS);
  }
}

/** Calls by name, for one connection. */
function readCounts(text: string): Map<string, number> {
  const rows = text.split("\n").map((line) => line.trim().split(/\s+/));
  const counts = rows.filter((row) => /^[\d.]+$/.test(row[0] ?? "") && row.at(-1) !== "total")
    .map((row) => [row.at(-1) ?? "", Number(row[3]) / CONNECTIONS] as const);
  return new Map(counts.filter(([, count]) => count >= 0.05));
}

async function measure(
  { argv, config }: Launch,
  port: number,
  processes: Processes,
): Promise<Map<string, number>> {
  const folder = await Deno.makeTempDir({ prefix: "balance-calls-" });
  const file = `${folder}/config`;
  if (config !== undefined) await Deno.writeTextFile(file, config);
  const program = processes.start(argv.map((word) => word.replaceAll("{file}", file)));
  await untilListening(port, program);
  await connectOften(port, WARM_UP);
  const report = `${folder}/calls`;
  const strace = processes.start(["strace", "-f", "-c", "-o", report, "-p", `${program.pid}`]);
  await sleep(ATTACH_MS);
  await connectOften(port, CONNECTIONS);
  Deno.kill(strace.pid, "SIGINT");
  await sleep(ATTACH_MS);
  const counts = readCounts(await Deno.readTextFile(report));
  Deno.kill(program.pid, "SIGKILL");
  await Deno.remove(folder, { recursive: true });
  return counts;
}

/** The table: a row a call, a column a candidate. */
function formatCounts(columns: ReadonlyMap<string, ReadonlyMap<string, number>>): string {
  const names = [...new Set([...columns.values()].flatMap((counts) => [...counts.keys()]))];
  const row = (name: string, of: (counts: ReadonlyMap<string, number>) => number): string =>
    `| ${[name, ...[...columns.values()].map((counts) => of(counts).toFixed(2))].join(" | ")} |`;
  const inside = names.filter((name) => !APART.test(name)).toSorted();
  const apart = names.filter((name) => APART.test(name)).toSorted();
  const sum = (counts: ReadonlyMap<string, number>): number =>
    inside.reduce((total, name) => total + (counts.get(name) ?? 0), 0);
  return [
    `| call | ${[...columns.keys()].join(" | ")} |`,
    `| --- |${" ---: |".repeat(columns.size)}`,
    ...inside.map((name) => row(name, (counts) => counts.get(name) ?? 0)),
    row("**sum**", sum),
    ...apart.map((name) => row(`(${name})`, (counts) => counts.get(name) ?? 0)),
  ].join("\n");
}

async function main(processes: Processes): Promise<void> {
  await using backend = new Backend(answerLines, { name: "B" });
  const path = `${ROOT}dist/balance`;
  const peer = findProgram("haproxy");
  const candidates = [
    native(path, ""),
    ours(path, ""),
    ...(peer === undefined ? [] : [haproxy(peer, "", 2000)]),
  ];
  const columns = new Map<string, Map<string, number>>();
  for (const candidate of candidates) {
    const port = freePort();
    const launch = candidate.launch({ port, backend: backend.port, workers: 1 });
    columns.set(candidate.name, await measure(launch, port, processes));
  }
  print(`${formatCounts(columns)}\n`);
}

if (import.meta.main) Deno.exit(await runProgram(main));
