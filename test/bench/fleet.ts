/**
 * Starts candidates, each with its configuration file and port.
 *
 * @module
 */
import type { Candidate } from "./candidates.ts";
import { type Processes, type Running, untilListening } from "./processes.ts";
import { freePort } from "../kit/ports.ts";

/** A candidate that is up. */
export interface Started {
  readonly name: string;
  readonly port: number;
  /** Undefined for the direct connection, which has no process. */
  readonly running: Running | undefined;
}

/** How to start a candidate. */
export interface StartRequest {
  readonly backend: number;
  readonly workers?: number;
  /** Cores to run on, as `taskset -c` takes them; undefined: any. */
  readonly cores?: string;
}

/** The command line for a candidate on a port, with its configuration file written. */
export async function commandLine(
  candidate: Candidate,
  port: number,
  request: StartRequest,
  folder: string,
): Promise<string[]> {
  const { backend, workers = 1 } = request;
  const { argv, config } = candidate.launch({ port, backend, workers });
  const file = `${folder}/${candidate.name}-${port}.conf`;
  if (config !== undefined) await Deno.writeTextFile(file, config);
  return argv.map((word) => word.replace("{file}", file));
}

/**
 * Starts one candidate and waits until it listens.
 *
 * @param folder Directory for configuration files.
 * @throws {Error} naming the candidate when it does not come up.
 */
export async function startCandidate(
  candidate: Candidate,
  request: StartRequest,
  folder: string,
  processes: Processes,
): Promise<Started & { readonly running: Running }> {
  const port = freePort();
  const argv = await commandLine(candidate, port, request, folder);
  const { cores } = request;
  const running = processes.start(argv, cores === undefined ? {} : { cores });
  try {
    await untilListening(port, running);
  } catch (error) {
    throw new Error(`Cannot start ${candidate.name}: ${argv.join(" ")}`, { cause: error });
  }
  return { name: candidate.name, port, running };
}
