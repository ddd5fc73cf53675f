/**
 * The listening socket of a native thread: accepting, with its pauses.
 *
 * The rules are those of the engine on the runtime's sockets: a client that fails ends nothing, want of descriptors holds
 * accepting back for a moment and at fewer clients than now for a while, and `--max-conns` leaves clients in the backlog.
 *
 * @module
 */
import type { PeerTimeouts } from "../../core/edge/peer_timeouts.ts";
import type { Reporter } from "../../core/events.ts";
import { parseEndpoint } from "../../core/net/socket_address.ts";
import { clientCount, enter, leave } from "../../core/table/clients.ts";
import type { Table } from "../../core/table/schema.ts";
import type { ListenAddress } from "../engine_config.ts";
import { EPOLLIN, ERRNO, errorText, LEVEL, OPTION } from "./abi.ts";
import { isExhausted } from "./failures.ts";
import type { Libc } from "./libc.ts";
import { type Peer, readPeer } from "./peer.ts";
import type { Poller, Watched } from "./poller.ts";
import { setPeerTimeouts } from "./socket_options.ts";
import { makeTarget } from "./targets.ts";
import type { TickClock } from "./tick_clock.ts";

/** Longest queue of clients that wait to be accepted; the system cuts it to its own limit. */
const BACKLOG = 65535;
/** Pause before another accept when descriptors are out, in ms. */
const PAUSE_MS = 100;
/** Time after which it is tried again whether there are more descriptors, in ms. */
const EPISODE_MS = 5000;
/** By how many clients the number falls below the one at which descriptors ran out. */
const SPARE_CLIENTS = 4;
/** Failures in a row after which accepting pauses, whatever they are. */
const FAILURES_TO_PAUSE = 100;
/** Time after which it is looked again whether another thread has given a place back, in ms. */
const LOOK_MS = 10;
/** Most clients of a turn. */
const MOST = 64;
/** Turns in a row that were too short for all who came, after which the next ones are longer. */
const SHORT_TURNS = 8;

/** What accepting takes. */
export interface AcceptorContext {
  /** The system. */
  readonly libc: Libc;
  /** Who tells that clients wait. */
  readonly poller: Poller;
  /** The time. */
  readonly clock: TickClock;
  /** Told when descriptors run out. */
  readonly reporter: Reporter;
  /** Where clients are counted. */
  readonly table: Table;
  /** Number of this thread in it. */
  readonly worker: number;
  /** `--max-conns`; 0 is no limit. */
  readonly maxClients: number;
  /** How clients are noticed that have vanished. */
  readonly timeouts: PeerTimeouts;
  /** Serves a client; must not throw. */
  serve(fd: number, peer: Peer): void;
  /** How many are served now. */
  clients(): number;
}

/** One listening socket. */
export class Acceptor implements Watched {
  readonly #context: AcceptorContext;
  /** The socket; -1 while there is none. */
  #fd = -1;
  /** Whether the poller tells of it. */
  #told = false;
  /** Until when accepting pauses. */
  #pausedUntilMs = -Infinity;
  /** When descriptors were last found to be out. */
  #exhaustedAtMs = -Infinity;
  /** Clients that were served then, less some: so many leave descriptors for other things. */
  #capacity = Infinity;
  #failures = 0;
  /** How many are accepted in a turn: about as many as come, so that no call is made in vain. */
  #batch = 1;
  /** Turns in a row that ended with a client. */
  #shortTurns = 0;

  /** Listens nowhere yet. */
  constructor(context: AcceptorContext) {
    this.#context = context;
  }

