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
import { Engine } from "../traffic/deno/engine.ts";
import type { Reporter } from "../core/events.ts";
import { bind } from "../traffic/deno/listener.ts";
import type { EngineConfig, ListenAddress } from "../traffic/engine_config.ts";
import { ListenSwitch } from "./listen_switch.ts";
import { Questions, reply } from "./questions.ts";

/** One engine in the main thread. */
export class InProcessWorker implements Workers {
  /** Resolves when the last connection has ended. */
  readonly done: Promise<void>;
  readonly #engine: Engine;
  /** What is asked of the engine. */
  readonly questions: Questions;
  readonly #table: Table;
  readonly #switch: ListenSwitch;
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
    const address = addressOf(listener);
    this.#switch = new ListenSwitch({
      // deno-lint-ignore require-await -- what cannot be bound must reject, not throw
      open: async () => this.#engine.resume(bind(address, false)),
      shut: () => this.#engine.pause(),
    }, reporter);
    this.#engine = new Engine(listener, config, { table, worker: 0 }, reporter, dumpTo);
    this.done = this.#engine.done;
    this.questions = new Questions((question) => [Promise.resolve(reply(this.#engine, question))]);
  }

  /** The threads as they are now. */
  views(): WorkerView[] {
    const state = this.#listening ? "running" : "stopped";
    return [{ worker: 0, state, restarts: 0, ...workerLoad(this.#table, 0) }];
  }

  /** Stops listening; connections go on. */
  stopListening(): Promise<void> {
    this.#listening = false;
    this.#switch.stop();
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

  /** Ends the connections of one channel. */
  endChannel(slot: number): void {
    this.#engine.endChannel(slot);
  }

  /** As {@link Workers.configure}. */
  configure(_given: readonly string[], config: EngineConfig): void {
    this.#engine.configure(config);
  }

  /** Listens or refuses clients, soon; without effect after {@link stopListening}. */
  listen(on: boolean): void {
    this.#switch.set(on);
  }
}

function addressOf({ addr: { hostname, port } }: Deno.TcpListener): ListenAddress {
  return { hostname, port };
}
