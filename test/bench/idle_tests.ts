/**
 * How often an idle program wakes up: its system calls while nobody sends anything.
 *
 * @module
 */
import { attempt } from "./attempt.ts";
import type { Candidate } from "./candidates.ts";
import { startCandidate } from "./fleet.ts";
import { findProgram } from "./machine.ts";
import type { MemoryBench } from "./memory_tests.ts";
import { family } from "./procfs.ts";
import { note, progress } from "./terminal.ts";
import { sleep } from "../kit/wait.ts";

/** Idle connections. */
export const IDLE_PAIRS = 20;
/** How long the program is left alone before its calls are counted, milliseconds: it tidies up. */
const CALM_MS = 15_000;
/** Exit status of `timeout` when it had to end the command, as it has to here. */
const TIMED_OUT = 124;

/** System calls of a program with {@link IDLE_PAIRS} idle connections. */
export interface IdleCalls {
  readonly candidate: string;
  readonly workers: number;
  readonly seconds: number;
  readonly calls: number;
}

/** The total in what `strace -c` writes; it writes nothing when there was no call. */
export function parseTotal(summary: string): number {
  return Number(/^\s*100\.00\s+\S+\s+\S+\s+(\d+)(?:\s+\d+)?\s+total$/m.exec(summary)?.[1] ?? 0);
}

/** Counts the system calls of all candidates at the same time; of ours with two workers too. */
export async function measureIdle(
  bench: MemoryBench,
  candidates: readonly Candidate[],
  seconds: number,
): Promise<IdleCalls[]> {
  if (findProgram("strace") === undefined) {
    note("idle: left out, strace is not installed");
    return [];
  }
  progress("system calls of idle programs");
  const rows = await Promise.all(
    candidates.flatMap((candidate) =>
      (candidate.hasWorkers ? [1, 2] : [1]).map((workers) =>
        attempt(
          `${candidate.name}, idle`,
          bench.processes,
          () => countCalls(bench, candidate, workers, seconds),
        )
      )
    ),
  );
  return rows.flatMap((row) => row ?? []);
}

async function countCalls(
  { loadgen, processes, folder }: MemoryBench,
  candidate: Candidate,
  workers: number,
  seconds: number,
): Promise<IdleCalls> {
  const backend = await loadgen.startBackend();
  const request = { backend: backend.port, workers };
  const { port, running } = await startCandidate(candidate, request, folder, processes);
  const clients = await loadgen.openIdle(port, IDLE_PAIRS, 200);
  await sleep(CALM_MS);
  const file = `${folder}/strace-${port}`;
  const members = family(running.pid).flatMap(({ pid }) => ["-p", `${pid}`]);
  const strace = ["strace", "-f", "-c", "-o", file, ...members];
  const { code, stderr } = await processes.run(["timeout", "-s", "INT", `${seconds}`, ...strace]);
  for (const each of [clients, running, backend.running]) await processes.stop(each);
  if (code !== TIMED_OUT) throw new Error(`strace cannot watch it: ${stderr.trim()}`);
  const calls = parseTotal(await Deno.readTextFile(file));
  return { candidate: candidate.name, workers, seconds, calls };
}
