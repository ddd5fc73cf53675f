/**
 * Bytes both ways between a client and a server: half-close, idle timeout, back-pressure.
 *
 * @module
 */
import type { Cause } from "../../core/table/schema.ts";
import { close } from "../../system/close.ts";
import type { BufferPools } from "./buffer_pools.ts";
import { Ticker, type Ticking } from "./ticker.ts";
import type { GracePeriods } from "../grace.ts";
import { ReadBuffer } from "./read_buffer.ts";
import { DeliveryFailure, type Stream } from "./stream.ts";

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
  /** What timeouts hang on. */
  readonly ticker: Ticker;
  /** Where buffers come from. */
  readonly pools: BufferPools;
  /** Seconds of silence after which a connection is ended; 0 is never. */
  readonly idleTimeout: number;
  /** How long a connection may last once it has begun to end. */
  readonly grace: GracePeriods;
}

/** Ticks at the end of a lost connection in which its client is not read: one may pass in a read under way. */
const UNREAD_TICKS = 2;

/** One relayed connection. */
export class Relay implements Ticking {
  /** Tick of the last byte; right only while the relay is watched. */
  lastActivity: number;
  /** When the last byte came, in ms of this thread's clock; -Infinity before the first one. */
  lastByteMs: number = -Infinity;
  /** How it ended; undefined while neither side has. */
  cause: Cause | undefined;
  /** Whether bytes that the client has sent were lost although the server may live. */
  undelivered = false;
  /** Bytes from the client to the server. */
  sent = 0;
  /** Bytes from the server to the client. */
  received = 0;
  readonly #context: RelayContext;
  readonly #client: Stream;
  readonly #server: Stream;
  readonly #meter: Meter;
  readonly #ended: PromiseWithResolvers<Cause> = Promise.withResolvers();
  #limit: number;
  /** Tick at which it ends whatever happens. */
  #deadline = Infinity;
  /** Directions that have not ended. */
  #running = 2;
  #finished = false;
  /** Writes under way. One that has failed stays counted: what is left then has a deadline, if anything is left. */
  #blocked = 0;

  /** Prepares a relay; both streams are the relay's to close once it runs. */
  constructor(context: RelayContext, client: Stream, server: Stream, meter: Meter) {
    this.#context = context;
    this.#client = client;
    this.#server = server;
    this.#meter = meter;
    this.lastActivity = context.ticker.now;
    this.#limit = context.idleTimeout === 0 ? Infinity : Ticker.ticks(context.idleTimeout);
  }

