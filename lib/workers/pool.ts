/**
 * Several workers on one address; a dead one is replaced.
 *
 * @module
 */
import { EXIT, ExitError } from "../core/errors.ts";
import { type WorkerView } from "../core/report/report.ts";
import { type Table } from "../core/table/schema.ts";
import { unixPaths } from "../core/table/view.ts";
import {
  afterDeath,
  type Episode,
  NO_DEATH,
  RESTART_PACE,
  type RestartPace,
} from "../core/restart.ts";
import { epochOf, releaseAll, workerLoad } from "../core/table/access.ts";
import { ClientCounts } from "../core/edge/client_counts.ts";
import { forgetClients } from "../core/table/clients.ts";
import { printable } from "../core/text.ts";
import type { EngineConfig, ListenAddress } from "../traffic/engine_config.ts";
import type { Reporter } from "../core/events.ts";
import type { StartCommand, WorkerCommand, WorkerMessage, Workers } from "./messages.ts";
import { RuntimeThreads, type Thread, type Threads } from "./threads.ts";
import { bind } from "../traffic/deno/listener.ts";
import { piecesOf } from "./given.ts";
import { ListenSwitch } from "./listen_switch.ts";
import { type Question, Questions, type Reply } from "./questions.ts";

/** What tests choose otherwise. */
export interface PoolOptions {
  /** The worker's entry. */
  readonly module?: URL;
  /** Where its threads come from, if not from {@link module}. */
  readonly threads?: Threads | undefined;
  /** When dead workers are replaced. */
  readonly pace?: RestartPace;
  /** What its threads accept from; without, each binds a socket of its own. */
  readonly socket?: SharedSocket | undefined;
  /** Whether they accept nobody before {@link WorkerPool.begin}. */
  readonly standby?: boolean;
}

/** A listening socket of the main thread's, for all threads. */
export interface SharedSocket {
  /** Its descriptor. */
  readonly fd: number;
  /** Listens again; throws when the port has been taken. */
  open(): void;
  /** Refuses clients. */
  shut(): void;
  /** Gives it up. */
  close(): void;
}

interface WorkerSlot {
  readonly worker: number;
  thread: Thread | undefined;
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
  /** Told what came of an order to pause or resume. */
  switched: ((failure: string | undefined) => void) | undefined;
  /** Questions that it has not answered. */
  readonly asked: Map<number, (reply: Reply | undefined) => void>;
}

