/**
 * One client of a native thread, as a state machine around the steps that every engine takes.
 *
 * ```
 * entering ─ queued ⇄ connecting ⇄ short (of descriptors or ports)
 *                        └─ relaying ─ over
 * ```
 *
 * @module
 */
import type { ProxyVersion } from "../../core/edge/proxy_message.ts";
import { formatEndpoint } from "../../core/net/socket_address.ts";
import type { Phase as ToldPhase } from "../../core/report/documents.ts";
import type { LiveConnection } from "../../core/report/live.ts";
import { Attempt, type AttemptRules, PROVEN_MS, type Step } from "../../core/session/attempt.ts";
import type { Lease } from "../../core/session/attempt.ts";
import { type ConnectFailure, isShortage, type Shortage } from "../../core/session/cause.ts";
import type { EntryRules, EntryStep } from "../../core/session/entry.ts";
import { proxyHeader, proxyVersionFor } from "../../core/session/proxy_out.ts";
import type { Waiter } from "../../core/session/waiting.ts";
import { anyChannel, isFull } from "../../core/table/access.ts";
import { counterIndex } from "../../core/table/schema.ts";
import { reportFault, type Served } from "../engine_rules.ts";
import { logEnd, type SessionLog, traceAttempt } from "../session_log.ts";
import { EPOLLERR, EPOLLHUP, EPOLLOUT } from "./abi.ts";
import type { Connector } from "./connector.ts";
import { End, type EndOwner } from "./end.ts";
import { Entrance, HEADER_SECONDS } from "./entrance.ts";
import { connectFailure } from "./failures.ts";
import { Guest } from "./guest.ts";
import type { LastConnections } from "./last_ends.ts";
import type { Peer } from "./peer.ts";
import { Relay, type RelayContext, type RelayOwner } from "./relay.ts";
import type { Timed } from "./tick_clock.ts";
import type { WaitingRoom } from "./waiting_room.ts";

/** What all clients of a thread share. */
export interface ConnectionContext extends AttemptRules, RelayContext, SessionLog {
  /** Seconds that one connect may take. */
  readonly connectTimeout: number;
  /** Whether groups fail over inside themselves (`-H`). */
  readonly hashFailover: boolean;
  /** Opens connections to servers. */
  readonly connector: Connector;
  /** What a client must pass to come in; nothing if everybody may. */
  readonly entry: EntryRules | undefined;
  /** Version of the PROXY header that servers get. */
  readonly proxyOut: ProxyVersion | undefined;
  /** Where clients wait while every channel is full, if they may. */
  readonly room: WaitingRoom | undefined;
  /** `--when-down reset`: whether a client that no channel can have is reset. */
  readonly resetsRefused: boolean;
  /** Remembers how connections ended. */
  readonly lastEnds: LastConnections;
  /** Something has run out. */
  exhausted(shortage: Shortage): void;
  /** Whether every connection is to end. */
  ending(): boolean;
  /** {@link Connection.resume} is to be called once everybody else has had a turn. */
  soon(connection: Connection): void;
  /** A client has gone. */
  left(connection: Connection): void;
}

type Phase = "entering" | "queued" | "connecting" | "short" | "relaying" | "over";

const REFUSE: Step = { kind: "refuse" };

/** One client, from its accept to its end. */
export class Connection implements EndOwner, Timed, Waiter, RelayOwner, Served {
  /** Whether it is among those that are to be resumed. */
  queuedToResume = false;
  readonly #context: ConnectionContext;
  readonly #guest: Guest;
  readonly #client: End;
  readonly #acceptedMs: number;
  #phase: Phase = "entering";
  #entrance: Entrance | undefined;
  #attempt: Attempt | undefined;
  #server: End | undefined;
  #relay: Relay | undefined;
  /** The step that ended a wait, until it is taken. */
  #granted: Step | undefined;
  /** Tick at which its header, its connect or its proof is over. */
  #deadline = Infinity;
  /** Tick until which it is worth waiting for what has run out. */
  #patience = 0;
  /** When the connect or the relay began, in ms. */
  #beganMs = 0;
  #connectMs = 0;
  /** Whether its server's socket is as it was when it connected. */
  #young = false;
  /** Whether the attempt waits to be told that its server works. */
  #unproven = false;
  /** Whether the relay has limits. */
  #limited = false;

