/**
 * One thread's share of the work: its listener, ticker, buffers and sessions.
 *
 * The same code runs in the main thread and in each worker.
 *
 * @module
 */
import {
  type CutTarget,
  type LastEnd,
  LastEnds,
  type LiveConnections,
} from "../../core/report/live.ts";
import { EndpointReader } from "../../core/table/endpoint.ts";
import type { Table } from "../../core/table/schema.ts";
import type { ByteSink } from "../../system/output_queue.ts";
import { BUFFER_CLASSES, BufferPools, DUMP_BUFFER_CLASSES } from "./buffer_pools.ts";
import { Ticker } from "./ticker.ts";
import { Dump } from "./dump_writer.ts";
import type { Reporter } from "../../core/events.ts";
import { GRACE } from "../grace.ts";
import { Acceptor } from "./listener.ts";
import { PortWatch } from "./local_ports.ts";
import { Queue } from "./queue.ts";
import { serveClient, type SessionContext } from "./serve_client.ts";
import type { EngineConfig } from "../engine_config.ts";
import { Places } from "../places.ts";
import { engineRules, reportFault } from "../engine_rules.ts";
import { observeAttempts } from "../session_log.ts";
import { Sessions } from "./sessions.ts";

type Deferred = PromiseWithResolvers<void>;

/** A running engine. */
export class Engine {
  /** Resolves when the listener is closed and the last connection has ended. */
  readonly done: Promise<void>;
  readonly #ticker: Ticker;
  readonly #reporter: Reporter;
  #acceptor: Acceptor;
  readonly #ended = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<void>();
  /** Clients that are being served or let in. */
  #clients = 0;
  #ending = false;
  #listening = true;
  /** Whether the listener is never to be opened again. */
  #stopped = false;
  /** While it does not listen for a while. */
  #pause: { readonly began: Deferred; readonly ended: Deferred } | undefined;
  readonly #sessions = new Sessions();
  readonly #lastEnds = new LastEnds();
  readonly #places: Places;
  #queue: Queue | undefined;
  readonly #place: { readonly table: Table; readonly worker: number };
  /** What all sessions share; it changes when the engine is told to obey other rules. */
  readonly #context: { -readonly [Name in keyof SessionContext]: SessionContext[Name] };

