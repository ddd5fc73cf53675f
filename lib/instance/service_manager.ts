/**
 * What the service manager that has started this process is told of it: the protocol of sd_notify(3).
 *
 * Without `NOTIFY_SOCKET` nothing is opened and no timer runs.
 *
 * @module
 */
import type { LineWriter } from "../core/events.ts";
import { formatServiceStatus } from "../core/report/service_status.ts";
import type { Table } from "../core/table/schema.ts";
import { viewTable } from "../core/table/view.ts";
import { openDatagramSocket } from "../system/datagram.ts";
import { variable } from "../system/permissions.ts";
import { within } from "../system/time_limit.ts";
import type { Startup } from "./start.ts";

/** Time between two looks at the status, in ms. */
const STATUS_MS = 5000;
/** Time that the last message may take, in ms. */
const LAST_MESSAGE_MS = 1000;

/** What the environment says of the service manager. */
export interface ServiceEnvironment {
  /** The path of its socket. */
  readonly path: string;
  /** Time in ms within which it wants a sign of life, if it wants any. */
  readonly watchdogMs: number | undefined;
}

/**
 * Reads the environment; undefined if nobody is to be told: as by an instance in the background, which is not the process
 * that was started, unless it takes the place of one that tells.
 */
export function findServiceManager(
  { options, native }: Pick<Startup, "options" | "native">,
): ServiceEnvironment | undefined {
  const legacy = native?.takeover?.legacy;
  if (!options.foreground && legacy?.told !== true) return undefined;
  const path = variable("NOTIFY_SOCKET") ?? "";
  if (path === "") return undefined;
  const pid = variable("WATCHDOG_PID") ?? String(Deno.pid);
  const watchdogUs = pid === String(Deno.pid) ? Number(variable("WATCHDOG_USEC")) : NaN;
  return { path, watchdogMs: watchdogUs > 0 ? watchdogUs / 1000 : legacy?.watchdogMs };
}

/**
 * Opens the way to the service manager.
 *
 * @returns Undefined if nobody is to be told, or cannot be, which is logged.
 */
export function openServiceManager(
  startup: Startup,
  log: LineWriter,
): ServiceManager | undefined {
  const { control, table } = startup;
  const found = findServiceManager(startup);
  if (found === undefined) return undefined;
  try {
    if (control === undefined) throw new Error("no folder for a socket");
    if (!found.path.startsWith("/")) throw new Error(`cannot send to ${found.path}`);
    return new ServiceManager(found, control.dir, table, log);
  } catch (error) {
    tellFailure(log, error);
    return undefined;
  }
}

function tellFailure(log: LineWriter, error: unknown): void {
  log.log("warning", "service manager cannot be told", { reason: String(error) });
}

/** A way to the service manager that never waits and never throws. */
export class ServiceManager implements Disposable {
  readonly #socket: Deno.DatagramConn;
  readonly #to: Deno.Addr;
  readonly #table: Table;
  readonly #log: LineWriter;
  readonly #timer: number;
  readonly #encoder = new TextEncoder();
  /** As in {@link ServiceEnvironment}. */
  readonly watchdogMs: number | undefined;
  #draining = false;
  #over = false;
  #last = "";
  #sending: Promise<void> = Promise.resolve();
  #lost = false;

  /**
   * Opens the sending socket; from then on the manager gets signs of life, and the status where it has changed.
   *
   * @param folder Where the socket may be made for a moment.
   * @throws What making the socket fails with.
   */
  constructor(
    { path, watchdogMs }: ServiceEnvironment,
    folder: string,
    table: Table,
    log: LineWriter,
  ) {
    this.#socket = openDatagramSocket(folder);
    this.#to = { transport: "unixpacket", path };
    this.#table = table;
    this.#log = log;
    this.watchdogMs = watchdogMs;
    // Twice as often as it is wanted, so that one that comes late is no death.
    const period = Math.min(STATUS_MS, (watchdogMs ?? Infinity) / 2);
    const sign = watchdogMs === undefined ? [] : ["WATCHDOG=1"];
    this.#timer = setInterval(() => this.#send(sign), period);
  }

  /** Says that the instance serves. */
  ready(): void {
    this.#send(["READY=1"]);
  }

  /** Says that something is read anew; {@link ready} says that it was. */
  reloading(): void {
    this.#send(["RELOADING=1"]);
  }

  /** Says that the instance accepts no more clients, and ends. */
  stopping(): void {
    if (this.#draining) return;
    this.#draining = true;
    this.#send(["STOPPING=1"]);
  }

  /** The end of this process will not be that of the service: {@link stopping} says nothing any more. */
  handOver(): void {
    this.#draining = true;
  }

  /**
   * Says that another process is the service from now on; this one has nothing to tell any more. Resolves when it is sent, so
   * that the manager hears it before anything of the other one, and before the end of this one.
   */
  async succeeded(pid: number): Promise<void> {
    clearInterval(this.#timer);
    this.#over = true;
    this.#sending = this.#sending.then(() => this.#deliver(`MAINPID=${pid}`));
    await this.flush();
  }

  /** Waits until everything is sent, a second at most. */
  async flush(): Promise<void> {
    await within(this.#sending, LAST_MESSAGE_MS);
  }

  /** Closes the socket and stops the timer. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#socket.close();
  }

  #send(words: readonly string[]): void {
    if (this.#over) return;
    const status = formatServiceStatus(viewTable(this.#table), this.#draining);
    const lines = [...words, ...(status === this.#last ? [] : [`STATUS=${status}`])];
    this.#last = status;
    if (lines.length === 0) return;
    this.#sending = this.#sending.then(() => this.#deliver(lines.join("\n")));
  }

  async #deliver(message: string): Promise<void> {
    try {
      await this.#socket.send(this.#encoder.encode(message), this.#to);
    } catch (error) {
      if (this.#lost) return;
      this.#lost = true;
      tellFailure(this.#log, error);
    }
  }
}
