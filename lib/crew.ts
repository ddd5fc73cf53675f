/**
 * The threads that accept and relay: what they are told, and several workers of them.
 *
 * @module
 */
import { EXIT, ExitError } from "./core/errors.ts";
import { type WorkerView } from "./core/report.ts";
import { type Table } from "./core/layout.ts";
import { releaseAll, workerLoad } from "./core/table.ts";
import { printable } from "./core/text.ts";
import type { EngineConfig } from "./engine.ts";
import type { Fields, Level, Reporter } from "./events.ts";
import type { ListenAddress } from "./listen.ts";

/** All threads that accept and relay. */
export interface Crew {
  /** Resolves when nothing listens any more and the last connection has ended. */
  readonly done: Promise<void>;
  /** The threads as they are now. */
  views(): WorkerView[];
  /** Stops listening; connections go on. Resolves when the port is free. */
  stopListening(): Promise<void>;
  /** Ends every connection. */
  endAll(): void;
}

/** The first message to a worker. */
export interface Start {
  /** Which order this is. */
  readonly kind: "start";
  /** What its engine is asked to do. */
  readonly config: EngineConfig;
  /** Where to listen, together with the others. */
  readonly address: ListenAddress;
  /** The channel table's memory. */
  readonly memory: SharedArrayBuffer;
  /** How many workers count in it. */
  readonly workers: number;
  /** This worker's number. */
  readonly worker: number;
  /** Whether `-d` lines are wanted. */
  readonly trace: boolean;
}

/** What a worker is told. */
export type Order = Start | { readonly kind: "stop" } | { readonly kind: "end" };

/** What a worker tells. */
export type Word =
  /** It listens. */
  | { readonly kind: "up" }
  /** It does not listen any more. */
  | { readonly kind: "stopped" }
  /** It ends by a failure of its own. */
  | { readonly kind: "died"; readonly reason: string }
  /** It has stopped and its last connection has ended. */
  | { readonly kind: "done" }
  | {
    readonly kind: "log";
    readonly level: Level;
    readonly message: string;
    readonly fields: Fields;
  }
  | { readonly kind: "starved" }
  | { readonly kind: "trace"; readonly line: string };

/** Time that a worker must have lived to be restarted at once, in ms. */
const SHORT_LIFE_MS = 1000;

interface Place {
  readonly worker: number;
  thread: Worker | undefined;
  state: WorkerView["state"];
  restarts: number;
  started: number;
  /** Resolved when it does not listen any more, and when its last connection has ended. */
  readonly stopped: PromiseWithResolvers<void>;
  readonly finished: PromiseWithResolvers<void>;
}

/** Several workers on one address; a dead one is replaced. */
export class WorkerCrew implements Crew {
  /** Resolves when all workers have stopped and their last connections have ended. */
  readonly done: Promise<void>;
  readonly #places: Place[];
  readonly #order: Omit<Start, "worker">;
  readonly #table: Table;
  readonly #reporter: Reporter;
  readonly #module: URL;
  #stopping = false;

  /**
   * Prepares the workers; {@link start} starts them.
   *
   * @param table Its number of workers is how many are started.
   * @param module The worker's entry; tests give another one.
   */
  constructor(
    address: ListenAddress,
    config: EngineConfig,
    table: Table,
    reporter: Reporter,
    module: URL = new URL("./worker.ts", import.meta.url),
  ) {
    const { memory, workers } = table;
    const trace = reporter.trace !== undefined;
    this.#order = { kind: "start", config, address, memory, workers, trace };
    this.#table = table;
    this.#reporter = reporter;
    this.#module = module;
    this.#places = Array.from({ length: workers }, (_, worker) => ({
      worker,
      thread: undefined,
      state: "restarting",
      restarts: 0,
      started: 0,
      stopped: Promise.withResolvers(),
      finished: Promise.withResolvers(),
    }));
    this.done = settleAll(this.#places.map(({ finished }) => finished.promise));
  }

  /**
   * Starts the workers; resolves when all of them listen.
   *
   * @throws {ExitError} 71 if one of them cannot.
   */
  async start(): Promise<void> {
    const deaths = await Promise.all(this.#places.map((place) => this.#launch(place)));
    const death = deaths.find((reason) => reason !== undefined);
    if (death === undefined) return;
    this.#stopping = true;
    for (const { thread } of this.#places) thread?.terminate();
    throw new ExitError(EXIT.os, `balance: no worker: ${printable(death)}`);
  }

  /** The threads as they are now. */
  views(): WorkerView[] {
    return this.#places.map(({ worker, state, restarts }) => ({
      worker,
      state,
      restarts,
      ...workerLoad(this.#table, worker),
    }));
  }

  /** Stops listening; connections go on. */
  stopListening(): Promise<void> {
    this.#stopping = true;
    for (const place of this.#places) {
      if (place.thread === undefined) leave(place);
      place.state = "stopped";
    }
    this.#tell({ kind: "stop" });
    return settleAll(this.#places.map(({ stopped }) => stopped.promise));
  }

  /** Ends every connection. */
  endAll(): void {
    this.#tell({ kind: "end" });
  }

  #tell(order: Order): void {
    for (const { thread } of this.#places) thread?.postMessage(order);
  }

  /** Starts one worker; resolves when it listens, with a reason when it died before. */
  #launch(place: Place): Promise<string | undefined> {
    const thread = new Worker(this.#module, {
      type: "module",
      name: `balance ${place.worker}`,
      deno: { permissions: { net: "inherit" } },
    });
    place.thread = thread;
    place.started = performance.now();
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    thread.onmessage = ({ data }: MessageEvent<Word>) => {
      if (data.kind === "up") resolve(undefined);
      if (data.kind === "died") resolve(data.reason);
      this.#hear(place, data);
    };
    thread.onerror = (event) => {
      event.preventDefault();
      resolve(event.message);
      this.#bury(place, event.message);
    };
    thread.postMessage({ ...this.#order, worker: place.worker } satisfies Start);
    return promise;
  }

  #hear(place: Place, word: Word): void {
    switch (word.kind) {
      case "up":
        place.state = this.#stopping ? "stopped" : "running";
        break;
      case "died":
        this.#bury(place, word.reason);
        break;
      case "stopped":
        place.stopped.resolve();
        break;
      case "done":
        place.thread?.terminate();
        leave(place);
        break;
      case "log":
        this.#reporter.log(word.level, word.message, word.fields);
        break;
      case "starved":
        this.#reporter.starved();
        break;
      case "trace":
        this.#reporter.trace?.(word.line);
        break;
    }
  }

  /** A worker died: its connections are lost, their places are given back, and another one takes over. */
  #bury(place: Place, reason: string): void {
    if (place.thread === undefined) return;
    place.thread.terminate();
    place.thread = undefined;
    releaseAll(this.#table, place.worker);
    const { worker } = place;
    this.#reporter.log("error", "worker {worker} died, its connections are lost", {
      worker,
      reason,
    });
    if (this.#stopping) return leave(place);
    place.state = "restarting";
    place.restarts++;
    const again = async (): Promise<void> => {
      if (this.#stopping) return;
      await this.#launch(place);
      if (place.state === "running") {
        this.#reporter.log("notice", "worker {worker} restarted", { worker });
      }
    };
    const lived = performance.now() - place.started;
    setTimeout(again, lived < SHORT_LIFE_MS ? SHORT_LIFE_MS : 0);
  }
}

/** Nothing more comes from a place's worker. */
function leave(place: Place): void {
  place.stopped.resolve();
  place.finished.resolve();
}

async function settleAll(promises: readonly Promise<void>[]): Promise<void> {
  await Promise.all(promises);
}
