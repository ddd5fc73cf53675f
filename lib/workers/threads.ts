/**
 * The threads of workers, as a pool starts and speaks to them.
 *
 * @module
 */
import type { WorkerCommand, WorkerMessage } from "./messages.ts";

/** Who hears what a thread says. */
export interface ThreadListener {
  /** It has something to say. */
  onMessage(message: WorkerMessage): void;
  /** It has died without a word of its own. */
  onDeath(reason: string): void;
}

/** One thread. */
export interface Thread {
  /** Tells it something. */
  tell(command: WorkerCommand): void;
  /** Ends it. */
  terminate(): void;
}

/** Where threads come from. */
export interface Threads {
  /**
   * Starts a worker's thread.
   *
   * @returns `undefined` if none can be had any more.
   */
  open(worker: number, listener: ThreadListener): Thread | undefined;
}

/** Has somebody hear what a thread says. */
export function listen(thread: Worker, listener: ThreadListener): void {
  thread.onmessage = ({ data }: MessageEvent<WorkerMessage>) => listener.onMessage(data);
  thread.onerror = (event) => {
    event.preventDefault();
    listener.onDeath(event.message);
  };
}

/** Threads of the engine on the runtime's sockets: as many as are asked for. */
export class RuntimeThreads implements Threads {
  readonly #module: URL;
  readonly #sockets: readonly string[];

  /**
   * Starts nothing yet.
   *
   * @param module The entry.
   * @param sockets Unix sockets of the command line: the only files that the threads may touch.
   */
  constructor(module: URL, sockets: readonly string[]) {
    this.#module = module;
    this.#sockets = sockets;
  }

  /** Starts a worker's thread. */
  open(worker: number, listener: ThreadListener): Thread {
    const sockets = [...this.#sockets];
    const thread = new Worker(this.#module, {
      type: "module",
      name: `balance ${worker}`,
      deno: { permissions: { net: "inherit", read: sockets, write: sockets } },
    });
    listen(thread, listener);
    return {
      tell: (command) => thread.postMessage(command),
      terminate: () => thread.terminate(),
    };
  }
}
