/**
 * Bytes both ways between a client and a server: half-close, idle timeout, back-pressure.
 *
 * @module
 */
import type { BufferPools } from "./buffers.ts";
import { Clock, type Watched } from "./clock.ts";
import { Ladder } from "./ladder.ts";

/** One end of a relayed connection, as far as the relay needs it; `Deno.Conn` is one. */
export interface Stream {
  /** Reads some bytes; `null` at the end of file. */
  read(buffer: Uint8Array): Promise<number | null>;
  /** Writes some bytes. */
  write(bytes: Uint8Array): Promise<number>;
  /** Sends the end of file. */
  closeWrite(): Promise<void>;
  /** Closes at once; pending operations reject. */
  close(): void;
}

/** Closes a stream, whether or not it was closed before. */
export function closeStream(stream: Stream): void {
  try {
    stream.close();
  } catch {
    // Closed before.
  }
}

/** How a connection ended: which side ended it first, or why the relay did. */
export type Cause =
  | "client closed"
  | "server closed"
  | "client reset"
  | "server reset"
  | "idle timeout"
  | "half-close timeout"
  | "ended by balance";

/** Where a relay counts its bytes: an index of `sent` in the counters; `received` follows. */
export interface Meter {
  /** The counters of this thread. */
  readonly floats: Float64Array<SharedArrayBuffer>;
  /** Index of `sent`. */
  readonly sent: number;
}

/** What all relays of a thread share. */
export interface RelayContext {
  /** What timeouts hang on. */
  readonly clock: Clock;
  /** Where buffers come from. */
  readonly pools: BufferPools;
  /** Seconds of silence after which a connection is ended; 0 is never. */
  readonly idleTimeout: number;
}

/** Seconds of silence that a client gets after its server's end of file. */
const CLIENT_GRACE = 10;
/** Seconds of silence that a client gets after its server's reset. */
const RESET_GRACE = 1;
/** Seconds of silence that a server gets after its client's end of file, without an idle timeout. */
const SERVER_GRACE = 3600;

/**
 * Seconds of silence that a blocked write gets at least: the system tells of a slow receiver only when a third of its
 * send buffer has become free, which takes long although bytes flow all the time.
 */
const BLOCKED_GRACE = 60;

/** One relayed connection. */
export class Relay implements Watched {
  /** Beat of the last byte. */
  seen: number;
  /** How it ended; undefined while it lives. */
  cause: Cause | undefined;
  /** Bytes from the client to the server. */
  sent = 0;
  /** Bytes from the server to the client. */
  received = 0;
  readonly #context: RelayContext;
  readonly #client: Stream;
  readonly #server: Stream;
  readonly #meter: Meter;
  #limit: number;
  /** Directions that have not ended. */
  #running = 2;
  #ends = 0;
  /** Writes under way. */
  #blocked = 0;
  #over: () => void = () => {};

  /** Prepares a relay; both streams stay the caller's to close. */
  constructor(context: RelayContext, client: Stream, server: Stream, meter: Meter) {
    this.#context = context;
    this.#client = client;
    this.#server = server;
    this.#meter = meter;
    this.seen = context.clock.now;
    this.#limit = context.idleTimeout === 0 ? Infinity : Clock.beats(context.idleTimeout);
  }