  /**
   * Starts to accept.
   *
   * @param listener A bound listener, the engine's from now on.
   * @param place The channel table and this thread's number in it.
   * @param dumpTo Where the packet dump goes, if one is wanted.
   */
  constructor(
    listener: Deno.TcpListener,
    config: EngineConfig,
    place: { readonly table: Table; readonly worker: number },
    reporter: Reporter,
    dumpTo?: ByteSink,
  ) {
    this.#ticker = new Ticker((fault) => reportFault(reporter, fault));
    this.#reporter = reporter;
    const { edge } = config;
    this.#place = place;
    this.#places = new Places(place, edge.maxClients);
    this.#queue = edge.queue && new Queue(place, edge.queue, this.#ticker, config.lastResort);
    this.#acceptor = new Acceptor(listener, reporter, this.#places);
    const classes = dumpTo === undefined ? BUFFER_CLASSES : DUMP_BUFFER_CLASSES;
    const pools = new BufferPools(this.#ticker, classes);
    const ports = new PortWatch(this.#ticker, reporter);
    this.#context = {
      ...engineRules(config, place, reporter),
      ...place,
      endpoints: new EndpointReader(place.table),
      observer: observeAttempts(reporter),
      queue: this.#queue,
      line: this.#queue?.line,
      reporter,
      pools,
      grace: GRACE,
      ticker: this.#ticker,
      dump: dumpTo === undefined ? undefined : new Dump(dumpTo, reporter),
      sessions: this.#sessions,
      lastEnds: this.#lastEnds,
      exhausted: (shortage) =>
        shortage === "out of ports" ? ports.wait() : this.#acceptor.outOfDescriptors(),
      ending: () => this.#ending,
    };
    this.done = this.#run();
  }

  /** Obeys other rules from now on: for clients that come, and in the further steps of those that have no server yet. */
  configure(config: EngineConfig): void {
    const { edge } = config;
    this.#places.configure(edge.maxClients, this.#clients);
    if (edge.queue !== undefined) {
      this.#queue ??= new Queue(this.#place, edge.queue, this.#ticker);
      this.#queue.configure(edge.queue, config.lastResort);
    }
    const queue = edge.queue && this.#queue;
    Object.assign(this.#context, {
      ...engineRules(config, this.#place, this.#reporter),
      queue,
      line: queue?.line,
    });
  }

  /** Stops listening; connections go on until they end. Resolves when the port is free. */
  stopListening(): Promise<void> {
    this.#stopped = true;
    this.#acceptor.close();
    this.#pause?.ended.resolve();
    return this.#closed.promise;
  }

  /** Descriptors are out: serves no more clients than now for a while. */
  hold(): void {
    this.#acceptor.hold();
  }

  /** Whether it does not listen for a while. */
  get paused(): boolean {
    return this.#pause !== undefined;
  }

  /** Stops listening until {@link resume}. Resolves when the port is free. */
  pause(): Promise<void> {
    if (this.#pause === undefined) {
      this.#pause = { began: Promise.withResolvers(), ended: Promise.withResolvers() };
      this.#acceptor.close();
    }
    return this.#pause.began.promise;
  }

  /**
   * Listens again after {@link pause}.
   *
   * @param listener A bound listener, the engine's from now on.
   */
  resume(listener: Deno.TcpListener): void {
    const pause = this.#pause;
    if (pause === undefined || this.#stopped) return listener.close();
    this.#pause = undefined;
    this.#acceptor = new Acceptor(listener, this.#reporter, this.#places);
    pause.ended.resolve();
  }

  /** Ends every connection. */
  endAll(): void {
    this.#ending = true;
    this.#ticker.expire();
    this.#queue?.endAll();
    this.#sessions.endAll();
  }

  /** Ends the connections that a channel has. */
  endChannel(slot: number): void {
    this.#sessions.endChannel(slot);
  }

  /**
   * Ends some connections, those included that have no server yet.
   *
   * @returns How many.
   */
  cut(target: CutTarget): number {
    return this.#sessions.cut(target);
  }

  /**
   * The connections that live, the oldest first.
   *
   * @param slot The channel whose are meant; those of all channels, and those without, if it is undefined.
   */
  connections(slot?: number): LiveConnections {
    return this.#sessions.list(performance.now(), slot);
  }

  /** The last connection of each channel and cause. */
  lastEnds(): LastEnd[] {
    return this.#lastEnds.all();
  }

  async #run(): Promise<void> {
    // It never rejects.
    const serve = (client: Deno.TcpConn) => void this.#serve(client);
    do {
      await this.#acceptor.run(serve, () => this.#clients);
      this.#pause?.began.resolve();
      await this.#pause?.ended.promise;
    } while (!this.#stopped);
    this.#listening = false;
    this.#closed.resolve();
    this.#checkDrained();
    await this.#ended.promise;
    this.#ticker[Symbol.dispose]();
  }

  /** Serves one client. A fault of this program's own is told and ends nothing but that client's connection. */
  async #serve(client: Deno.TcpConn): Promise<void> {
    this.#clients++;
    try {
      await serveClient(this.#context, client);
    } catch (fault) {
      reportFault(this.#reporter, fault);
    } finally {
      this.#clients--;
      this.#places.give();
      this.#acceptor.clientLeft();
      this.#checkDrained();
    }
  }

  /** After the last session of a closed listener nothing is left to do. */
  #checkDrained(): void {
    if (!this.#listening && this.#clients === 0) this.#ended.resolve();
  }
}
