/**
 * A client of which something is read before the relay begins: its PROXY header, or its end while it waits.
 *
 * @module
 */
import type { Stream } from "./stream.ts";

/** Bytes that the first read may bring. */
const FIRST = 256;

/** Most bytes that are read ahead of the relay. */
export const MOST_EARLY = 4096;

/**
 * A stream that can be read ahead; the relay then gets those bytes first.
 *
 * The runtime cannot take a read back, so one that is still under way when the relay begins is handed over as well.
 */
export class EarlyStream implements Stream {
  readonly #inner: Stream;
  #buffer = new Uint8Array(0);
  /** Bytes in the buffer, and where those begin that the relay has not got yet. */
  #filled = 0;
  #start = 0;
  #reading: Promise<number | null> | undefined;

  /** Wraps a stream of which nothing has been read yet. */
  constructor(inner: Stream) {
    this.#inner = inner;
  }

  /** What was read ahead; valid until more is. */
  get early(): Uint8Array {
    return this.#buffer.subarray(this.#start, this.#filled);
  }

  /** Whether no more is read ahead. */
  get full(): boolean {
    return this.#filled === MOST_EARLY;
  }

  /**
   * Reads ahead once.
   *
   * @returns Whether there is more than before: not after the end of file, nor once {@link MOST_EARLY} bytes are there.
   * @throws What the stream's read does.
   */
  async readAhead(): Promise<boolean> {
    if (this.#reading === undefined) {
      if (this.full) return false;
      if (this.#filled === this.#buffer.length) this.#grow();
      this.#reading = this.#inner.read(this.#buffer.subarray(this.#filled));
    }
    const reading = this.#reading;
    const count = await reading;
    // The relay may have begun meanwhile, and has got it then.
    if (this.#reading !== reading || count === null) return false;
    this.#reading = undefined;
    this.#filled += count;
    return true;
  }

  /** Drops the first bytes of what was read ahead. */
  skip(count: number): void {
    this.#start += count;
    this.#free();
  }

  /** Reads what was read ahead first, then the stream; the hot path once nothing is left. */
  read(buffer: Uint8Array): Promise<number | null> {
    if (this.#start < this.#filled) return Promise.resolve(this.#deliver(buffer));
    return this.#reading === undefined ? this.#inner.read(buffer) : this.#takeOver(buffer);
  }

  /** As the stream's. */
  write(bytes: Uint8Array): Promise<number> {
    return this.#inner.write(bytes);
  }

  /** As the stream's. */
  closeWrite(): Promise<void> {
    return this.#inner.closeWrite();
  }

  /** As the stream's. */
  close(): void {
    this.#inner.close();
  }

  #deliver(buffer: Uint8Array): number {
    const bytes = this.early.subarray(0, buffer.length);
    buffer.set(bytes);
    this.#start += bytes.length;
    this.#free();
    return bytes.length;
  }

  /** Lets go of the buffer when nothing is in it and nothing is being read into it. */
  #free(): void {
    if (this.#start < this.#filled || this.#reading !== undefined) return;
    this.#buffer = new Uint8Array(0);
    this.#start = this.#filled = 0;
  }

  async #takeOver(buffer: Uint8Array): Promise<number | null> {
    const reading = this.#reading;
    this.#reading = undefined;
    const count = await reading ?? null;
    if (count === null) return null;
    this.#filled += count;
    return this.#deliver(buffer);
  }

  #grow(): void {
    const larger = new Uint8Array(Math.max(FIRST, Math.min(MOST_EARLY, 2 * this.#buffer.length)));
    larger.set(this.#buffer);
    this.#buffer = larger;
  }
}
