/**
 * The native engine in a test's own thread: the test is called whenever the engine waits, so that both take turns without
 * any thread or process; time passes when the test says so.
 *
 * @module
 */
import type { EngineConfig } from "../../lib/traffic/engine_config.ts";
import { Engine } from "../../lib/traffic/native/engine.ts";
import { type ChannelView, viewTable } from "../../lib/core/table/view.ts";
import type { Table } from "../../lib/core/table/schema.ts";
import { EPOLL_CTL } from "../../lib/traffic/native/abi.ts";
import type { Libc } from "../../lib/traffic/native/libc.ts";
import { TICK_MS } from "../../lib/traffic/native/tick_clock.ts";
import { ListeningSocket } from "../../lib/traffic/native/listening_socket.ts";
import { PLAIN_ENGINE } from "./engine_config.ts";
import { type Faults, faultyLibc, RawListener, systemLibc, Wire } from "./libc.ts";
import { makeTable } from "./make_table.ts";
import { freePort } from "./ports.ts";
import { type Recorder, recorder } from "./reporter.ts";

/** What a test does: gives the engine turns until what it yields comes true. */
export type Script = Generator<() => boolean, void, void>;

/** What a bench is made with. */
export interface BenchOptions {
  /** Options of the engine, beside the plain ones. */
  readonly config?: Partial<EngineConfig>;
  /** Operands of channels; without, one with a server of the bench's own. */
  readonly channels?: string;
  /** Faults that are there from the start. */
  readonly faults?: Faults;
  /** Gets the lines of the `-d` trace. */
  readonly trace?: (line: string) => void;
}

/** Longest real time of a script's step, in ms. */
const LIMIT_MS = 10_000;
/** How long a turn waits for the kernel at most, in ms. */
const TURN_MS = 2;

/** An engine with one server, and whatever clients a test connects. */
export class EngineBench implements Disposable {
  /** The engine. */
  readonly engine: Engine;
  /** Its calls, with the faults. */
  readonly libc: Libc;
  /** The socket that it accepts from. */
  readonly listening: ListeningSocket;
  /** Where it listens. */
  readonly port = freePort();
  /** The server of its channel. */
  readonly server = new RawListener();
  /** Its channels. */
  readonly table: Table;
  /** What it says. */
  readonly log: Recorder;
  /** Faults of its calls, planted and removed by the test. */
  readonly faults: Faults;
  /** Descriptors of the clients that it has accepted, in their order. */
  readonly clients: number[] = [];
  /** Descriptors of the sockets that it has connected to servers, in their order. */
  readonly servers: number[] = [];
  /** Descriptors of all its sockets that are open. */
  readonly open: Set<number> = new Set();
  /** What it said last of how long it may sleep, in ms; -1 is for ever. */
  patienceMs = 0;
  /** How often it has waited. */
  turns = 0;
  readonly #registered = new Map<number, Int32Array<ArrayBuffer>>();
  readonly #libc = systemLibc();
  readonly #stack = new DisposableStack();
  #epoll = -1;
  #nowMs = 1000;
  #steps: Script | undefined;
  #failure: Error | undefined;

  /** Prepares an engine that listens. */
  constructor({ config = {}, channels, faults = {}, trace }: BenchOptions = {}) {
    this.#stack.use(this.server);
    this.faults = faults;
    this.log = recorder(trace);
    this.table = makeTable(channels ?? `127.0.0.1:${this.server.port}`);
    const wake = this.#libc.eventfd();
    this.#stack.defer(() => this.#libc.close(wake));
    const real = performance.now;
    performance.now = () => this.#nowMs;
    this.#stack.defer(() => performance.now = real);
    this.libc = this.#observed(faultyLibc(this.#libc, faults));
    const whole = { ...PLAIN_ENGINE, ...config };
    this.engine = new Engine(
      this.libc,
      whole,
      { table: this.table, worker: 0, wake },
      this.log,
    );
    this.#stack.defer(() => this.#libc.close(this.#epoll));
    const bound = ListeningSocket.bind(this.libc, { hostname: "127.0.0.1", port: this.port });
    if ("failure" in bound) throw new Error(bound.failure);
    this.listening = bound.socket;
    this.#stack.defer(() => this.listening.close());
    this.listening.prepare(whole.edge.timeouts);
    this.engine.accept(this.listening.fd, false);
  }

