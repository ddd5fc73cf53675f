/**
 * One thread's share of the work, on epoll: a loop that never returns while there is work.
 *
 * A thread in this loop hears no message of the runtime's; {@link Engine.onWake} is called when another thread writes to
 * its eventfd.
 *
 * @module
 */
import type { Reporter } from "../../core/events.ts";
import {
  type CutTarget,
  type LastEnd,
  type LiveConnection,
  type LiveConnections,
  MAX_LISTED,
} from "../../core/report/live.ts";
import type { Shortage } from "../../core/session/cause.ts";
import { publishServed } from "../../core/table/clients.ts";
import { EndpointReader } from "../../core/table/endpoint.ts";
import type { Table } from "../../core/table/schema.ts";
import type { EngineConfig } from "../engine_config.ts";
import { Places } from "../places.ts";
import { engineRules, isMeant, reportFault } from "../engine_rules.ts";
import { GRACE } from "../grace.ts";
import { observeAttempts } from "../session_log.ts";
import { EPOLLIN } from "./abi.ts";
import { Acceptor } from "./acceptor.ts";
import { Chunks, LONGEST } from "./chunks.ts";
import { Connection, type ConnectionContext } from "./connection.ts";
import { Connector } from "./connector.ts";
import { LastConnections } from "./last_ends.ts";
import type { Libc } from "./libc.ts";
import type { Peer } from "./peer.ts";
import { Poller, type Watched } from "./poller.ts";
import { PortWatch } from "./port_watch.ts";
import { TickClock, type Timed } from "./tick_clock.ts";
import { WaitingRoom } from "./waiting_room.ts";

/** Where an engine works. */
export interface EnginePlace {
  /** The channel table. */
  readonly table: Table;
  /** Number of this thread in it. */
  readonly worker: number;
  /** Descriptor of the eventfd by which other threads wake it. */
  readonly wake: number;
}

/** An engine of one thread. */
export class Engine {
  /** Called when another thread has woken it. */
  onWake: () => void = () => {};
  readonly #poller: Poller;
  readonly #clock = new TickClock();
  readonly #reporter: Reporter;
  readonly #acceptor: Acceptor;
  #room: WaitingRoom | undefined;
  readonly #place: EnginePlace;
  readonly #places: Places;
  /** What all connections share; it changes when the engine is told to obey other rules. */
  readonly #context: { -readonly [Name in keyof ConnectionContext]: ConnectionContext[Name] };
  readonly #lastEnds = new LastConnections();
  /** All clients, in the order of their accept. */
  readonly #connections: Set<Connection> = new Set();
  #soon: Connection[] = [];
  #ending = false;
  #stopped = false;

