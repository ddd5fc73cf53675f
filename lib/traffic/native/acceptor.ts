/**
 * Accepting in a native thread, with its pauses, from the socket that all threads share.
 *
 * The system tells one idle thread of a client, not all (`EPOLLEXCLUSIVE`), and would always tell the same one first. So a
 * thread that has clearly more clients than the others goes behind them.
 *
 * The rules are those of the engine on the runtime's sockets: a client that fails ends nothing, want of descriptors holds
 * accepting back for a moment and at fewer clients than now for a while, and `--max-conns` leaves clients in the backlog.
 *
 * @module
 */
import type { Reporter } from "../../core/events.ts";
import { isAhead } from "../../core/table/clients.ts";
import type { Table } from "../../core/table/schema.ts";
import { EPOLLEXCLUSIVE, EPOLLIN, ERRNO } from "./abi.ts";
import type { Places } from "../places.ts";
import { isExhausted } from "./failures.ts";
import type { Libc } from "./libc.ts";
import { type Peer, readPeer } from "./peer.ts";
import type { Poller, Watched } from "./poller.ts";
import type { TickClock } from "./tick_clock.ts";

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
  /** One is taken for each client, as far as their number is limited. */
  readonly places: Places;
  /** Serves a client; must not throw. */
  serve(fd: number, peer: Peer): void;
  /** How many are served now. */
  clients(): number;
}

/** One thread's accepting. */
export class Acceptor implements Watched {
  readonly #context: AcceptorContext;
  /** The socket; -1 while there is none. */
  #fd = -1;
  #shared = false;
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
   * Accepts from a socket that listens.
   *
   * @param shared Whether other threads of this instance do so too.
   */
  accept(fd: number, shared: boolean): void {
    this.#fd = fd;
    this.#shared = shared;
    this.#tell(true);
  }

  /** Accepts no more; the socket stays open, being everybody's. */
  stop(): void {
    this.#tell(false);
    this.#fd = -1;
  }

  /** As {@link Watched}: clients wait. */
  onEvents(): void {
    const { libc, clock } = this.#context;
    for (let count = 0; count < this.#batch; count++) {
      if (this.#fd < 0) return;
      if (!this.#mayAccept() || !this.#context.places.take()) return this.#tell(false);
      const fd = libc.accept4(this.#fd);
      if (fd >= 0) {
        this.#failures = 0;
        this.#context.serve(fd, readPeer(libc.address));
        if (this.#shared && this.#isAhead()) return this.lookAgain();
        continue;
      }
      this.#context.places.give();
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
    this.#context.places.give();
  }

  /** Has clients told of again, if they were not and may be now. */
  look(): void {
    if (this.#told || this.#fd < 0 || !this.#mayAccept() || !this.#context.places.free) return;
    this.#tell(true);
  }

  /**
   * Has the system tell again of clients that wait, and goes to the end of the line: of several idle threads it tells the one
   * that has waited longest.
   */
  lookAgain(): void {
    if (!this.#told) return;
    this.#tell(false);
    this.#tell(true);
  }

  /** Time until {@link look} is needed, in ms; -1 if only something that happens here can matter. */
  patienceMs(): number {
    if (this.#told || this.#fd < 0) return -1;
    const { clock } = this.#context;
    const pause = this.#pausedUntilMs - clock.nowMs;
    if (pause > 0) return Math.ceil(pause);
    return this.#context.places.free ? PAUSE_MS : LOOK_MS;
  }

  /** Whether other threads should have the next clients. */
  #isAhead(): boolean {
    const { table, worker } = this.#context;
    return isAhead(table, worker);
  }

  #mayAccept(): boolean {
    const { clock, clients } = this.#context;
    if (clock.nowMs < this.#pausedUntilMs) return false;
    if (this.#capacity === Infinity) return true;
    if (clock.nowMs - this.#exhaustedAtMs > EPISODE_MS) this.#capacity = Infinity;
    return clients() < this.#capacity;
  }

  /** Has the poller tell of clients or not; without, a queue of them would be told of in every turn. */
  #tell(on: boolean): void {
    if (this.#told === on || this.#fd < 0) return;
    this.#told = on;
    const { poller } = this.#context;
    if (on) poller.add(this.#fd, EPOLLIN | EPOLLEXCLUSIVE, this, true);
    else poller.remove(this.#fd);
  }
}