  /**
   * Relays until both directions have ended, or one has failed, or a timeout has.
   *
   * Both streams are closed then. The runtime cannot take a blocked write back: one may linger, with its buffer and its
   * socket, until its peer reads, resets or goes.
   *
   * @returns How it ended.
   * @throws A fault of this program's own, never a failure of a stream.
   */
  run(): Promise<Cause> {
    if (this.#limit !== Infinity) this.#watchSilence();
    // The last one to end finishes the relay.
    this.#pump("client", this.#client, this.#server).catch((fault) => this.#break(fault));
    this.#pump("server", this.#server, this.#client).catch((fault) => this.#break(fault));
    return this.#ended.promise;
  }

  /** Whether one side has ended and the other has not. */
  get halfClosed(): boolean {
    return this.cause !== undefined;
  }

  /** Ends the connection now. */
  end(cause: Cause): void {
    this.cause ??= cause;
    this.#close();
    this.#ended.resolve(this.cause);
  }

  /** Ends the connection if it has lasted too long; never throws. */
  onTick(now: number): void {
    try {
      if (this.#deadline === Infinity) this.#checkSilence(now);
      else if (now >= this.#deadline) this.end("server reset");
    } catch (fault) {
      this.#break(fault);
    }
  }

  #checkSilence(now: number): void {
    const limit = this.#blocked > 0
      ? Math.max(this.#limit, Ticker.ticks(this.#context.grace.blocked))
      : this.#limit;
    if (now - this.lastActivity <= limit) return;
    this.cause = this.cause === undefined ? "idle timeout" : "half-close timeout";
    this.end(this.cause);
  }

  /** One direction, until its end of file or a failure. The hot path: nothing may be allocated for each chunk. */
  async #pump(side: Side, from: Stream, to: Stream): Promise<void> {
    const { ticker, pools } = this.#context;
    const readBuffer = new ReadBuffer(pools);
    // Whose stream is in use, so that it is known who has failed; nobody's failure is a fault of this program.
    let user: Side | undefined = side;
    let reading: Promise<number | null> | undefined;
    let ended = true;
    try {
      reading = from.read(readBuffer.buffer);
      for (let start = 0;;) {
        user = side;
        let end = await reading;
        user = undefined;
        if (end === null) break;
        end += start;
        this.lastActivity = ticker.now;
        this.lastByteMs = performance.now();
        let waiting = false;
        if (readBuffer.grow(end)) {
          // More than the smallest buffer holds: whatever is there already goes out with it in one write.
          user = side;
          reading = from.read(readBuffer.buffer.subarray(end));
          const more = await peekRead(reading);
          waiting = more === undefined;
          end += more ?? 0;
        }
        const bytes = readBuffer.view(start, end);
        user = OTHER[side];
        this.#blocked++;
        let written = await to.write(bytes);
        while (written < bytes.length) {
          this.lastActivity = ticker.now;
          written += await to.write(bytes.subarray(written));
        }
        this.#blocked--;
        user = undefined;
        this.#count(side, written);
        start = waiting ? end : 0;
        if (waiting) continue;
        readBuffer.resize(end);
        user = side;
        reading = from.read(readBuffer.buffer);
      }
      user = OTHER[side];
      await this.#onEof(side, to);
    } catch (error) {
      if (user === undefined || isFault(error)) this.#break(error);
      else ended = await this.#onError(side, user, error, readBuffer.buffer);
    } finally {
      // A read that is still under way may yet fill its buffer: nobody else may have that before.
      await ignoreResult(reading);
      readBuffer.end();
    }
    if (ended && --this.#running === 0) this.end(`${side} closed`);
  }

  #count(side: Side, bytes: number): void {
    const { floats, sent, received } = this.#meter;
    if (side === "client") {
      this.sent += bytes;
      floats[sent] = (floats[sent] ?? 0) + bytes;
    } else {
      this.received += bytes;
      floats[received] = (floats[received] ?? 0) + bytes;
    }
  }

  /** Passes an end of file on; from now on the other direction has limited patience. */
  async #onEof(side: Side, to: Stream): Promise<void> {
    if (this.#finished) return;
    const { grace, idleTimeout } = this.#context;
    this.cause ??= `${side} closed`;
    // The other direction has ended before: closing the connection tells it.
    if (this.#running === 1) return;
    const silence = idleTimeout || Infinity;
    this.#limitSilence(
      side === "server" ? Math.min(silence, grace.client) : idleTimeout || grace.server,
    );
    await to.closeWrite();
  }

  /**
   * A failing client ends everything. A failing server's last words have to reach the client first: closing a socket
   * with unread data would destroy them, so what the client still sends is read and dropped for a while.
   *
   * @returns Whether the direction has ended; if not, the deadline ends the connection.
   */
  async #onError(side: Side, failing: Side, error: unknown, buffer: Uint8Array): Promise<boolean> {
    // What fails after the end was closed by it.
    if (this.#finished) return true;
    if (failing === "client") {
      this.end("client reset");
      return true;
    }
    if (error instanceof DeliveryFailure) {
      // The server may have ended in good order before, but the connection does not. The client is not read any more: a
      // reset tells it so, once the server's last words are passed on.
      this.cause = "server reset";
      this.undelivered ||= side === "client";
      this.#lose();
      return true;
    }
    this.#lose();
    try {
      if (side === "client") return await this.#drop(buffer);
      if (this.#running === 2) await this.#client.closeWrite();
    } catch (failure) {
      if (isFault(failure)) throw failure;
      this.end("client reset");
    }
    return true;
  }

  /** The server is gone: what is left has an end, whatever the client does. */
  #lose(): void {
    const { ticker, grace } = this.#context;
    this.cause ??= "server reset";
    if (this.#deadline !== Infinity) return;
    this.#deadline = ticker.after(grace.lost);
    ticker.watch(this);
  }

  /**
   * Reads and drops what the client sends; counts nothing.
   *
   * It stops shortly before the deadline: what comes then stays unread, so that closing the socket sends a reset, which
   * tells the client. There is no other way to send one.
   *
   * @returns Whether the client's end of file has come.
   */
  async #drop(buffer: Uint8Array): Promise<boolean> {
    const { ticker } = this.#context;
    while (ticker.now < this.#deadline - UNREAD_TICKS) {
      if (await this.#client.read(buffer) === null) return true;
    }
    return false;
  }

  /** Allows the remaining direction so many seconds of silence. */
  #limitSilence(seconds: number): void {
    this.#limit = Ticker.ticks(seconds);
    this.#watchSilence();
  }

  /** Silence is counted from now on; before, the ticker may have slept. */
  #watchSilence(): void {
    const { ticker } = this.#context;
    ticker.watch(this);
    this.lastActivity = ticker.now;
  }

  #close(): void {
    this.#finished = true;
    this.#context.ticker.unwatch(this);
    close(this.#client);
    close(this.#server);
  }

  /** A fault of this program's own ends this connection and nothing else. */
  #break(fault: unknown): void {
    this.#close();
    this.#ended.reject(fault);
  }
}

type Side = "client" | "server";

const OTHER: Record<Side, Side> = { client: "server", server: "client" };

/** Whether an error tells of a mistake in this program: streams fail with errors of other classes. */
function isFault(error: unknown): boolean {
  return error instanceof TypeError || error instanceof RangeError ||
    error instanceof ReferenceError;
}

async function ignoreResult(reading: Promise<unknown> | undefined): Promise<void> {
  try {
    await reading;
  } catch {
    // Told by whoever awaited it first.
  }
}

/**
 * Turns of the microtask queue in which a read of data that is already there is done: twice what the runtime takes. With
 * too few, every large message goes out in two writes; `test/relay_sockets_test.ts` fails when a runtime needs more.
 */
const TURNS = 4;

/**
 * Looks whether a read is done without waiting for it.
 *
 * @returns The bytes read; `undefined` if it is not done, or came to the end or to a failure, which awaiting it will tell.
 */
async function peekRead(reading: Promise<number | null>): Promise<number | undefined> {
  let bytes: number | null = null;
  reading.then((count) => bytes = count, () => bytes = null);
  for (let turn = 0; turn < TURNS && bytes === null; turn++) await null;
  return bytes ?? undefined;
}