  /**
   * Prepares an engine; {@link accept} and {@link run} follow.
   *
   * @throws {Error} When the system gives no epoll set.
   */
  constructor(libc: Libc, config: EngineConfig, place: EnginePlace, reporter: Reporter) {
    const { edge } = config;
    const { table, worker } = place;
    const { timeouts } = edge;
    this.#reporter = reporter;
    this.#place = place;
    this.#places = new Places(place, edge.maxClients);
    this.#poller = new Poller(libc);
    this.#poller.add(place.wake, EPOLLIN, {
      onEvents: () => this.onWake(),
      onFault: () => {},
    });
    this.#room = edge.queue && new WaitingRoom(place, edge.queue, this.#clock, config.lastResort);
    this.#acceptor = new Acceptor({
      libc,
      poller: this.#poller,
      clock: this.#clock,
      reporter,
      table,
      worker,
      places: this.#places,
      serve: (fd, peer) => this.#serve(fd, peer),
      clients: () => this.#connections.size,
    });
    const ports = new PortWatch(reporter);
    this.#context = {
      ...engineRules(config, place, reporter),
      table,
      worker,
      libc,
      reporter,
      poller: this.#poller,
      clock: this.#clock,
      chunks: new Chunks(),
      buffer: new Uint8Array(LONGEST),
      grace: GRACE,
      endpoints: new EndpointReader(table),
      observer: observeAttempts(reporter),
      connector: new Connector(libc, { source: config.source, timeouts }),
      room: this.#room,
      line: this.#room?.line,
      lastEnds: this.#lastEnds,
      exhausted: (shortage) => this.#exhausted(shortage, ports),
      ending: () => this.#ending,
      soon: (connection) => this.#resumeSoon(connection),
      left: (connection) => this.#left(connection),
    };
  }

  /**
   * Accepts clients.
   *
   * @param fd A socket that listens.
   * @param shared Whether other threads of this instance accept from it too.
   */
  accept(fd: number, shared: boolean): void {
    this.#acceptor.accept(fd, shared);
  }

  /** Accepts nobody until it is told to {@link accept} again. */
  pause(): void {
    this.#acceptor.stop();
  }

  /** Accepts nobody for good; connections go on. */
  stopAccepting(): void {
    this.#acceptor.stop();
    this.#stopped = true;
  }

  /** Looks whether clients wait, of whom somebody else may have been told. */
  lookForClients(): void {
    this.#acceptor.lookAgain();
  }

  /** Closes everything at once, as after a fault that the loop has not survived; its peers are reset. */
  abandon(): void {
    this.#acceptor.stop();
    for (const connection of [...this.#connections]) {
      try {
        connection.onFault();
      } catch (fault) {
        reportFault(this.#reporter, fault);
      }
    }
    this.#poller[Symbol.dispose]();
  }

  /** Obeys other rules from now on: for clients that come, and in the further steps of those that have no server yet. */
  configure(config: EngineConfig): void {
    const { edge } = config;
    this.#places.configure(edge.maxClients, this.#connections.size);
    if (edge.queue !== undefined) {
      this.#room ??= new WaitingRoom(this.#place, edge.queue, this.#clock, config.lastResort);
      this.#room.configure(edge.queue, config.lastResort);
    }
    const room = edge.queue && this.#room;
    Object.assign(this.#context, {
      ...engineRules(config, this.#place, this.#reporter),
      room,
      line: room?.line,
    });
  }

  /** Works until it does not accept any more and the last connection has ended. */
  run(): void {
    while (!this.#stopped || this.#connections.size > 0) {
      try {
        this.#turn();
      } catch (fault) {
        reportFault(this.#reporter, fault);
      }
    }
  }

  /** Descriptors are out: serves no more clients than now for a while. */
  hold(): void {
    this.#acceptor.hold();
  }

  /** Ends every connection. */
  endAll(): void {
    this.#ending = true;
    for (const connection of [...this.#connections]) connection.end();
  }

  /** Ends the connections that a channel has. */
  endChannel(slot: number): void {
    for (const connection of [...this.#connections]) {
      if (connection.slot === slot && connection.relaying) connection.end();
    }
  }

  /**
   * Ends some connections, those included that have no server yet.
   *
   * @returns How many.
   */
  cut(target: CutTarget): number {
    const meant = [...this.#connections].filter((each) => each.entered && isMeant(each, target));
    for (const connection of meant) connection.end();
    return meant.length;
  }

  /**
   * The connections that live, the oldest first.
   *
   * @param slot The channel whose are meant; those of all channels, and those without, if it is undefined.
   */
  connections(slot?: number): LiveConnections {
    const connections: LiveConnection[] = [];
    let omitted = 0;
    for (const connection of this.#connections) {
      if (!connection.entered || (slot !== undefined && connection.slot !== slot)) continue;
      if (connections.length < MAX_LISTED) connections.push(connection.view(this.#clock.nowMs));
      else omitted++;
    }
    return { connections, omitted };
  }

  /** The last connection of each channel and cause. */
  lastEnds(): LastEnd[] {
    return this.#lastEnds.all();
  }

  #turn(): void {
    this.#poller.wait(this.#patienceMs(), this.#clock, this.#tell);
    this.#resume();
    this.#clock.look(this.#look);
    this.#room?.look();
    this.#acceptor.look();
  }

  /** How long the loop may sleep, in ms; -1 is until something happens. */
  #patienceMs(): number {
    if (this.#soon.length > 0) return 0;
    return sooner(
      this.#clock.patienceMs(),
      sooner(this.#acceptor.patienceMs(), this.#room?.patienceMs() ?? -1),
    );
  }

  /** Tells of an event. A fault ends what it belongs to, and nothing else. */
  readonly #tell = (watched: Watched, events: number): void => {
    try {
      watched.onEvents(events);
    } catch (fault) {
      this.#contain(watched, fault);
    }
  };

  readonly #look = (timed: Timed, now: number): void => {
    try {
      timed.onTick(now);
    } catch (fault) {
      this.#clock.unwatch(timed);
      this.#contain(timed, fault);
    }
  };

  #contain(faulty: { onFault(): void }, fault: unknown): void {
    reportFault(this.#reporter, fault);
    faulty.onFault();
  }

  /** Gives those another turn who had more to do than one allows. */
  #resume(): void {
    if (this.#soon.length === 0) return;
    const soon = this.#soon;
    this.#soon = [];
    for (const connection of soon) {
      connection.queuedToResume = false;
      try {
        connection.resume();
      } catch (fault) {
        this.#contain(connection, fault);
      }
    }
  }

  #resumeSoon(connection: Connection): void {
    if (connection.queuedToResume) return;
    connection.queuedToResume = true;
    this.#soon.push(connection);
  }

  /** Serves one client. A fault of this program's own is told and ends nothing but that client's connection. */
  #serve(fd: number, peer: Peer): void {
    const connection = new Connection(this.#context, fd, peer);
    this.#connections.add(connection);
    this.#publishServed();
    try {
      connection.begin();
    } catch (fault) {
      this.#contain(connection, fault);
    }
  }

  #left(connection: Connection): void {
    if (!this.#connections.delete(connection)) return;
    this.#publishServed();
    this.#acceptor.clientLeft();
  }

  #publishServed(): void {
    const { table, worker } = this.#context;
    publishServed(table, worker, this.#connections.size);
  }

  #exhausted(shortage: Shortage, ports: PortWatch): void {
    if (shortage === "out of ports") ports.wanted(this.#clock.nowMs);
    else this.#acceptor.outOfDescriptors();
  }
}

/** The shorter of two times to sleep, of which -1 is for ever. */
function sooner(one: number, other: number): number {
  return one < 0 ? other : other < 0 ? one : Math.min(one, other);
}
