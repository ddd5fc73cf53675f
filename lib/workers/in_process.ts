/**
 * One worker: the engine in the main thread.
 *
 * @module
 */
import type { WorkerView } from "../core/report/report.ts";
import { type Table } from "../core/table/schema.ts";
import { workerLoad } from "../core/table/access.ts";
import type { ByteSink } from "../system/output_queue.ts";
import type { Workers } from "./messages.ts";
import { Engine, type EngineConfig } from "../traffic/deno/engine.ts";
import type { Reporter } from "../core/events.ts";

/** One engine in the main thread. */
export class InProcessWorker implements Workers {
  /** Resolves when the last connection has ended. */
  readonly done: Promise<void>;
  readonly #engine: Engine;
  readonly #table: Table;
  #listening = true;

  /** Starts to accept on a bound listener. */
  constructor(
    listener: Deno.TcpListener,
    config: EngineConfig,
    table: Table,
    reporter: Reporter,
    dumpTo?: ByteSink,
  ) {
    this.#table = table;
    this.#engine = new Engine(listener, config, { table, worker: 0 }, reporter, dumpTo);
    this.done = this.#engine.done;
  }

  /** The threads as they are now. */
  views(): WorkerView[] {
    const state = this.#listening ? "running" : "stopped";
    return [{ worker: 0, state, restarts: 0, ...workerLoad(this.#table, 0) }];
  }

  /** Stops listening; connections go on. */
  stopListening(): Promise<void> {
    this.#listening = false;
    return this.#engine.stopListening();
  }

  /** Descriptors are out: serves no more clients than now for a while. */
  hold(): void {
    this.#engine.hold();
  }

  /** Ends every connection. */
  endAll(): void {
    this.#engine.endAll();
  }
}
