/**
 * Bytes both ways between two sockets: half-close, resets, back-pressure, limits of silence.
 *
 * What is received is sent at once; what the other socket does not take is kept, and nothing more is received for it before
 * that is out. A side that fails (its peer has reset the connection) is read to its end; when the other side has
 * confirmed what it was sent, it is reset too, as if the two had talked to each other.
 *
 * @module
 */
import type { Cause } from "../../core/table/schema.ts";
import type { GracePeriods } from "../grace.ts";
import type { Moved } from "../session_log.ts";
import { EPOLLERR, ERRNO } from "./abi.ts";
import { type Chunks, LONGEST } from "./chunks.ts";
import type { End } from "./end.ts";
import type { Libc } from "./libc.ts";
import type { Poller } from "./poller.ts";
import { TICK_MS, type TickClock } from "./tick_clock.ts";

/** Where a relay counts its bytes. */
export interface Meter {
  /** The counters of this thread. */
  readonly floats: Float64Array<SharedArrayBuffer>;
  /** Index of the bytes from the client to the server. */
  readonly sent: number;
  /** Index of the bytes from the server to the client. */
  readonly received: number;
}

/** What all relays of a thread share. */
export interface RelayContext {
  /** The system. */
  readonly libc: Libc;
  /** Who tells of sockets. */
  readonly poller: Poller;
  /** What limits hang on. */
  readonly clock: TickClock;
  /** Where bytes wait. */
  readonly chunks: Chunks;
  /** Where bytes are received, for a moment. */
  readonly buffer: Uint8Array<ArrayBuffer>;
  /** Seconds of silence after which a connection is ended; 0 is never. */
  readonly idleTimeout: number;
  /** How long a connection may last once it has begun to end. */
  readonly grace: GracePeriods;
}

/** Whose bytes are relayed. */
export interface RelayOwner {
  /** There is more to move: {@link Relay.turn} is to be called once everybody else has had a turn. */
  moreToMove(): void;
  /** The limits need {@link Relay.look} on every tick from now on. */
  watchLimits(): void;
  /** The connection has ended; both sockets are closed. */
  relayEnded(): void;
}

/** Bytes that one direction moves in a turn. */
const BUDGET = 2 * LONGEST;

/** One relayed connection. */
export class Relay implements Moved {
  /** How it ended; undefined while neither side has. */
  cause: Cause | undefined;
  /** What the client has sent is never lost in silence here. */
  readonly undelivered = false;
  /** Bytes from the client to the server. */
  sent = 0;
  /** Bytes from the server to the client. */
  received = 0;
  /** When the last byte moved, by the clock's ms. */
  lastByteMs: number;
  readonly #context: RelayContext;
  readonly #client: End;
  readonly #server: End;
  readonly #meter: Meter;
  readonly #owner: RelayOwner;
  /** Silence after which it ends, in ms. */
  #limitMs = Infinity;
  /** The side that is known to be gone. */
  #lost: End | undefined;
  #finished = false;

  /** Takes two open sockets over, which are both watched. */
  constructor(context: RelayContext, client: End, server: End, meter: Meter, owner: RelayOwner) {
    this.#context = context;
    this.#client = client;
    this.#server = server;
    this.#meter = meter;
    this.#owner = owner;
    this.lastByteMs = context.clock.nowMs;
    if (context.idleTimeout > 0) this.#limitSilence(context.idleTimeout);
  }

  /** Whether one side has sent all that it will. */
  get halfClosed(): boolean {
    return this.#client.ended !== this.#server.ended;
  }

  /**
   * Begins.
   *
   * @param early What was received of the client already.
   */
  start(early?: Uint8Array): void {
    if (early !== undefined && early.length > 0) {
      this.#server.out = this.#context.chunks.keep(early);
    }
    this.turn();
  }

  /** Something has happened to one of the sockets. */
  onEvents(end: End, events: number): void {
    // An end that was read already fails only now: its peer has reset what it had half-closed.
    if ((events & EPOLLERR) !== 0) {
      if (end.ended) this.#fail(end);
      else this.#lose(end);
    }
    this.turn();
  }

