/**
 * Reads what processes use from /proc (Linux).
 *
 * @module
 */
import type { CpuTime } from "./stats.ts";

/** Clock ticks per second of /proc/PID/stat: USER_HZ, 100 on every Linux that Deno runs on. */
const TICKS_PER_SECOND = 100;

/** The fields of /proc/PID/stat that are used here; times in clock ticks. */
export interface ProcessStat {
  readonly pid: number;
  readonly parent: number;
  /** Own time and that of children already waited for. */
  readonly userTicks: number;
  readonly systemTicks: number;
  /** Tells a process from a later one with the same pid. */
  readonly startTicks: number;
}

/** Memory of a process or of a tree of them, KiB. */
export interface Memory {
  readonly rss: number;
  /** Shared pages are divided among those that share them. */
  readonly pss: number;
}

/** Parses /proc/PID/stat. The name in parentheses may itself hold blanks and parentheses. */
export function parseStat(text: string): ProcessStat {
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ").map(Number);
  const field = (number: number): number => fields[number - 3] ?? 0;
  return {
    pid: Number.parseInt(text),
    parent: field(4),
    userTicks: field(14) + field(16),
    systemTicks: field(15) + field(17),
    startTicks: field(22),
  };
}

/** Parses a list as `0-3,6` (Cpus_allowed_list). */
export function parseCpuList(text: string): number[] {
  return text.trim().split(",").filter((part) => part !== "").flatMap((part) => {
    const [first = 0, last = first] = part.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}

function readOrEmpty(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    return ""; // the process has ended, or the kernel has no such file
  }
}

function statOf(pid: number): ProcessStat | undefined {
  const text = readOrEmpty(`/proc/${pid}/stat`);
  return text === "" ? undefined : parseStat(text);
}

/** A process and its descendants, the process first; empty when it has ended. */
export function family(pid: number): ProcessStat[] {
  const all = [...Deno.readDirSync("/proc")]
    .filter((entry) => /^\d+$/.test(entry.name))
    .flatMap((entry) => statOf(Number(entry.name)) ?? []);
  const found = all.filter((stat) => stat.pid === pid);
  for (const member of found) found.push(...all.filter((stat) => stat.parent === member.pid));
  return found;
}

/** Whether the process still exists and is the same one. */
export function isAlive(process: ProcessStat): boolean {
  return statOf(process.pid)?.startTicks === process.startTicks;
}

/** CPU time of a process tree, children that ended included. Resolution 10 ms. */
export function cpuTime(pid: number): CpuTime {
  let user = 0;
  let system = 0;
  for (const stat of family(pid)) {
    user += stat.userTicks;
    system += stat.systemTicks;
  }
  return { user: user / TICKS_PER_SECOND, system: system / TICKS_PER_SECOND };
}

/** CPU time of the threads that a process has now, in seconds, to the nanosecond. */
export function threadSeconds(pid: number): number {
  let nanoseconds = 0;
  for (const { name } of Deno.readDirSync(`/proc/${pid}/task`)) {
    nanoseconds += Number.parseInt(readOrEmpty(`/proc/${pid}/task/${name}/schedstat`)) || 0;
  }
  return nanoseconds / 1e9;
}

/** Memory of a process tree. */
export function memory(pid: number): Memory {
  let rss = 0;
  let pss = 0;
  for (const stat of family(pid)) {
    const text = readOrEmpty(`/proc/${stat.pid}/smaps_rollup`);
    rss += Number(text.match(/^Rss:\s+(\d+)/m)?.[1] ?? 0);
    pss += Number(text.match(/^Pss:\s+(\d+)/m)?.[1] ?? 0);
  }
  return { rss, pss };
}

/** Number of open descriptors of one process. */
export function descriptors(pid: number): number {
  return [...Deno.readDirSync(`/proc/${pid}/fd`)].length;
}

/** How many descriptors a process started here may open. */
export function descriptorLimit(): number {
  const soft = readOrEmpty("/proc/self/limits").match(/^Max open files\s+(\d+)/m)?.[1];
  return soft === undefined ? Infinity : Number(soft);
}

/** The cores that this process may use. */
export function allowedCores(): number[] {
  const list = readOrEmpty("/proc/self/status").match(/^Cpus_allowed_list:\s*(\S+)/m)?.[1];
  return parseCpuList(list ?? "");
}

/** The hardware threads that share a core with `core`, itself included. */
export function siblings(core: number): number[] {
  const path = `/sys/devices/system/cpu/cpu${core}/topology/thread_siblings_list`;
  return parseCpuList(readOrEmpty(path));
}

/** CPU model of the machine. */
export function cpuModel(): string {
  return readOrEmpty("/proc/cpuinfo").match(/^model name\s*:\s*(.*)$/m)?.[1] ?? Deno.build.arch;
}
