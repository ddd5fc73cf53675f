/**
 * Bytes both ways between a client and a server: half-close, idle timeout, back-pressure.
 *
 * @module
 */
import { type BufferPools, Ladder } from "./buffers.ts";
import { Clock, type Watched } from "./clock.ts";

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
  #ends = 0;

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
   * Never rejects. Both streams may still be open afterwards.
   *
   * @returns How the connection ended.
   */
  async run(): Promise<Cause> {
    const { watched } = this.#context.clock;
    if (this.#limit !== Infinity) watched.add(this);
    const { sent } = this.#meter;
    await Promise.all([
      this.#pump("client", this.#client, this.#server, sent),
      this.#pump("server", this.#server, this.#client, sent + 1),
    ]);
    watched.delete(this);
    return this.cause ?? "client closed";
  }

  /** Ends the connection now. */
  end(cause: Cause): void {
    this.cause ??= cause;
    closeStream(this.#client);
    closeStream(this.#server);
  }

  /** Ends the connection if it has been silent for too long. */
  beat(now: number): void {
    if (now - this.seen <= this.#limit) return;
    this.#limit = Infinity;
    this.cause = this.#ends > 0 ? "half-close timeout" : "idle timeout";
    this.end(this.cause);
  }

  /** One direction, until its end of file or a failure. */
  async #pump(side: Side, from: Stream, to: Stream, counter: number): Promise<void> {
    const flow: Flow = { from, to, counter, bytes: 0, writing: false };
    const ladder = new Ladder(this.#context.pools);
    try {
      await this.#carry(flow, ladder);
      await this.#pass(side, to);
    } catch {
      await this.#failed(side, flow, ladder);
    }
    ladder.end();
    if (side === "client") this.sent = flow.bytes;
    else this.received = flow.bytes;
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
  async #failed(side: Side, flow: Flow, ladder: Ladder): Promise<void> {
    const failing = flow.writing ? OTHER[side] : side;
    if (failing === "client") return this.end("client reset");
    this.cause ??= "server reset";
    try {
      if (side === "client") {
        while (await flow.from.read(ladder.buffer) !== null) this.seen = this.#context.clock.now;
        this.#ends++;
      } else if (++this.#ends === 1) {
        this.#allow(RESET_GRACE);
        await flow.to.closeWrite();
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

  /** Carries bytes until the end of file. The hot path: nothing here may allocate for each chunk. */
  async #carry(flow: Flow, ladder: Ladder): Promise<void> {
    const { from, to, counter } = flow;
    const { clock } = this.#context;
    const { floats } = this.#meter;
    let view = ladder.buffer;
    let start = 0;
    let reading = from.read(ladder.buffer);
    for (;;) {
      let end = await reading;
      if (end === null) return;
      end += start;
      this.seen = clock.now;
      let full = end === ladder.buffer.length;
      let waiting = false;
      if (full && ladder.level === 0 && ladder.up(end)) {
        // More than the smallest buffer holds: whatever is there already goes out with it in one write.
        reading = from.read(ladder.buffer.subarray(end));
        const more = await settled(reading);
        waiting = more === undefined;
        end += more ?? 0;
        full = end === ladder.buffer.length;
      }
      if (start !== 0 || view.length !== end || view.buffer !== ladder.buffer.buffer) {
        view = ladder.buffer.subarray(start, end);
      }
      flow.writing = true;
      let written = await to.write(view);
      while (written < view.length) written += await to.write(view.subarray(written));
      flow.writing = false;
      floats[counter] = (floats[counter] ?? 0) + written;
      flow.bytes += written;
      start = waiting ? end : 0;
      if (waiting) continue;
      if (full || ladder.level !== 0) ladder.settle(end, full);
      reading = from.read(ladder.buffer);
    }
  }
}

type Side = "client" | "server";

const OTHER: Record<Side, Side> = { client: "server", server: "client" };

interface Flow {
  readonly from: Stream;
  readonly to: Stream;
  readonly counter: number;
  /** Bytes carried. */
  bytes: number;
  /** Whether a write is under way: a failure is then the other side's. */
  writing: boolean;
}

/** Turns of the microtask queue in which a read of data that is already there is done. */
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