  /** Plays a script against the engine, which ends with it. */
  play(script: () => Script): void {
    this.#steps = script();
    this.engine.run();
    if (this.#failure !== undefined) throw this.#failure;
  }

  /** Lets time pass, as far as the engine knows. */
  pass(ms: number): void {
    this.#nowMs += ms;
  }

  /** A client; closed with the bench. */
  connect(): Wire {
    return this.#stack.use(Wire.connect(this.port));
  }

  /** A client and its server's end, once they are relayed. */
  *pair(): Generator<() => boolean, [client: Wire, server: Wire], void> {
    const client = this.connect();
    const server = yield* this.accept();
    yield () => this.engine.connections().connections.every(({ phase }) => phase !== "connecting");
    return [client, server];
  }

  /** The next connection to the server, when it has come; closed with the bench. */
  *accept(listener = this.server): Generator<() => boolean, Wire, void> {
    let wire: Wire | undefined;
    yield () => (wire = listener.accept()) !== undefined;
    if (wire === undefined) throw new Error("nobody has come");
    return this.#stack.use(wire);
  }

  /** Gives the engine some turns, so that it does whatever it is going to do. */
  *rest(): Script {
    let turns = 5;
    yield () => turns-- === 0;
  }

  /** Lets connections last until nothing more is to be done for them. */
  *age(): Script {
    this.pass(TICK_MS);
    yield* this.rest();
  }

  /** Keeps something until the bench is disposed of. */
  keep<Kept extends Disposable>(kept: Kept): Kept {
    return this.#stack.use(kept);
  }

  /** One channel as it is now. */
  channel(at = 0): ChannelView {
    const view = viewTable(this.table)[at];
    if (view === undefined) throw new RangeError(`no channel ${at}`);
    return view;
  }

  /** Has the kernel tell once more what is so of a descriptor: as if room had come, after sends that a fault cut short. */
  nudge(fd: number): void {
    const event = this.#registered.get(fd);
    if (event !== undefined) this.#libc.epollControl(this.#epoll, EPOLL_CTL.change, fd, event);
  }

  /** Stops watching time, and closes whatever belongs to the bench. */
  [Symbol.dispose](): void {
    this.#stack[Symbol.dispose]();
  }

  /** Notes the engine's descriptors down, and has the script go on when the engine waits. */
  #observed(libc: ReturnType<typeof faultyLibc>): ReturnType<typeof faultyLibc> {
    return faultyLibc(libc, {
      accept4: (listener) => {
        const fd = libc.accept4(listener);
        if (fd >= 0) this.clients.push(fd);
        if (fd >= 0) this.open.add(fd);
        return fd;
      },
      socket: (family) => {
        const fd = libc.socket(family);
        if (fd >= 0) this.open.add(fd);
        return fd;
      },
      close: (fd) => {
        // Another thread of the process may have the number already.
        if (!this.open.delete(fd)) this.#failure ??= new Error(`${fd} is closed twice`);
        return libc.close(fd);
      },
      connect: (fd, address, length) => {
        this.servers.push(fd);
        return libc.connect(fd, address, length);
      },
      epollCreate: () => this.#epoll = libc.epollCreate(),
      epollControl: (epoll, operation, fd, event) => {
        if (operation === EPOLL_CTL.add) this.#registered.set(fd, event.slice());
        return libc.epollControl(epoll, operation, fd, event);
      },
      epollWait: (epoll, events, most, timeoutMs) => {
        this.turns++;
        this.patienceMs = timeoutMs;
        this.#step();
        return libc.epollWait(
          epoll,
          events,
          most,
          timeoutMs < 0 ? TURN_MS : Math.min(timeoutMs, TURN_MS),
        );
      },
    });
  }

  #wanted: (() => boolean) | undefined;
  #deadline = 0;

  /** Goes on with the script as far as it comes. Nothing is thrown: the engine would take that for a fault of its own. */
  #step(): void {
    try {
      while (this.#steps !== undefined) {
        if (this.#wanted?.() === false) {
          if (Date.now() < this.#deadline) return;
          throw new Error(`Never came true: ${this.#wanted}`);
        }
        const { done, value } = this.#steps.next();
        this.#deadline = Date.now() + LIMIT_MS;
        this.#wanted = done === true ? undefined : value;
        if (done === true) this.#finish();
      }
    } catch (error) {
      this.#failure = error instanceof Error ? error : new Error(String(error));
      this.#finish();
    }
  }

  #finish(): void {
    this.#steps = undefined;
    for (const name of Object.keys(this.faults)) Reflect.deleteProperty(this.faults, name);
    this.engine.stopAccepting();
    this.engine.endAll();
  }
}
