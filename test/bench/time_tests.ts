/**
 * Times of whole commands: start-up to listening, and one `-c show`.
 *
 * @module
 */
import { attempt } from "./attempt.ts";
import type { Candidate } from "./candidates.ts";
import { commandLine, startCandidate } from "./fleet.ts";
import type { LoadGenerator } from "./loadgen.ts";
import { type Processes, type Running } from "./processes.ts";
import { shuffled } from "./stats.ts";
import { progress } from "./terminal.ts";
import { freePort } from "../kit/ports.ts";

/** Times by candidate, milliseconds. */
export type Times = ReadonlyMap<string, readonly number[]>;

/** What the tests of this module work with. */
export interface TimeBench {
  readonly loadgen: LoadGenerator;
  readonly processes: Processes;
  /** Directory for configuration files. */
  readonly folder: string;
  readonly reps: number;
}

/** Measures the time from exec to the first accepted connection, interleaved. */
export async function measureStartup(
  bench: TimeBench,
  candidates: readonly Candidate[],
): Promise<Times> {
  const { loadgen, processes, folder, reps } = bench;
  const backend = await loadgen.startBackend();
  const times = await interleave(candidates, bench, async (candidate, rep) => {
    progress(`start-up ${rep} of ${reps}: ${candidate.name}`);
    const port = freePort();
    const argv = await commandLine(candidate, port, { backend: backend.port }, folder);
    return await loadgen.run(["start", `127.0.0.1:${port}`, ...argv]);
  });
  await processes.stop(backend.running);
  return times;
}

/** Measures `-c show` against a running instance, for our program and the classic, interleaved. */
export async function measureShow(
  bench: TimeBench,
  candidates: readonly Candidate[],
): Promise<Times> {
  const { loadgen, processes, folder, reps } = bench;
  const able = candidates.filter(({ hasControl }) => hasControl);
  const backend = await loadgen.startBackend();
  const up: Running[] = [backend.running];
  const commands = new Map<string, readonly string[]>();
  for (const candidate of able) {
    const started = await startCandidate(
      candidate,
      { backend: backend.port },
      folder,
      processes,
    );
    up.push(started.running);
    commands.set(candidate.name, controlCommand(candidate, started.port, "show"));
  }
  const times = await interleave(able, bench, async ({ name }, rep) => {
    progress(`-c show ${rep} of ${reps}: ${name}`);
    return await loadgen.run(["time", ...commands.get(name) ?? []]);
  });
  for (const running of up.toReversed()) await processes.stop(running);
  return times;
}

/** The command line that sends a command to an instance of ours or of the classic. */
export function controlCommand(candidate: Candidate, port: number, command: string): string[] {
  const [program = ""] = candidate.launch({ port, backend: 0, workers: 1 }).argv;
  return [program, "-b", "127.0.0.1", "-c", command, `${port}`];
}

/** One measurement of each candidate in each repetition; a candidate that fails is dropped. */
async function interleave(
  candidates: readonly Candidate[],
  { reps, processes }: TimeBench,
  measure: (candidate: Candidate, rep: number) => Promise<ReadonlyMap<string, number>>,
): Promise<Times> {
  const times = new Map<string, number[]>(candidates.map(({ name }) => [name, []]));
  const failed = new Set<string>();
  for (let rep = 0; rep <= reps; rep++) {
    for (const candidate of shuffled(candidates, Math.random)) {
      if (failed.has(candidate.name)) continue;
      const name = candidate.name;
      const result = await attempt(name, processes, () => measure(candidate, rep));
      if (result === undefined) failed.add(name);
      // The first round only brings the program into the page cache.
      else if (rep > 0) times.get(name)?.push(result.get("ms") ?? 0);
    }
  }
  return times;
}
