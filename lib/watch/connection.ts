/**
 * A client's connection as the stream that the runtime's HTTP server takes.
 *
 * The server's own sockets would do for that, if accepting them went on after descriptors had run out (2.7.14), and if what
 * they hold could be limited. So connections are accepted and counted here, and the server is given streams.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { Duplex } from "node:stream";
import { close } from "../system/close.ts";

/** Bytes of one read: a request is small. */
const READ_BYTES = 4096;
/** Time for a client to close after the last byte of its answer, in ms. */
const LINGER_MS = 1000;

/** Tells how a step of a stream has ended. */
export type Done = (error?: Error | null) => void;

/** One connection. It is the stream's: destroying the stream closes it. */
export class ConnectionStream extends Duplex {
  /**
   * Resolves when the descriptor is free. The runtime (2.7.14) cannot take a blocked write back, so that a connection whose
   * client does not read is held after it was closed, until the client moves.
   */
  readonly released: Promise<void>;
  /** Whether its request has not come yet. */
  asking = true;
  readonly #connection: Deno.TcpConn;
  readonly #buffer = new Uint8Array(READ_BYTES);
  readonly #released = Promise.withResolvers<void>();
  #writing: Promise<void> = Promise.resolve();
  #timer: number | undefined;

  /** Takes over a connection. */
  constructor(connection: Deno.TcpConn) {
    super();
    this.#connection = connection;
    this.released = this.#released.promise;
    // A client that leaves is no fault, and its stream ends by itself.
    this.on("error", () => {});
  }

  /** Destroys it if it still exists then; undefined is never. Only the last call counts. */
  expire(ms: number | undefined): void {
    clearTimeout(this.#timer);
    if (ms !== undefined && !this.destroyed) this.#timer = setTimeout(() => this.destroy(), ms);
  }

  /**
   * Ends it when all is written. The HTTP server calls it, by this name, behind the last answer.
   *
   * The client gets the end of file first and a moment to read: closing at once would reset the connection if something of
   * the client's is unread, and take the answer away from it.
   */
  destroySoon(): void {
    this.removeAllListeners("data");
    this.on("data", () => {});
    this.once("end", () => this.destroy());
    this.once("finish", () => this.expire(LINGER_MS));
    this.end();
    this.resume();
  }

  /** Reads once. */
  override _read(): void {
    this.#connection.read(this.#buffer).then(
      (count) => this.push(count === null ? null : Buffer.from(this.#buffer.slice(0, count))),
      (error: Error) => this.destroy(error),
    );
  }

  /** Writes all of a piece. */
  override _write(chunk: Uint8Array, _encoding: string, done: Done): void {
    this.#writing = this.#writeAll(chunk).then(() => done(), done);
  }

  /** Sends the end of file. */
  override _final(done: Done): void {
    this.#connection.closeWrite().then(() => done(), done);
  }

  /** Closes the connection. */
  override _destroy(error: Error | null, done: Done): void {
    clearTimeout(this.#timer);
    close(this.#connection);
    void this.#writing.then(() => this.#released.resolve());
    done(error);
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    let rest = bytes;
    while (rest.length > 0) rest = rest.subarray(await this.#connection.write(rest));
  }
}