/** Several workers on one address; a dead one is replaced. */
export class WorkerPool implements Workers {
  /** Resolves when all workers have stopped and their last connections have ended. */
  readonly done: Promise<void>;
  readonly #slots: WorkerSlot[];
  #startCommand: Omit<StartCommand, "worker" | "epoch">;
  readonly #table: Table;
  /** Where connections by client are counted, if they are. */
  readonly #clients: ClientCounts | undefined;
  readonly #reporter: Reporter;
  readonly #threads: Threads;
  readonly #pace: RestartPace;
  readonly #switch: ListenSwitch;
  readonly #socket: SharedSocket | undefined;
  /** What is asked of the engines. */
  readonly questions: Questions;
  /** Number of the last question. */
  #question = 0;
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
    options: PoolOptions = {},
  ) {
    const { memory, workers } = table;
    const trace = reporter.trace !== undefined;
    const failures = reporter.connectFailed !== undefined;
    const { socket, standby = false } = options;
    this.#socket = socket;
    this.#startCommand = {
      kind: "start",
      config,
      address,
      memory,
      workers,
      socket: socket?.fd,
      standby,
      trace,
      failures,
    };
    this.#table = table;
    const { clients, limits } = config.edge;
    this.#clients = clients === undefined ? undefined : new ClientCounts(clients, workers, limits);
    this.#reporter = reporter;
    const { module = new URL("./worker.ts", import.meta.url) } = options;
    this.#threads = options.threads ?? new RuntimeThreads(module, unixPaths(table));
    this.#pace = options.pace ?? RESTART_PACE;
    this.#slots = Array.from({ length: workers }, (_, worker) => ({
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
      switched: undefined,
      asked: new Map(),
    }));
    this.questions = new Questions((question) =>
      this.#slots.map((slot) => this.#askOne(slot, question))
    );
    this.#switch = new ListenSwitch(
      {
        open: () => this.#resume(),
        shut: () => this.#pause(),
      },
      reporter,
      standby,
    );
    this.done = allOf(this.#slots.map(({ finished }) => finished.promise));
  }

  /**
   * Starts the workers; resolves when all of them listen.
   *
   * @throws {ExitError} 71 if one of them cannot; none is left then.
   */
  async start(): Promise<void> {
    await Promise.all(this.#slots.map((slot) => this.#launch(slot)));
    const failed = this.#slots.find(({ failure }) => failure !== undefined);
    if (failed === undefined) {
      this.#started = true;
      return;
    }
    for (const { thread } of this.#slots) thread?.terminate();
    throw new ExitError(EXIT.os, `balance: no worker: ${printable(failed.failure ?? "")}`);
  }

  /** The threads as they are now. */
  views(): WorkerView[] {
    return this.#slots.map(({ worker, state, restarts }) => ({
      worker,
      state,
      restarts,
      ...workerLoad(this.#table, worker),
    }));
  }

  /** Stops listening; connections go on. */
  stopListening(): Promise<void> {
    this.#stopping = true;
    this.#switch.stop();
    for (const slot of this.#slots) {
      if (slot.thread === undefined) resolveEnded(slot);
      clearTimeout(slot.restart);
      slot.state = "stopped";
    }
    this.#broadcast({ kind: "stop" });
    return allOf(this.#slots.map(({ stopped }) => stopped.promise)).then(() =>
      this.#socket?.close()
    );
  }

  /** Has threads that stand by accept. */
  async begin(): Promise<void> {
    this.#socket?.open();
    await this.#switchAll({ kind: "resume" });
    this.#switch.release();
  }

  /**
   * Has all clients of a socket that is shared, after somebody who accepted from it has gone.
   *
   * The system tells one thread of a client, and that may have been one that is no more; and that may have shut the socket.
   */
  reclaim(): void {
    if (this.#socket === undefined || this.#stopping || !this.#switch.wanted) return;
    this.#socket.open();
    this.#broadcast({ kind: "look" });
  }

  /** Descriptors are out: no worker serves more clients than now for a while. */
  hold(): void {
    this.#broadcast({ kind: "hold" });
  }

  /** Ends every connection. */
  endAll(): void {
    this.#broadcast({ kind: "end" });
  }

  /** Ends the connections of one channel. */
  endChannel(slot: number): void {
    this.#broadcast({ kind: "end channel", slot });
  }

  /** Listens or refuses clients, soon; without effect after {@link stopListening}. */
  listen(on: boolean): void {
    this.#switch.set(on);
  }

  /** As {@link Workers.configure}; a thread that takes a dead one's place begins with it. */
  configure(given: readonly string[], config: EngineConfig): void {
    this.#startCommand = { ...this.#startCommand, config };
    for (const piece of piecesOf(given)) this.#broadcast(piece);
  }

  /**
   * Listens again. Workers share the port with whoever shares it too, so it is tried first whether it can be had alone.
   *
   * @throws {ExitError} When it cannot be had.
   */
  async #resume(): Promise<void> {
    if (this.#socket === undefined) bind(this.#startCommand.address, false).close();
    else this.#socket.open();
    await this.#switchAll({ kind: "resume" });
  }

  /** Refuses clients. Nobody accepts any more when the socket that they share is shut, so no thread sees that. */
  async #pause(): Promise<void> {
    await this.#switchAll({ kind: "pause" });
    this.#socket?.shut();
  }

  /** Has all workers pause or resume; rejects when one of them cannot. */
  async #switchAll(command: WorkerCommand): Promise<void> {
    const answers = this.#slots.map((slot) => this.#switchOne(slot, command));
    const failure = (await Promise.all(answers)).find((each) => each !== undefined);
    if (failure !== undefined) throw new Error(failure);
  }

  #switchOne(slot: WorkerSlot, command: WorkerCommand): Promise<string | undefined> {
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    if (slot.state !== "running") return Promise.resolve(undefined);
    slot.switched = resolve;
    slot.thread?.tell(command);
    return promise;
  }

  #askOne(slot: WorkerSlot, question: Question): Promise<Reply | undefined> {
    if (slot.thread === undefined) return Promise.resolve(undefined);
    const { promise, resolve } = Promise.withResolvers<Reply | undefined>();
    const id = ++this.#question;
    slot.asked.set(id, resolve);
    slot.thread.tell({ kind: "ask", id, question });
    return promise;
  }

  #broadcast(command: WorkerCommand): void {
    for (const { thread } of this.#slots) thread?.tell(command);
  }

  /** Starts one worker; resolves when it listens or has died. */
  #launch(slot: WorkerSlot): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const thread = this.#threads.open(slot.worker, {
      onMessage: (message) => {
        this.#onMessage(slot, message);
        if (message.kind === "up" || message.kind === "died") resolve();
      },
      onDeath: (reason) => {
        this.#onDeath(slot, reason);
        resolve();
      },
    });
    if (thread === undefined) return Promise.resolve(this.#giveUp(slot));
    slot.thread = thread;
    slot.started = performance.now();
    const epoch = epochOf(this.#table, slot.worker);
    thread.tell({ ...this.#startCommand, worker: slot.worker, epoch });
    return promise;
  }

  /** A dead worker has no successor. */
  #giveUp(slot: WorkerSlot): void {
    slot.state = "stopped";
    resolveEnded(slot);
    const left = this.#slots.filter(({ thread }) => thread !== undefined).length;
    this.#reporter.log("error", "worker {worker} cannot be replaced, {left} are left", {
      worker: slot.worker,
      left,
    });
  }

  #onMessage(slot: WorkerSlot, message: WorkerMessage): void {
    switch (message.kind) {
      case "up":
        slot.state = this.#stopping ? "stopped" : "running";
        // One that was started while clients are refused listens only to stop again.
        if (!this.#switch.wanted) {
          slot.thread?.tell({ kind: "pause" });
        }
        break;
      case "died":
        this.#onDeath(slot, message.reason);
        break;
      case "stopped":
        slot.stopped.resolve();
        break;
      case "done":
        slot.thread?.terminate();
        slot.thread = undefined;
        resolveEnded(slot);
        break;
      case "log":
        this.#reporter.log(message.level, message.message, message.fields);
        break;
      case "failed":
        this.#reporter.connectFailed?.(message.slot);
        break;
      case "seen":
        this.#reporter.seen?.(message.sight);
        break;
      case "switched":
        slot.switched?.(message.failure);
        break;
      case "out of descriptors":
        this.#reporter.outOfDescriptors();
        break;
      case "answer":
        slot.asked.get(message.id)?.(message.reply);
        slot.asked.delete(message.id);
        break;
      case "trace":
        this.#reporter.trace?.(message.line);
        break;
    }
  }

  /** A worker died: its connections are lost, their places are given back, and another one takes over. */
  #onDeath(slot: WorkerSlot, reason: string): void {
    if (slot.thread === undefined) return;
    slot.thread.terminate();
    slot.thread = undefined;
    slot.switched?.(undefined);
    for (const resolve of slot.asked.values()) resolve(undefined);
    slot.asked.clear();
    releaseAll(this.#table, slot.worker);
    forgetClients(this.#table, slot.worker);
    this.#clients?.forget(slot.worker);
    if (!this.#started) {
      slot.failure = reason;
      return;
    }
    const lived = performance.now() - slot.started;
    slot.episode = afterDeath(slot.episode, lived, this.#pace);
    this.#logDeath(slot, reason);
    if (this.#stopping) return resolveEnded(slot);
    this.reclaim();
    slot.state = "restarting";
    slot.restarts++;
    slot.restart = setTimeout(() => this.#restart(slot), slot.episode.pauseMs);
  }

  /** Two lines for an episode, however long it lasts: the first death, and that there are more. */
  #logDeath({ worker, episode }: WorkerSlot, reason: string): void {
    const message = DEATHS[episode.deaths - 1];
    if (message !== undefined) this.#reporter.log("error", message, { worker, reason });
  }

  async #restart(slot: WorkerSlot): Promise<void> {
    await this.#launch(slot);
    const { worker, state, episode } = slot;
    if (state !== "running" || episode.deaths > 1) return;
    this.#reporter.log("notice", "worker {worker} restarted", { worker });
  }
}

/** What is told of the first deaths of an episode; no more is told of the others. */
const DEATHS = [
  "worker {worker} died, its connections are lost",
  "worker {worker} dies again and again, restarts are delayed",
] as const;

/** Nothing more comes from a slot's worker. */
function resolveEnded(slot: WorkerSlot): void {
  slot.stopped.resolve();
  slot.finished.resolve();
}

async function allOf(promises: readonly Promise<void>[]): Promise<void> {
  await Promise.all(promises);
}
