/**
 * What the system knows of a process: descriptors, memory, CPU time. Linux only, but for {@link isAlive}.
 *
 * @module
 */
import process from "node:process";

/** Clock ticks a second in `/proc`, the same on every Linux. */
const TICKS = 100;

/** State of a listening socket. */
const LISTENING = "0A";

/** Open descriptors of a process. */
export function descriptors(pid: number): number {
  return [...Deno.readDirSync(`/proc/${pid}/fd`)].length;
}

/** Resident memory of a process, in bytes. */
export function residentBytes(pid: number): number {
  return kilobytes(pid, "VmRSS") * 1024;
}

/** Largest resident memory that a process ever had, in bytes. */
export function peakBytes(pid: number): number {
  return kilobytes(pid, "VmHWM") * 1024;
}

/** CPU time that a process has used, in ms, user and system together. */
export function cpuMs(pid: number): number {
  const fields = statFields(pid);
  return (Number(fields[11]) + Number(fields[12])) * 1000 / TICKS;
}

/** How often the main thread of a process has gone to sleep by itself; it was woken up as often. */
export function wakeUps(pid: number): number {
  return switches(statusText(pid));
}

/** As {@link wakeUps}, of all the process's threads with such a name together; NaN if there is none. */
export function threadWakeUps(pid: number, name: RegExp): number {
  const statuses = [...Deno.readDirSync(`/proc/${pid}/task`)].flatMap(({ name: thread }) => {
    try {
      return [Deno.readTextFileSync(`/proc/${pid}/task/${thread}/status`)];
    } catch {
      // It has ended meanwhile.
      return [];
    }
  }).filter((status) => name.test(/^Name:\s+(.*)$/m.exec(status)?.[1] ?? ""));
  return statuses.length === 0 ? NaN : statuses.reduce((sum, status) => sum + switches(status), 0);
}

/** State letter of a process (`S`, `R`, `T`, `Z` …), or undefined when there is none. */
export function state(pid: number): string | undefined {
  try {
    return statFields(pid)[0];
  } catch {
    return undefined;
  }
}

/** Whether a process runs; on Linux, one that has ended and that nobody has waited for yet does not. */
export function isAlive(pid: number): boolean {
  if (Deno.build.os !== "linux") return takesSignals(pid);
  const letter = state(pid);
  // The main thread may be over before the others, which keep the descriptors until then.
  if (letter === "Z") return threads(pid) > 1;
  return letter !== undefined && letter !== "X";
}

/** Children of a process; none when it has ended. */
export function children(pid: number): number[] {
  try {
    const text = Deno.readTextFileSync(`/proc/${pid}/task/${pid}/children`);
    return text.split(" ").filter((word) => word !== "").map(Number);
  } catch {
    return [];
  }
}

/** Clients that a listener on a port of 127.0.0.1 has not accepted yet. */
export function waitingClients(port: number): number {
  const listener = socketsAt(port).find((fields) => fields[3] === LISTENING);
  return parseInt(listener?.[4]?.split(":")[1] ?? "0", 16);
}

/** Connections to a port of 127.0.0.1 whose sockets somebody has open at that end. */
export function heldSockets(port: number): number {
  return socketsAt(port).filter(({ 3: state, 9: inode }) => state !== LISTENING && inode !== "0")
    .length;
}

/** The rows of /proc/net/tcp whose own end is a port of 127.0.0.1, as fields. */
function socketsAt(port: number): string[][] {
  const local = `0100007F:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  return Deno.readTextFileSync("/proc/net/tcp").split("\n").map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1] === local);
}

function threads(pid: number): number {
  try {
    return [...Deno.readDirSync(`/proc/${pid}/task`)].length;
  } catch {
    return 0;
  }
}

function takesSignals(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function kilobytes(pid: number, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(statusText(pid))?.[1] ?? 0);
}

function switches(status: string): number {
  return Number(/^voluntary_ctxt_switches:\s+(\d+)$/m.exec(status)?.[1] ?? NaN);
}

function statusText(pid: number): string {
  return Deno.readTextFileSync(`/proc/${pid}/status`);
}

/** The fields behind the program's name, which may hold blanks itself. */
function statFields(pid: number): string[] {
  const text = Deno.readTextFileSync(`/proc/${pid}/stat`);
  return text.slice(text.lastIndexOf(")") + 2).split(" ");
}