  /**
   * Relays until both directions have ended, or one has failed, or a timeout has.
   *
   * Never rejects. Both streams may still be open afterwards. The runtime cannot take a blocked write back: after
   * {@link end} one may linger, with its buffer and its socket, until its peer reads, resets or goes.
   */
  run(): Promise<void> {
    if (this.#limit !== Infinity) this.#context.clock.watched.add(this);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#over = resolve;
    // They never reject, and the last one to end finishes the relay.
    this.#pump("client", this.#client, this.#server);
    this.#pump("server", this.#server, this.#client);
    return promise;
  }

  /** Ends the connection now. */
  end(cause: Cause): void {
    this.cause ??= cause;
    closeStream(this.#client);
    closeStream(this.#server);
    this.#finish();
  }

  #finish(): void {
    this.#context.clock.watched.delete(this);
    this.#over();
  }

  /** Ends the connection if it has been silent for too long. */
  beat(now: number): void {
    const limit = this.#blocked > 0
      ? Math.max(this.#limit, Clock.beats(BLOCKED_GRACE))
      : this.#limit;
    if (now - this.seen <= limit) return;
    this.#limit = Infinity;
    const cause = this.#ends > 0 ? "half-close timeout" : "idle timeout";
    // After a reset the silence was only waited for.
    if (this.cause !== "server reset") this.cause = cause;
    this.end(cause);
  }

  /** One direction, until its end of file or a failure. The hot path: nothing may be allocated for each chunk. */
  async #pump(side: Side, from: Stream, to: Stream): Promise<void> {
    const { clock, pools } = this.#context;
    const ladder = new Ladder(pools);
    let writing = false;
    let reading = from.read(ladder.buffer);
    try {
      for (let start = 0;;) {
        let end = await reading;
        if (end === null) break;
        end += start;
        this.seen = clock.now;
        let waiting = false;
        if (ladder.widen(end)) {
          // More than the smallest buffer holds: whatever is there already goes out with it in one write.
          reading = from.read(ladder.buffer.subarray(end));
          const more = await settled(reading);
          waiting = more === undefined;
          end += more ?? 0;
        }
        const bytes = ladder.view(start, end);
        writing = true;
        this.#blocked++;
        let written = await to.write(bytes);
        while (written < bytes.length) {
          this.seen = clock.now;
          written += await to.write(bytes.subarray(written));
        }
        this.#blocked--;
        writing = false;
        this.#count(side, written);
        start = waiting ? end : 0;
        if (waiting) continue;
        ladder.settle(end);
        reading = from.read(ladder.buffer);
      }
      await this.#pass(side, to);
    } catch {
      await this.#failed(side, writing ? OTHER[side] : side, ladder.buffer);
      // A read that is still under way may yet fill its buffer: nobody else may have that before.
      await over(reading);
    }
    ladder.end();
    if (--this.#running === 0) this.#finish();
  }

  #count(side: Side, bytes: number): void {
    const { floats, sent } = this.#meter;
    if (side === "client") {
      this.sent += bytes;
      floats[sent] = (floats[sent] ?? 0) + bytes;
    } else {
      this.received += bytes;
      floats[sent + 1] = (floats[sent + 1] ?? 0) + bytes;
    }
  }

  /** Passes an end of file on; from now on the other direction has limited patience. */
  async #pass(side: Side, to: Stream): Promise<void> {
    const { idleTimeout } = this.#context;
    this.cause ??= `${side} closed`;
    if (++this.#ends === 2) return;
    this.#allow(side === "server" ? CLIENT_GRACE : idleTimeout || SERVER_GRACE);
    await to.closeWrite();
  }

  /**
   * A failing client ends everything. A failing server ends as at its end of file, so that its last words reach the
   * client: closing a socket with unread data would destroy them, so what the client still sends is read and dropped.
   */
  async #failed(side: Side, failing: Side, buffer: Uint8Array): Promise<void> {
    if (failing === "client") return this.end("client reset");
    this.cause ??= "server reset";
    try {
      if (side === "client") {
        while (await this.#client.read(buffer) !== null) this.seen = this.#context.clock.now;
        this.#ends++;
      } else if (++this.#ends === 1) {
        this.#allow(RESET_GRACE);
        await this.#client.closeWrite();
      }
    } catch {
      this.end("client reset");
    }
  }

  /** Allows the remaining direction so many seconds of silence. */
  #allow(seconds: number): void {
    const { clock } = this.#context;
    this.#limit = Clock.beats(seconds);
    this.seen = clock.now;
    clock.watched.add(this);
  }
}

type Side = "client" | "server";

const OTHER: Record<Side, Side> = { client: "server", server: "client" };

async function over(reading: Promise<unknown>): Promise<void> {
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
async function settled(reading: Promise<number | null>): Promise<number | undefined> {
  let bytes: number | null = null;
  reading.then((count) => bytes = count, () => bytes = null);
  for (let turn = 0; turn < TURNS && bytes === null; turn++) await null;
  return bytes ?? undefined;
}