  /** Takes an accepted socket over. */
  constructor(context: ConnectionContext, fd: number, peer: Peer) {
    this.#context = context;
    this.#guest = new Guest(context.libc, fd, peer);
    this.#client = new End("client", fd, this);
    this.#acceptedMs = context.clock.nowMs;
  }

  /** The channel that it has, over the whole table; undefined while it has none. */
  get slot(): number | undefined {
    return this.#attempt?.lease?.slot;
  }

  /** The client's address as text. */
  get address(): string {
    return this.#guest.address;
  }

  /** Whether hash groups fail over inside themselves. */
  get hashFailover(): boolean {
    return this.#context.hashFailover;
  }

  /** Whether it was let in. */
  get entered(): boolean {
    return this.#attempt !== undefined;
  }

  /** Whether it has a server. */
  get relaying(): boolean {
    return this.#phase === "relaying";
  }

  /** Begins to serve the client. */
  begin(): void {
    const { reporter, libc, entry, clock } = this.#context;
    if (reporter.trace !== undefined) {
      const { host } = this.#guest;
      reporter.trace(`connect from ${host} clilen=${host.includes(":") ? 28 : 16}`);
    }
    if (entry === undefined) return this.#enter();
    this.#entrance = new Entrance(libc, entry, this.#client, this.#guest);
    const step = this.#entrance.begin();
    if (step.kind !== "read") return this.#onEntry(step);
    this.#deadline = clock.after(HEADER_SECONDS);
    clock.watch(this);
    this.#watchClient();
  }

