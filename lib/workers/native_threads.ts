/**
 * Threads of the native engine, as the main thread sees them.
 *
 * All of them are started before the permission `ffi` is given up, since no thread can get it afterwards: a dead one is not
 * replaced. Once one has its start command it hears no messages; orders go through a {@link Outbox}, and an eventfd
 * wakes it.
 *
 * @module
 */
import type { Libc } from "../traffic/native/libc.ts";
import { createMailbox, Outbox } from "./mailbox.ts";
import type { WorkerCommand } from "./messages.ts";
import { listen, type Thread, type ThreadListener, type Threads } from "./threads.ts";

/** A thread that has not been asked for yet. */
interface Ready {
  readonly worker: Worker;
  readonly wake: number;
}

/** A number of threads, started at once. */
export class NativeThreads implements Threads {
  readonly #libc: Libc;
  readonly #ready: Ready[];

  /**
   * Starts them; the caller gives `ffi` up then.
   *
   * @param libc Of the calling thread, for what wakes them.
   * @param sockets Unix sockets of the command line: the only files that the threads may touch.
   * @param module Their entry.
   * @throws {Error} When the system has no eventfd.
   */
  constructor(
    libc: Libc,
    count: number,
    sockets: readonly string[],
    module: URL = new URL("./native_worker.ts", import.meta.url),
  ) {
    this.#libc = libc;
    this.#ready = Array.from({ length: count }, (_, worker) => {
      const wake = libc.eventfd();
      if (wake < 0) throw new Error(`no eventfd: error ${-wake}`);
      return { worker: openThread(module, worker, sockets), wake };
    });
  }

  /** Hands a thread over. */
  open(_worker: number, listener: ThreadListener): Thread | undefined {
    const ready = this.#ready.shift();
    if (ready === undefined) return undefined;
    const { worker, wake } = ready;
    const mailbox = createMailbox();
    const outbox = new Outbox(mailbox, () => this.#libc.wake(wake));
    listen(worker, listener);
    return {
      tell: (command: WorkerCommand) => {
        if (command.kind === "start") worker.postMessage({ ...command, mailbox, wake });
        else outbox.post(JSON.stringify(command));
      },
      terminate: () => worker.terminate(),
    };
  }
}

function openThread(module: URL, worker: number, sockets: readonly string[]): Worker {
  return new Worker(module, {
    type: "module",
    name: `balance ${worker}`,
    deno: {
      permissions: { net: "inherit", ffi: true, read: [...sockets], write: [...sockets] },
    },
  });
}
