/**
 * The load generator (loadgen/*.c): building and running it.
 *
 * @module
 */
import { exists, findProgram, MissingError } from "./machine.ts";
import { type Processes, type Running, untilListening } from "./processes.ts";
import { freePort } from "../kit/ports.ts";

const SOURCES = ["main.c", "common.c", "backend.c", "clients.c", "rate.c", "timing.c"];

/** The numbers of one run by name, e.g. `n`, `rate`, `err`, `p50` (microseconds), `ms`. */
export type LoadResult = ReadonlyMap<string, number>;

/** A backend that is up. */
export interface Backend {
  readonly port: number;
  readonly running: Running;
}

/** Parses a line of KEY=NUMBER words. */
export function parseResult(line: string): LoadResult {
  return new Map(
    [...line.matchAll(/(\S+?)=([\d.]+)/g)].map(([, key = "", value = ""]) => [key, Number(value)]),
  );
}

/** The built load generator. */
export class LoadGenerator {
  readonly #path: string;
  readonly #processes: Processes;

  private constructor(path: string, processes: Processes) {
    this.#path = path;
    this.#processes = processes;
  }

  /**
   * Builds it into `dist/loadgen` unless that is newer than its sources.
   *
   * @param root Directory of the project, ending in a slash.
   * @throws {MissingError} when it has to be built and there is no gcc.
   */
  static async build(root: string, processes: Processes): Promise<LoadGenerator> {
    const target = `${root}dist/loadgen`;
    const folder = `${root}test/bench/loadgen/`;
    const sources = SOURCES.map((name) => folder + name);
    if (!isNewer(target, [...sources, `${folder}loadgen.h`])) {
      if (findProgram("gcc") === undefined) {
        throw new MissingError("gcc is missing: it builds the load generator (Debian package gcc)");
      }
      await Deno.mkdir(`${root}dist`, { recursive: true });
      const built = await processes.run(
        ["gcc", "-O2", "-Wall", "-Wextra", "-o", target, ...sources, "-pthread"],
      );
      if (built.code !== 0) throw new Error(`Cannot build the load generator: ${built.stderr}`);
    }
    return new LoadGenerator(target, processes);
  }

  /**
   * Runs one measurement.
   *
   * @param args Arguments of the load generator, see its usage text.
   * @param cores Cores to run on; undefined: any.
   * @throws {Error} when it fails, with what it wrote.
   */
  async run(args: readonly (string | number)[], cores?: string): Promise<LoadResult> {
    const argv = [this.#path, ...args.map(String)];
    const options = cores === undefined ? {} : { cores };
    const { code, stdout, stderr } = await this.#processes.run(argv, options);
    const result = parseResult(stdout);
    if (code !== 0 || !result.has("n")) {
      throw new Error(`loadgen ${args.join(" ")}: exit status ${code} ${stdout}${stderr}`.trim());
    }
    return result;
  }

  /** Starts a backend on a free port. */
  async startBackend(cores?: string): Promise<Backend> {
    const port = freePort();
    const argv = [this.#path, "backend", `127.0.0.1:${port}`];
    const running = this.#processes.start(argv, cores === undefined ? {} : { cores });
    await untilListening(port, running);
    return { port, running };
  }

  /**
   * Opens idle connections: each asks for one answer, then stays open until the returned process
   * is stopped.
   *
   * @param answer Size of the answer, bytes.
   */
  async openIdle(port: number, connections: number, answer: number): Promise<Running> {
    const argv = [this.#path, "idle", `127.0.0.1:${port}`, `${connections}`, `${answer}`];
    const running = this.#processes.start(argv, {}, "piped");
    const reader = running.process.stdout.getReader();
    const { value } = await reader.read();
    reader.releaseLock();
    if (value === undefined) {
      const stderr = (await running.ended).trim();
      throw new Error(`Cannot open ${connections} connections: ${stderr}`);
    }
    return running;
  }
}

function isNewer(target: string, sources: readonly string[]): boolean {
  if (!exists(target)) return false;
  const time = (path: string): number => Deno.statSync(path).mtime?.getTime() ?? 0;
  return sources.every((source) => time(source) <= time(target));
}
