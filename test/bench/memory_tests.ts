/**
 * Memory: of the idle program, and of idle connections.
 *
 * @module
 */
import { attempt } from "./attempt.ts";
import type { Candidate } from "./candidates.ts";
import { startCandidate } from "./fleet.ts";
import type { LoadGenerator } from "./loadgen.ts";
import { type Processes } from "./processes.ts";
import { descriptorLimit, type Memory, memory } from "./procfs.ts";
import { note, progress } from "./terminal.ts";
import { sleep } from "../kit/wait.ts";

/** Size of the small answer, bytes. */
export const SMALL_ANSWER = 200;
/** Size of the large answer, bytes. */
export const LARGE_ANSWER = 200_000;
/** How long the connections idle before memory is read, milliseconds. */
const IDLE_AFTER_SMALL_MS = 1500;
const IDLE_AFTER_LARGE_MS = 10_000;
/** How long a fresh program is left alone before its base memory is read, milliseconds. */
const SETTLE_MS = 1000;

/** Memory of a program that serves nobody yet, KiB. */
export interface BaseMemory extends Memory {
  readonly candidate: string;
}

/** Memory of idle connections; KiB. */
export interface PairMemory {
  readonly candidate: string;
  readonly pairs: number;
  /** Size of the answer that each connection has seen, bytes. */
  readonly answer: number;
  /** PSS before and with the connections. */
  readonly base: number;
  readonly loaded: number;
}

/** Memory of a program that has served short connections and is idle again, KiB. */
export interface ServedMemory extends Memory {
  readonly candidate: string;
  readonly workers: number;
  readonly connections: number;
}

/** What the memory tests work with. */
export interface MemoryBench {
  readonly loadgen: LoadGenerator;
  readonly processes: Processes;
  /** Directory for configuration files. */
  readonly folder: string;
}

/** Memory of one pair beyond the base, KiB. */
export function perPair(row: PairMemory): number {
  return (row.loaded - row.base) / row.pairs;
}

/** Reads the memory of each candidate a second after its start. */
export async function measureBase(
  { loadgen, processes, folder }: MemoryBench,
  candidates: readonly Candidate[],
): Promise<BaseMemory[]> {
  progress("base memory");
  const backend = await loadgen.startBackend();
  const rows = await Promise.all(candidates.map(async (candidate) => {
    const { running } = await startCandidate(
      candidate,
      { backend: backend.port },
      folder,
      processes,
    );
    await sleep(SETTLE_MS);
    const row = { candidate: candidate.name, ...memory(running.pid) };
    await processes.stop(running);
    return row;
  }));
  await processes.stop(backend.running);
  return rows;
}

/** Reads the memory of each candidate after short connections; of ours with two workers too. */
export async function measureServed(
  bench: MemoryBench,
  candidates: readonly Candidate[],
  connections: number,
): Promise<ServedMemory[]> {
  const rows: ServedMemory[] = [];
  for (const candidate of candidates) {
    for (const workers of candidate.hasWorkers ? [1, 2] : [1]) {
      progress(`memory after ${connections} connections: ${candidate.name}`);
      const row = await attempt(
        `${candidate.name}, ${connections} connections`,
        bench.processes,
        () => serveMany(bench, candidate, workers, connections),
      );
      if (row !== undefined) rows.push(row);
    }
  }
  return rows;
}

async function serveMany(
  { loadgen, processes, folder }: MemoryBench,
  candidate: Candidate,
  workers: number,
  connections: number,
): Promise<ServedMemory> {
  const backend = await loadgen.startBackend();
  const request = { backend: backend.port, workers };
  const { port, running } = await startCandidate(candidate, request, folder, processes);
  await loadgen.run(["connect", `127.0.0.1:${port}`, 32, 600, "client", connections]);
  await sleep(SETTLE_MS);
  const row = { candidate: candidate.name, workers, connections, ...memory(running.pid) };
  for (const each of [running, backend.running]) await processes.stop(each);
  return row;
}

/**
 * Reads the memory of each candidate with idle connections, for each number of them and each size
 * of answer. The candidates idle at the same time: memory does not depend on the others.
 */
export async function measurePairs(
  bench: MemoryBench,
  candidates: readonly Candidate[],
  counts: readonly number[],
): Promise<PairMemory[]> {
  const rows: PairMemory[] = [];
  for (const answer of [SMALL_ANSWER, LARGE_ANSWER]) {
    for (const pairs of counts) {
      progress(`memory of ${pairs} idle pairs after ${answer} B each`);
      if (pairs * 2 + 100 > descriptorLimit()) {
        note(`${pairs} idle pairs left out: ulimit -n is ${descriptorLimit()}`);
        continue;
      }
      const able = candidates.filter(({ maxPairs }) => maxPairs >= pairs);
      const round = able.map((candidate) =>
        attempt(
          `${candidate.name}, ${pairs} idle pairs`,
          bench.processes,
          () => measureOne(bench, candidate, pairs, answer),
        )
      );
      rows.push(...(await Promise.all(round)).flatMap((row) => row ?? []));
    }
  }
  return rows;
}

async function measureOne(
  { loadgen, processes, folder }: MemoryBench,
  candidate: Candidate,
  pairs: number,
  answer: number,
): Promise<PairMemory> {
  const backend = await loadgen.startBackend();
  const request = { backend: backend.port };
  const proxy = await startCandidate(candidate, request, folder, processes);
  await sleep(SETTLE_MS);
  const base = memory(proxy.running.pid).pss;
  const clients = await loadgen.openIdle(proxy.port, pairs, answer);
  await sleep(answer === LARGE_ANSWER ? IDLE_AFTER_LARGE_MS : IDLE_AFTER_SMALL_MS);
  const loaded = memory(proxy.running.pid).pss;
  for (const running of [clients, proxy.running, backend.running]) await processes.stop(running);
  return { candidate: candidate.name, pairs, answer, base, loaded };
}