  /** Moves what can be moved, as far as one turn goes. */
  turn(): void {
    if (this.#finished) return;
    this.#flush(this.#server, this.#client);
    this.#flush(this.#client, this.#server);
    this.#pump(this.#client, this.#server);
    this.#pump(this.#server, this.#client);
    this.#settle(false);
  }

  /** Looks whether it has lasted too long. */
  look(): void {
    if (this.#finished) return;
    const { clock, grace } = this.#context;
    const silentMs = clock.nowMs - this.lastByteMs;
    if (this.#lost !== undefined) return this.#settle(silentMs > grace.lost * 1000);
    const blocked = this.#client.out !== undefined || this.#server.out !== undefined;
    const limitMs = blocked ? Math.max(this.#limitMs, grace.blocked * 1000) : this.#limitMs;
    if (silentMs <= limitMs) return;
    this.end(this.cause === undefined ? "idle timeout" : "half-close timeout");
  }

  /** Ends the connection now; how it had begun to end counts more. */
  end(cause: Cause): void {
    // A timeout after a half-close is what has ended it.
    this.cause = cause === "half-close timeout" ? cause : this.cause ?? cause;
    this.#finish();
  }

  #pump(from: End, to: End): void {
    const { libc, buffer, chunks, clock } = this.#context;
    for (let moved = 0; from.readable && !from.ended && to.out === undefined && !to.failed;) {
      if (moved >= BUDGET) return this.#owner.moreToMove();
      const most = chunks.longestRead(this.sent + this.received);
      const count = libc.recv(from.fd, buffer, most);
      if (count > 0) {
        moved += count;
        this.lastByteMs = clock.nowMs;
        // Less than was asked for is all there was; more to come will be told.
        const all = count < most;
        if (all && !from.last) from.readable = false;
        to.beforeSend(libc, count);
        const taken = libc.send(to.fd, buffer, count);
        if (taken < 0 && taken !== -ERRNO.EAGAIN) return this.#failToSend(to, -taken);
        const out = Math.max(0, taken);
        this.#count(to, out);
        if (out < count) to.out = chunks.keep(buffer.subarray(out, count));
        if (all && from.whole) this.#onEndOfFile(from, to);
      } else if (count === 0) {
        this.#onEndOfFile(from, to);
      } else if (count === -ERRNO.EAGAIN) {
        from.readable = false;
      } else {
        this.#fail(from);
      }
    }
  }

  /** Sends what has waited, and then the end of file if that has waited too. */
  #flush(to: End, from: End): void {
    const { libc, chunks, clock } = this.#context;
    const { out } = to;
    if (out === undefined) return;
    to.beforeSend(libc, out.end - out.start);
    const taken = libc.send(
      to.fd,
      out.memory.subarray(out.start, out.end),
      out.end - out.start,
    );
    if (taken < 0) {
      if (taken !== -ERRNO.EAGAIN) this.#failToSend(to, -taken);
      return;
    }
    this.lastByteMs = clock.nowMs;
    this.#count(to, taken);
    out.start += taken;
    if (out.start < out.end) return;
    chunks.give(out);
    to.out = undefined;
    if (from.ended && !from.failed) this.#shut(to);
  }

  #count(to: End, bytes: number): void {
    const { floats, sent, received } = this.#meter;
    if (to === this.#server) {
      this.sent += bytes;
      floats[sent] = (floats[sent] ?? 0) + bytes;
    } else {
      this.received += bytes;
      floats[received] = (floats[received] ?? 0) + bytes;
    }
  }

  /** Passes an end of file on; from now on the other direction has limited patience. */
  #onEndOfFile(from: End, to: End): void {
    from.ended = true;
    from.readable = false;
    // Whoever asks after the send that was told of the reset is told of an end that nobody has sent.
    if (from.reset) return;
    this.cause ??= `${from.side} closed`;
    // The other direction has ended before: closing the connection tells it.
    if (to.ended) return;
    const { grace, idleTimeout } = this.#context;
    const silence = idleTimeout || Infinity;
    this.#limitSilence(
      from.side === "server" ? Math.min(silence, grace.client) : idleTimeout || grace.server,
    );
    if (to.out === undefined) this.#shut(to);
  }

  #shut(to: End): void {
    if (to.shut || to.failed) return;
    to.shut = true;
    this.#context.libc.shutdown(to.fd);
  }

  /** A side has failed, and everything that it had sent is read. */
  #fail(end: End): void {
    end.ended = true;
    end.readable = false;
    this.#failToSend(end);
  }

  /**
   * Nothing can be sent to a side; what it has sent is still read.
   *
   * @param errno What a send was told, if that is how it is known.
   */
  #failToSend(end: End, errno = 0): void {
    end.failed = true;
    end.reset = errno === ERRNO.ECONNRESET;
    end.last = true;
    end.readable ||= !end.ended;
    this.#drop(end);
    this.cause ??= `${end.side} reset`;
    this.#lose(end);
    // Those are its last words: they have their turn now, whichever direction has found out.
    this.#pump(end, end === this.#client ? this.#server : this.#client);
  }

  /** A side is gone: what is left may last as long as something of it moves. */
  #lose(end: End): void {
    if (this.#lost !== undefined) return;
    this.#lost = end;
    this.lastByteMs = this.#context.clock.nowMs;
    this.#owner.watchLimits();
  }

  /**
   * Ends the connection if nothing is left to be done.
   *
   * @param late Whether what is left has had its time.
   */
  #settle(late: boolean): void {
    if (this.#finished) return;
    const client = this.#client;
    const server = this.#server;
    if (this.#lost !== undefined && late) {
      this.cause ??= `${this.#lost.side} reset`;
      for (const end of [client, server]) this.#context.libc.resetOnClose(end.fd);
      return this.#finish();
    }
    if (client.failed && server.failed) return this.#finish();
    const gone = client.failed ? client : server.failed ? server : undefined;
    if (gone === undefined) {
      const done = client.ended && server.ended && client.out === undefined &&
        server.out === undefined;
      return done ? this.#finish() : undefined;
    }
    const other = gone === client ? server : client;
    if (gone.ended && other.out === undefined) this.#reset(other);
  }

  /** Resets a side, once it has confirmed what it was sent: a reset overtakes what is still on its way. */
  #reset(end: End): void {
    const { libc } = this.#context;
    if (libc.unconfirmed(end.fd) > 0) return;
    libc.resetOnClose(end.fd);
    this.#finish();
  }

  #limitSilence(seconds: number): void {
    this.#limitMs = seconds * 1000 + TICK_MS;
    this.lastByteMs = this.#context.clock.nowMs;
    this.#owner.watchLimits();
  }

  #drop(end: End): void {
    if (end.out === undefined) return;
    this.#context.chunks.give(end.out);
    end.out = undefined;
  }

  #finish(): void {
    if (this.#finished) return;
    this.abandon();
    this.#owner.relayEnded();
  }

  /** Closes both sockets and gives back what is held, telling nobody. */
  abandon(): void {
    this.#finished = true;
    for (const end of [this.#client, this.#server]) {
      this.#drop(end);
      end.close(this.#context.poller);
    }
  }
}
