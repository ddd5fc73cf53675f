/**
 * The machine under the benchmark: what it must have, which cores are used, how it is described.
 *
 * @module
 */
import { allowedCores, cpuModel, siblings } from "./procfs.ts";

/** Something that the benchmark cannot do without is missing; the message says what. */
export class MissingError extends Error {
  override name = "MissingError";
}

/** Where proxies and load run, as `taskset -c` takes it. */
export interface Pinning {
  /** The one core of the proxy. */
  readonly proxy: string;
  /** The core of load generator and backend. */
  readonly load: string;
  /** Two cores for the comparison of two workers with one. */
  readonly proxyPair: string;
  /** Their load: other cores when there are any, else the same two. */
  readonly loadPair: string;
}

/**
 * Picks the cores: proxy and load on different physical cores where that is possible. Pure.
 *
 * @param siblingsOf The hardware threads that share a core with the given one.
 * @returns undefined with fewer than two cores.
 */
export function choosePinning(
  cores: readonly number[],
  siblingsOf: (core: number) => readonly number[],
): Pinning | undefined {
  const [proxy, ...others] = cores;
  if (proxy === undefined || others.length === 0) return undefined;
  const apart = others.filter((core) => !siblingsOf(proxy).includes(core));
  const order = [...apart, ...others.filter((core) => !apart.includes(core))];
  const [load, third, fourth] = order;
  return {
    proxy: `${proxy}`,
    load: `${load}`,
    proxyPair: `${proxy},${load}`,
    loadPair: third === undefined || fourth === undefined
      ? `${proxy},${load}`
      : `${third},${fourth}`,
  };
}

/**
 * The path of a program, looked up in PATH and in the directories of system programs.
 *
 * @returns undefined when it is not installed.
 */
export function findProgram(name: string): string | undefined {
  const path = (Deno.env.get("PATH") ?? "").split(":");
  return [...path, "/usr/local/sbin", "/usr/sbin", "/sbin"]
    .map((directory) => `${directory}/${name}`)
    .find(exists);
}

/** Whether a file is there. */
export function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/**
 * Checks for Linux, two cores and taskset.
 *
 * @throws {MissingError} naming what is missing.
 */
export function requireMachine(): Pinning {
  if (Deno.build.os !== "linux") {
    throw new MissingError(`the benchmark needs Linux (/proc, taskset); this is ${Deno.build.os}`);
  }
  if (findProgram("taskset") === undefined) {
    throw new MissingError("taskset is missing (Debian package util-linux)");
  }
  const pinning = choosePinning(allowedCores(), siblings);
  if (pinning === undefined) {
    throw new MissingError("the benchmark needs two cores: one for the proxy, one for the load");
  }
  return pinning;
}

/** One line about the machine. */
export function describeMachine(pinning: Pinning): string {
  const memory = Math.round(Deno.systemMemoryInfo().total / 2 ** 30);
  return `${cpuModel()}, ${navigator.hardwareConcurrency} cores, ${memory} GiB, ` +
    `kernel ${Deno.osRelease()}; proxy on core ${pinning.proxy}, ` +
    `load and backend on core ${pinning.load}`;
}
