/**
 * The buffer of one direction of a connection: larger while much comes, small while nothing does.
 *
 * @module
 */
import { type Buffer, BUFFER_CLASSES, type BufferPools, MOVING } from "./buffer_pools.ts";

/** Bursts of a connection after which it may wait with a large buffer. */
const BURSTS_TO_KEEP = 8;
/** Reads in a row that would have fitted the class below before a buffer is changed for it. */
const READS_TO_SHRINK = 8;

/** The buffer of one direction, as it climbs through the classes and comes down again. */
export class ReadBuffer {
  /** Class of the buffer. */
  level = 0;
  /** The buffer to read into. */
  buffer: Buffer;
  #view: Buffer;
  readonly #pools: BufferPools;
  #waits = true;
  #bursts = 0;
  #quiet = 0;
  /** Bytes of reads that were not small, since the last pause. */
  #moved = 0;
  /** Tick of the last of those reads. */
  #last = 0;

  /** Starts with the smallest class. */
  constructor(pools: BufferPools) {
    this.#pools = pools;
    this.buffer = pools.take(0) ?? new Uint8Array(BUFFER_CLASSES[0]?.size ?? 0);
    this.#view = this.buffer;
  }

  /**
   * Changes to a larger buffer when the smallest has been filled, keeping what was read.
   *
   * @param read Bytes in the buffer.
   * @returns Whether there is room for more now.
   */
  grow(read: number): boolean {
    return this.level === 0 && read === this.buffer.length && this.#up(read);
  }

  /** A part of the buffer; the same object as the last time if it is the same part. */
  view(start: number, end: number): Buffer {
    if (start === 0 && this.#view.length === end) return this.#view;
    const view = this.buffer.subarray(start, end);
    if (start === 0) this.#view = view;
    return view;
  }

  /**
   * Chooses the buffer of the next read, which may have to wait long.
   *
   * @param read Bytes of the last read; if they fill the buffer, more is surely there.
   */
  resize(read: number): void {
    const filled = read === this.buffer.length;
    // Small messages do not keep the ticker awake.
    if (this.level === 0 && !filled) return;
    this.#addMoved(read);
    if (filled) this.#up(0);
    else if (!this.#stays(read)) this.#down();
  }

  /** Gives the buffer back. */
  end(): void {
    this.#leave();
  }

  #addMoved(bytes: number): void {
    const now = this.#pools.tick();
    if (now - this.#last > 1) this.#moved = 0;
    this.#last = now;
    this.#moved += bytes;
  }

  #up(keep: number): boolean {
    for (let level = this.level + 1; level < this.#pools.levels; level++) {
      const larger = this.#pools.take(level, this.#moved >= MOVING);
      if (larger === undefined) continue;
      if (keep > 0) larger.set(this.buffer.subarray(0, keep));
      this.#change(level, larger, false);
      return true;
    }
    return false;
  }

  /** Whether the next read may wait with the same buffer. */
  #stays(read: number): boolean {
    if (this.#waits) {
      this.#quiet = read <= this.#pools.sizeOf(this.level - 1) ? this.#quiet + 1 : 0;
      return this.#quiet < READS_TO_SHRINK;
    }
    this.#waits = ++this.#bursts > BURSTS_TO_KEEP && this.#pools.beginWait(this.level);
    return this.#waits;
  }

  #down(): void {
    const below = this.level - 1;
    const level = below > 0 && this.#waits && this.#pools.beginWait(below) ? below : 0;
    const smaller = this.#pools.take(level);
    if (smaller !== undefined) this.#change(level, smaller, true);
    else if (level > 0) this.#pools.endWait(level);
  }

  #change(level: number, buffer: Buffer, waits: boolean): void {
    this.#leave();
    this.level = level;
    this.buffer = buffer;
    this.#view = buffer;
    this.#waits = waits;
    this.#quiet = 0;
  }

  #leave(): void {
    if (this.#waits && this.level > 0) this.#pools.endWait(this.level);
    this.#pools.give(this.level, this.buffer);
  }
}
