/**
 * The threads that accept and relay: what they are told, and several workers of them.
 *
 * @module
 */
import { EXIT, ExitError } from "../core/errors.ts";
import { type WorkerView } from "../core/report/report.ts";
import { type Table } from "../core/table/schema.ts";
import {
  afterDeath,
  type Episode,
  NO_DEATH,
  RESTART_PACE,
  type RestartPace,
} from "../core/restart.ts";
import { epochOf, releaseAll, workerLoad } from "../core/table/access.ts";
import { printable } from "../core/text.ts";
import type { EngineConfig } from "../traffic/deno/engine.ts";
import type { Fields, Level, Reporter } from "../core/events.ts";
import type { ListenAddress } from "../traffic/deno/listener.ts";

/** All threads that accept and relay. */
export interface Crew {
  /** Resolves when nothing listens any more and the last connection has ended. */
  readonly done: Promise<void>;
  /** The threads as they are now. */
  views(): WorkerView[];
  /** Stops listening; connections go on. Resolves when the port is free. */
  stopListening(): Promise<void>;
  /** Descriptors are out: no thread serves more clients than now for a while. */
  hold(): void;
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
  /** How many threads of this number have died. */
  readonly epoch: number;
  /** Whether `-d` lines are wanted. */
  readonly trace: boolean;
}

/** What a worker is told. */
export type Order = Start | { readonly kind: "stop" | "hold" | "end" };

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

/** What tests choose otherwise. */
export interface CrewOptions {
  /** The worker's entry. */
  readonly module?: URL;
  /** When dead workers are replaced. */
  readonly pace?: RestartPace;
}

interface Place {
  readonly worker: number;
  thread: Worker | undefined;
  state: WorkerView["state"];
  restarts: number;
  started: number;
  /** Its deaths that follow each other closely. */
  episode: Episode;
  /** The timer of the next restart. */
  restart: number | undefined;
  /** Why it died before all were up. */
  failure: string | undefined;
  /** Resolved when it does not listen any more, and when its last connection has ended. */
  readonly stopped: PromiseWithResolvers<void>;
  readonly finished: PromiseWithResolvers<void>;
}

/** Several workers on one address; a dead one is replaced. */
export class WorkerCrew implements Crew {
  /** Resolves when all workers have stopped and their last connections have ended. */
  readonly done: Promise<void>;
  readonly #places: Place[];
  readonly #order: Omit<Start, "worker" | "epoch">;
  readonly #table: Table;
  readonly #reporter: Reporter;
  readonly #module: URL;
  readonly #pace: RestartPace;
  #started = false;
  #stopping = false;

  /**
   * Prepares the workers; {@link start} starts them.
   *
   * @param table Its number of workers is how many are started.
   */
  constructor(
    address: ListenAddress,
    config: EngineConfig,
    table: Table,
    reporter: Reporter,
    options: CrewOptions = {},
  ) {
    const { memory, workers } = table;
    const trace = reporter.trace !== undefined;
    this.#order = { kind: "start", config, address, memory, workers, trace };
    this.#table = table;
    this.#reporter = reporter;
    this.#module = options.module ?? new URL("./worker.ts", import.meta.url);
    this.#pace = options.pace ?? RESTART_PACE;
    this.#places = Array.from({ length: workers }, (_, worker) => ({
      worker,
      thread: undefined,
      state: "restarting",
      restarts: 0,
      started: 0,
      episode: NO_DEATH,
      restart: undefined,
      failure: undefined,
      stopped: Promise.withResolvers(),
      finished: Promise.withResolvers(),
    }));
    this.done = settleAll(this.#places.map(({ finished }) => finished.promise));
  }

  /**
   * Starts the workers; resolves when all of them listen.
   *
   * @throws {ExitError} 71 if one of them cannot; none is left then.
   */
  async start(): Promise<void> {
    await Promise.all(this.#places.map((place) => this.#launch(place)));
    const failed = this.#places.find(({ failure }) => failure !== undefined);
    if (failed === undefined) {
      this.#started = true;
      return;
    }
    for (const { thread } of this.#places) thread?.terminate();
    throw new ExitError(EXIT.os, `balance: no worker: ${printable(failed.failure ?? "")}`);
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
      clearTimeout(place.restart);
      place.state = "stopped";
    }
    this.#tell({ kind: "stop" });
    return settleAll(this.#places.map(({ stopped }) => stopped.promise));
  }

  /** Descriptors are out: no worker serves more clients than now for a while. */
  hold(): void {
    this.#tell({ kind: "hold" });
  }

  /** Ends every connection. */
  endAll(): void {
    this.#tell({ kind: "end" });
  }

  #tell(order: Order): void {
    for (const { thread } of this.#places) thread?.postMessage(order);
  }

  /** Starts one worker; resolves when it listens or has died. */
  #launch(place: Place): Promise<void> {
    const thread = new Worker(this.#module, {
      type: "module",
      name: `balance ${place.worker}`,
      deno: { permissions: { net: "inherit" } },
    });
    place.thread = thread;
    place.started = performance.now();
    const { promise, resolve } = Promise.withResolvers<void>();
    thread.onmessage = ({ data }: MessageEvent<Word>) => {
      this.#hear(place, data);
      if (data.kind === "up" || data.kind === "died") resolve();
    };
    thread.onerror = (event) => {
      event.preventDefault();
      this.#bury(place, event.message);
      resolve();
    };
    const epoch = epochOf(this.#table, place.worker);
    thread.postMessage({ ...this.#order, worker: place.worker, epoch } satisfies Start);
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
    if (!this.#started) {
      place.failure = reason;
      return;
    }
    const lived = performance.now() - place.started;
    place.episode = afterDeath(place.episode, lived, this.#pace);
    this.#tellDeath(place, reason);
    if (this.#stopping) return leave(place);
    place.state = "restarting";
    place.restarts++;
    place.restart = setTimeout(() => this.#restart(place), place.episode.pauseMs);
  }

  /** Two lines for an episode, however long it lasts: the first death, and that there are more. */
  #tellDeath({ worker, episode }: Place, reason: string): void {
    const message = DEATHS[episode.deaths - 1];
    if (message !== undefined) this.#reporter.log("error", message, { worker, reason });
  }

  async #restart(place: Place): Promise<void> {
    await this.#launch(place);
    const { worker, state, episode } = place;
    if (state !== "running" || episode.deaths > 1) return;
    this.#reporter.log("notice", "worker {worker} restarted", { worker });
  }
}

/** What is told of the first deaths of an episode; no more is told of the others. */
const DEATHS = [
  "worker {worker} died, its connections are lost",
  "worker {worker} dies again and again, restarts are delayed",
] as const;

/** Nothing more comes from a place's worker. */
function leave(place: Place): void {
  place.stopped.resolve();
  place.finished.resolve();
}

async function settleAll(promises: readonly Promise<void>[]): Promise<void> {
  await Promise.all(promises);
}
