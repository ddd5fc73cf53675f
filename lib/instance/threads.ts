/**
 * The threads of an instance: started, accepting in place of those of another instance, and their socket handed on.
 *
 * @module
 */
import { formatLegacy } from "../core/control/takeover.ts";
import type { LineWriter, Reporter } from "../core/events.ts";
import { type Offer, sendTo } from "../traffic/native/passing.ts";
import { InProcessWorker } from "../workers/in_process.ts";
import type { Workers } from "../workers/messages.ts";
import { WorkerPool } from "../workers/pool.ts";
import type { ServiceManager } from "./service_manager.ts";
import type { Startup } from "./start.ts";

/** Threads, and what has them accept clients when all else is ready. */
export interface Started {
  /** The threads. */
  readonly workers: Workers;
  /** Has them accept. */
  begin(): Promise<void>;
  /** Somebody who shared the socket has gone. */
  reclaim(): void;
}

/** Starts the threads; with `--takeover` they stand by. */
export async function startWorkers(startup: Startup, reporter: Reporter): Promise<Started> {
  const { options, address, listener, native, table, config } = startup;
  if (listener !== undefined) {
    const dumpTo = options.packetdump && options.foreground ? Deno.stdout : undefined;
    const workers = new InProcessWorker(listener, config, table, reporter, dumpTo);
    return { workers, begin: () => Promise.resolve(), reclaim: () => {} };
  }
  const pool = new WorkerPool(address, config, table, reporter, {
    threads: native?.threads,
    socket: native?.socket,
    standby: native?.takeover !== undefined,
  });
  await pool.start();
  const begin = (): Promise<void> => takeOver(startup, pool, reporter);
  const reclaim = (): void => {
    native?.socket.prepare(config.edge.timeouts);
    pool.reclaim();
  };
  return { workers: pool, begin, reclaim };
}

/** Accepts, then has the old instance stop that: no moment without one of the two. */
async function takeOver(
  { native, config }: Startup,
  pool: WorkerPool,
  log: LineWriter,
): Promise<void> {
  const takeover = native?.takeover;
  if (takeover === undefined) return;
  takeover.socket.prepare(config.edge.timeouts);
  await pool.begin();
  await takeover.finish();
  pool.reclaim();
  log.log("notice", "took over from process {pid}", { pid: takeover.pid });
}

/** Sends the listening socket to whoever takes this instance's place; returns why it cannot. */
export function sendSocket(
  { native, control }: Startup,
  offer: Offer,
  manager: ServiceManager | undefined,
): string | undefined {
  if (native === undefined || control === undefined) {
    return "the running instance has the portable engine, whose socket cannot be handed over";
  }
  if (Deno.pid === 1) return "it is the first process of its container, which would end with it";
  const { libc, socket, managed } = native;
  const legacy = { managed, told: manager !== undefined, watchdogMs: manager?.watchdogMs };
  return sendTo(libc, offer, { descriptor: socket.fd, text: formatLegacy(legacy) }, control.uid);
}
