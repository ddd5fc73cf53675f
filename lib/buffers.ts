/**
 * Buffers in classes, pooled.
 *
 * A pending read owns its buffer and cannot be taken back, so a quiet connection must wait with a small one; only some
 * connections that are busy again and again may wait with a large one, which saves them a read for each message. Large
 * buffers are limited in number, which bounds the memory that slow receivers can hold, and go back to the system when
 * they have not been needed for a while.
 *
 * @module
 */
import type { Watched } from "./clock.ts";

/** A buffer that a runtime may read into. */
export type Buffer = Uint8Array<ArrayBuffer>;

/** One class of buffers. */
export interface BufferClass {
  /** Size in bytes. */
  readonly size: number;
  /** Most in use at once. */
  readonly limit: number;
  /** Most that may be held while waiting for data that may never come. */
  readonly waiting: number;
}

/** The classes of the ordinary relay. */
export const LADDER: readonly BufferClass[] = [
  { size: 2048, limit: Infinity, waiting: Infinity },
  { size: 65536, limit: 256, waiting: 128 },
  { size: 131072, limit: 128, waiting: 64 },
  { size: 524288, limit: 64, waiting: 16 },
];

/** The one class of a dumping relay: its size is the largest record of the classic. */
export const DUMP_LADDER: readonly BufferClass[] = [
  { size: 32768, limit: Infinity, waiting: Infinity },
];

/** Bursts of a connection after which it may wait with a large buffer. */
const EARN = 8;
/** Reads in a row that would have fitted the class below before a buffer is changed for it. */
const PATIENCE = 8;
/** Beats between two looks at what was not needed. */
const TRIM_BEATS = 8;
/** Free small buffers that are always kept. */
const KEEP = 64;

interface Pool {
  readonly kind: BufferClass;
  readonly free: Buffer[];
  inUse: number;
  waiting: number;
  /** Fewest free buffers since the last trim: those were not needed. */
  spare: number;
}

/** The pools of one thread. */
export class BufferPools implements Watched {
  readonly #pools: readonly Pool[];

  /**
   * Makes empty pools.
   *
   * @param ladder The classes, smallest first.
   */
  constructor(ladder: readonly BufferClass[]) {
    this.#pools = ladder.map((kind) => ({ kind, free: [], inUse: 0, waiting: 0, spare: 0 }));
  }

  /**
   * Takes a buffer; to be given back with {@link give}.
   *
   * @param level Class, 0 is the smallest.
   * @returns `undefined` when the limit of the class is reached.
   */
  take(level: number): Buffer | undefined {
    const pool = this.#pools[level];
    if (pool === undefined || pool.inUse >= pool.kind.limit) return undefined;
    pool.inUse++;
    const buffer = pool.free.pop() ?? new Uint8Array(pool.kind.size);
    pool.spare = Math.min(pool.spare, pool.free.length);
    return buffer;
  }

  /** Size of a class in bytes. */
  sizeOf(level: number): number {
    return this.#pools[level]?.kind.size ?? 0;
  }

  /** Gives a buffer of a class back. */
  give(level: number, buffer: Buffer): void {
    const pool = this.#pools[level];
    if (pool === undefined) return;
    pool.inUse--;
    pool.free.push(buffer);
  }

  /**
   * Asks to wait for data with a buffer of a class; ended with {@link endWait}.
   *
   * @returns Whether the number of such waits is still below the class's limit.
   */
  beginWait(level: number): boolean {
    const pool = this.#pools[level];
    if (pool === undefined || pool.waiting >= pool.kind.waiting) return false;
    pool.waiting++;
    return true;
  }

  /** Ends a wait that {@link beginWait} allowed. */
  endWait(level: number): void {
    const pool = this.#pools[level];
    if (pool !== undefined) pool.waiting--;
  }

  /** Lets go of what was not needed for a while. */
  beat(now: number): void {
    if (now % TRIM_BEATS !== 0) return;
    for (const [level, pool] of this.#pools.entries()) {
      pool.free.splice(0, Math.max(0, pool.spare - (level === 0 ? KEEP : 0)));
      pool.spare = pool.free.length;
    }
  }
}

/** The buffer of one direction, as it climbs through the classes and comes down again. */
export class Ladder {
  /** Class of the buffer. */
  level = 0;
  /** The buffer to read into. */
  buffer: Buffer;
  #view: Buffer;
  readonly #pools: BufferPools;
  #waits = true;
  #bursts = 0;
  #quiet = 0;

  /** Starts with the smallest class. */
  constructor(pools: BufferPools) {
    this.#pools = pools;
    this.buffer = pools.take(0) ?? new Uint8Array(LADDER[0]?.size ?? 0);
    this.#view = this.buffer;
  }

  /**
   * Changes to a larger buffer when the smallest has been filled, keeping what was read.
   *
   * @param read Bytes in the buffer.
   * @returns Whether there is room for more now.
   */
  widen(read: number): boolean {
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
  settle(read: number): void {
    if (read === this.buffer.length) this.#up(0);
    else if (this.level > 0 && !this.#stays(read)) this.#down();
  }

  /** Gives the buffer back. */
  end(): void {
    this.#leave();
  }

  #up(keep: number): boolean {
    const larger = this.#pools.take(this.level + 1);
    if (larger === undefined) return false;
    if (keep > 0) larger.set(this.buffer.subarray(0, keep));
    this.#change(this.level + 1, larger, false);
    return true;
  }

  /** Whether the next read may wait with the same buffer. */
  #stays(read: number): boolean {
    if (this.#waits) {
      this.#quiet = read <= this.#pools.sizeOf(this.level - 1) ? this.#quiet + 1 : 0;
      return this.#quiet < PATIENCE;
    }
    this.#waits = ++this.#bursts > EARN && this.#pools.beginWait(this.level);
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