  /** Ends it. */
  end(): void {
    if (this.#relay !== undefined) this.#relay.end("ended by balance");
    else this.#close();
  }

  /** What is to be told of it. */
  view(nowMs: number): LiveConnection {
    const lease = this.#attempt?.lease;
    const relay = this.#relay;
    return {
      client: this.#guest.client,
      slot: lease?.slot,
      server: lease === undefined ? undefined : formatEndpoint(lease.endpoint),
      ageMs: nowMs - this.#acceptedMs,
      idleMs: nowMs - (relay?.lastByteMs ?? this.#acceptedMs),
      sent: relay?.sent ?? 0,
      received: relay?.received ?? 0,
      phase: this.#toldPhase(),
    };
  }

  /** As {@link EndOwner}. */
  onEnd(end: End, events: number): void {
    switch (this.#phase) {
      case "relaying":
        return this.#relay?.onEvents(end, events);
      case "connecting":
        return end === this.#server ? this.#onServer(end, events) : undefined;
      case "entering": {
        const step = this.#entrance?.receive(this.#context.buffer);
        if (step !== undefined && step.kind !== "read") this.#onEntry(step);
        return;
      }
      case "queued":
        // A client that leaves waits no more.
        if (end.last) this.#leaveQueue();
    }
  }

  /** As {@link Timed}. */
  onTick(now: number): void {
    switch (this.#phase) {
      case "relaying":
        if (this.#young) this.#age();
        if (this.#unproven) this.#prove(now);
        return this.#relay?.look();
      case "connecting":
        if (now >= this.#deadline) this.#onFailure("timeout");
        return;
      case "short":
        this.#context.clock.unwatch(this);
        return this.#retry();
      case "entering":
        if (now < this.#deadline) return;
        return this.#onEntry(this.#entrance?.late() ?? { kind: "refuse" });
    }
  }

  /** A fault of this program's own: ends this connection and nothing else. */
  onFault(): void {
    if (this.#phase === "over") return;
    this.#relay?.abandon();
    this.#over();
  }

  /** As {@link Waiter}. */
  again(): Step {
    try {
      return this.#attempt?.again() ?? REFUSE;
    } catch (fault) {
      reportFault(this.#context.reporter, fault);
      return REFUSE;
    }
  }

  /** As {@link Waiter}: taken later, as the line is being walked now. */
  take(step: Step): void {
    this.#granted = step;
    this.#context.soon(this);
  }

  /** As {@link RelayOwner}. */
  moreToMove(): void {
    this.#context.soon(this);
  }

  /** As {@link RelayOwner}. */
  watchLimits(): void {
    this.#limited = true;
    this.#context.clock.watch(this);
  }

  /** Goes on after everybody else has had a turn. */
  resume(): void {
    if (this.#phase === "relaying") {
      this.#relay?.turn();
      if (this.relaying) this.#server?.confirm(this.#context.libc);
      return;
    }
    const step = this.#granted;
    if (this.#phase !== "queued" || step === undefined) return;
    this.#granted = undefined;
    this.#patience = this.#context.clock.after(this.#context.connectTimeout);
    this.#follow(step);
  }

  /** As {@link RelayOwner}. */
  relayEnded(): void {
    const relay = this.#relay;
    const attempt = this.#attempt;
    const lease = attempt?.lease;
    if (relay === undefined || attempt === undefined || lease === undefined) return;
    const { clock, lastEnds } = this.#context;
    const cause = relay.cause ?? "ended by balance";
    const lasted = clock.nowMs - this.#beganMs;
    attempt.ended({ cause, received: relay.received, ageMs: lasted });
    this.#over();
    lastEnds.note(lease.slot, cause, this.#guest, lease.endpoint);
    const connectMs = this.#connectMs;
    logEnd(this.#context, this.#guest, { lease, relay, cause, connectMs, lasted });
  }

  #onEntry(step: EntryStep): void {
    this.#context.clock.unwatch(this);
    if (step.kind !== "enter") return this.#close();
    this.#guest.learn(step.origin);
    this.#enter();
  }

  #enter(): void {
    const { clock, connectTimeout } = this.#context;
    this.#phase = "connecting";
    this.#attempt = new Attempt(this.#context, this);
    this.#patience = clock.after(connectTimeout);
    this.#follow(this.#attempt.begin());
  }

  /** Takes steps until one has to wait for something. */
  #follow(first: Step): void {
    for (let step = first;;) {
      switch (step.kind) {
        case "refuse":
          return this.#refuse();
        case "queue":
          if (this.#joinQueue()) return;
          step = REFUSE;
          break;
        case "wait":
          this.#phase = "short";
          return this.#context.clock.watch(this);
        case "try": {
          const failure = this.#connect(step.lease);
          if (failure === undefined) return;
          step = this.#failed(failure);
        }
      }
      if (this.#phase === "over") return;
    }
  }

  #joinQueue(): boolean {
    const { room } = this.#context;
    // A client that has left between two waits is as gone as one that leaves in the middle of one.
    if (room === undefined || this.#client.last || !room.join(this)) return false;
    this.#phase = "queued";
    this.#watchClient();
    return true;
  }

  #leaveQueue(): void {
    this.#context.room?.leave(this);
    this.#close();
  }

  /** Tries the same lease once more. */
  #retry(): void {
    const lease = this.#attempt?.lease;
    if (lease === undefined) return this.#close();
    this.#phase = "connecting";
    const failure = this.#connect(lease);
    if (failure !== undefined) this.#onFailure(failure);
  }

  /** Begins to connect; why that failed at once, if it did. */
  #connect(lease: Lease): ConnectFailure | undefined {
    const { connector, clock, connectTimeout, poller } = this.#context;
    this.#phase = "connecting";
    this.#beganMs = clock.nowMs;
    this.#deadline = clock.after(connectTimeout);
    const begun = connector.begin(lease);
    if (begun.kind === "failed") return begun.reason;
    const server = this.#server = new End("server", begun.fd, this, begun.unix);
    const watched = server.watch(poller);
    if (watched < 0) {
      server.close(poller);
      this.#server = undefined;
      return connectFailure(-watched);
    }
    clock.watch(this);
    this.#watchClient();
    return undefined;
  }

  /** A connect has failed: the next step, which is nothing when everything ends. */
  #failed(reason: ConnectFailure): Step {
    const { clock, reporter } = this.#context;
    const attempt = this.#attempt;
    const lease = attempt?.lease;
    if (attempt === undefined || lease === undefined) return REFUSE;
    const patient = isShortage(reason) && clock.now < this.#patience && !this.#context.ending();
    if (patient) this.#context.exhausted(reason);
    else reporter.trace?.(traceAttempt(lease.slot, reason));
    // Whoever ends everything wants no other server tried.
    if (this.#context.ending()) {
      this.#close();
      return REFUSE;
    }
    return attempt.failed(reason, patient);
  }

  #onFailure(reason: ConnectFailure): void {
    const { clock, poller } = this.#context;
    clock.unwatch(this);
    this.#server?.close(poller);
    this.#server = undefined;
    const step = this.#failed(reason);
    if (this.#phase !== "over") this.#follow(step);
  }

  #onServer(server: End, events: number): void {
    if ((events & (EPOLLERR | EPOLLHUP)) !== 0) {
      const errno = this.#context.libc.socketError(server.fd);
      // A server that takes the connection and closes it at once is one that was reached.
      if (errno !== 0 || (events & EPOLLOUT) === 0) return this.#onFailure(connectFailure(errno));
    }
    if ((events & EPOLLOUT) !== 0) this.#onConnected(server, events);
  }

  #onConnected(server: End, events: number): void {
    const { clock, reporter, table, worker, ejectAfter } = this.#context;
    const attempt = this.#attempt;
    const lease = attempt?.lease;
    if (attempt === undefined || lease === undefined) return this.#close();
    if (!this.#sendHeader(server, lease)) return this.#onFailure("refused");
    this.#deadline = Infinity;
    reporter.trace?.(traceAttempt(lease.slot, "connected"));
    this.#connectMs = clock.nowMs - this.#beganMs;
    attempt.connected(this.#connectMs);
    this.#phase = "relaying";
    this.#beganMs = clock.nowMs;
    // Watched still, until the next tick.
    this.#young = true;
    if (ejectAfter > 0) {
      this.#unproven = true;
      this.#deadline = clock.after(PROVEN_MS / 1000);
    }
    const relay = new Relay(this.#context, this.#client, server, {
      floats: table.floats,
      sent: counterIndex(worker, lease.slot, "sent"),
      received: counterIndex(worker, lease.slot, "received"),
    }, this);
    this.#relay = relay;
    relay.start(this.#entrance?.takeEarly());
    // What its client has said may be told later in this turn.
    if (this.relaying && server.unconfirmed) this.#context.soon(this);
    if ((events & EPOLLERR) !== 0 && this.relaying) relay.onEvents(server, events);
  }

  /** Sends the PROXY header, if the server gets one; whether it took it. The socket is new, so that there is room. */
  #sendHeader(server: End, { slot }: Lease): boolean {
    const { table, proxyOut, libc } = this.#context;
    const version = proxyVersionFor(table, slot, proxyOut);
    if (version === undefined) return true;
    const header = Uint8Array.from(proxyHeader(version, this.#guest.origin));
    server.beforeSend(libc, header.length);
    return libc.send(server.fd, header, header.length) === header.length;
  }

  /** Tells the attempt when the connection has shown that its server works (`--eject`). */
  #prove(now: number): void {
    if (this.#relay?.received === 0 && now < this.#deadline) return;
    this.#unproven = false;
    this.#attempt?.proven();
    this.#unwatchIfIdle();
  }

  /** Does what a connection needs only if it lasts: many are over before the next tick. */
  #age(): void {
    this.#young = false;
    this.#server?.keepAlive(this.#context.libc);
    this.#unwatchIfIdle();
  }

  #unwatchIfIdle(): void {
    if (!this.#unproven && !this.#limited) this.#context.clock.unwatch(this);
  }

  #watchClient(): void {
    // Out of memory for one more: nothing would ever be heard of it.
    if (this.#client.watch(this.#context.poller) < 0) this.#close();
  }

  /** No channel can have it. One that only finds every channel full is closed as ever. */
  #refuse(): void {
    const { resetsRefused, table } = this.#context;
    this.#close(resetsRefused && !anyChannel(table, isFull));
  }

  /** Gives the client up before it is relayed. */
  #close(reset = false): void {
    if (this.#phase === "over") return;
    if (reset) this.#context.libc.resetOnClose(this.#client.fd);
    this.#over();
  }

  /** Gives back whatever is held. */
  #over(): void {
    if (this.#phase === "over") return;
    const { clock, poller, room } = this.#context;
    this.#phase = "over";
    clock.unwatch(this);
    room?.leave(this);
    this.#client.close(poller);
    this.#server?.close(poller);
    this.#attempt?.[Symbol.dispose]();
    this.#entrance?.[Symbol.dispose]();
    this.#context.left(this);
  }

  #toldPhase(): ToldPhase {
    if (this.#relay !== undefined) return this.#relay.halfClosed ? "half-closed" : "relaying";
    return this.#phase === "queued" ? "queued" : "connecting";
  }
}