  /**
   * Listens.
   *
   * @param shared Whether other threads listen there too.
   * @returns What went wrong; undefined if nothing did.
   */
  listen(address: ListenAddress, shared: boolean): string | undefined {
    const { libc } = this.#context;
    const host = address.hostname.includes(":") ? `[${address.hostname}]` : address.hostname;
    const endpoint = parseEndpoint(`${host}:${address.port}`);
    if (endpoint === undefined) return "bind(): not an address";
    const target = makeTarget(endpoint);
    const fd = libc.socket(target.family);
    if (fd < 0) return `socket(): ${errorText(-fd)}`;
    const { reuseAddress, reusePort, keepAlive } = OPTION.socket;
    libc.setOption(fd, LEVEL.socket, reuseAddress, 1);
    const sharing = shared ? libc.setOption(fd, LEVEL.socket, reusePort, 1) : 0;
    // Accepted sockets inherit these, which saves calls for each of them.
    libc.setOption(fd, LEVEL.socket, keepAlive, 1);
    libc.setOption(fd, LEVEL.tcp, OPTION.tcp.noDelay, 1);
    setPeerTimeouts(libc, fd, this.#context.timeouts);
    const bound = sharing < 0 ? sharing : libc.bind(fd, target.address, target.length);
    const listening = bound < 0 ? bound : libc.listen(fd, BACKLOG);
    if (listening < 0) {
      libc.close(fd);
      return `bind(): ${errorText(-listening)}`;
    }
    this.#fd = fd;
    this.#tell(true);
    return undefined;
  }

  /** Stops listening. */
  close(): void {
    if (this.#fd < 0) return;
    this.#context.poller.close(this.#fd);
    this.#fd = -1;
    this.#told = false;
  }

  /** As {@link Watched}: clients wait. */
  onEvents(): void {
    const { libc, clock } = this.#context;
    for (let count = 0; count < this.#batch; count++) {
      if (this.#fd < 0) return;
      if (!this.#mayAccept() || !this.#takePlace()) return this.#tell(false);
      const fd = libc.accept4(this.#fd);
      if (fd >= 0) {
        this.#failures = 0;
        this.#context.serve(fd, readPeer(libc.address));
        continue;
      }
      this.#givePlace();
      if (fd === -ERRNO.EAGAIN) {
        this.#batch = Math.max(1, count);
        this.#shortTurns = 0;
        return;
      }
      if (isExhausted(-fd)) return this.outOfDescriptors();
      if (++this.#failures % FAILURES_TO_PAUSE === 0) {
        this.#pausedUntilMs = clock.nowMs + PAUSE_MS;
        return this.#tell(false);
      }
    }
    if (++this.#shortTurns < SHORT_TURNS) return;
    this.#batch = Math.min(MOST, this.#batch * 2);
    this.#shortTurns = 0;
  }

  /** As {@link Watched}. */
  onFault(): void {
    // What belongs to it is needed.
  }

  /** Descriptors have run out: holds accepting back for a moment, and at fewer clients than now for a while. */
  outOfDescriptors(): void {
    const { clock, reporter, clients } = this.#context;
    this.#exhaustedAtMs = clock.nowMs;
    this.#pausedUntilMs = clock.nowMs + PAUSE_MS;
    this.#capacity = Math.max(1, Math.min(this.#capacity, clients() - SPARE_CLIENTS));
    this.#tell(false);
    reporter.outOfDescriptors();
  }

  /** Descriptors are out somewhere in this process: no more clients than now are served for a while. */
  hold(): void {
    this.#exhaustedAtMs = this.#context.clock.nowMs;
    if (this.#capacity === Infinity) this.#capacity = Math.max(1, this.#context.clients());
  }

  /** A client has left. */
  clientLeft(): void {
    this.#givePlace();
  }

  /** Has clients told of again, if they were not and may be now. */
  look(): void {
    if (this.#told || this.#fd < 0 || !this.#mayAccept() || !this.#hasPlace()) return;
    this.#tell(true);
  }

  /** Time until {@link look} is needed, in ms; -1 if only something that happens here can matter. */
  patienceMs(): number {
    if (this.#told || this.#fd < 0) return -1;
    const { clock } = this.#context;
    const pause = this.#pausedUntilMs - clock.nowMs;
    if (pause > 0) return Math.ceil(pause);
    return this.#hasPlace() ? PAUSE_MS : LOOK_MS;
  }

  #mayAccept(): boolean {
    const { clock, clients } = this.#context;
    if (clock.nowMs < this.#pausedUntilMs) return false;
    if (this.#capacity === Infinity) return true;
    if (clock.nowMs - this.#exhaustedAtMs > EPISODE_MS) this.#capacity = Infinity;
    return clients() < this.#capacity;
  }

  #hasPlace(): boolean {
    const { table, maxClients } = this.#context;
    return maxClients === 0 || clientCount(table) < maxClients;
  }

  #takePlace(): boolean {
    const { table, worker, maxClients } = this.#context;
    return maxClients === 0 || enter(table, worker, maxClients);
  }

  #givePlace(): void {
    const { table, worker, maxClients } = this.#context;
    if (maxClients > 0) leave(table, worker);
  }

  /** Has the poller tell of clients or not; without, a queue of them would be told of in every turn. */
  #tell(on: boolean): void {
    if (this.#told === on || this.#fd < 0) return;
    this.#told = on;
    const { poller } = this.#context;
    if (on) poller.add(this.#fd, EPOLLIN, this, true);
    else poller.remove(this.#fd);
  }
}
