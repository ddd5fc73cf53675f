/**
 * Buffers in classes, pooled, and shared fairly.
 *
 * A pending read and a blocked write own their buffer, and the runtime cannot take it back: a large buffer that is held
 * while nothing happens is missing to everybody else. So that peers that stay and do nothing make nobody's transfer
 * dearer:
 *
 * 1. A quiet connection waits with a small buffer. Some that are busy again and again may wait with a large one, which
 *    saves them a read for each message; such waits are counted and limited.
 * 2. A read that has filled its buffer goes on with a larger one, where it waits uncounted if nothing follows. So the
 *    length of every buffer is drawn at random, which no peer can know: whatever number of bytes peers send before they
 *    fall silent, only one in {@link BufferClass.spread} fills its buffer exactly.
 * 3. A receiver that stops reading holds the buffer that was being written. The last quarter of the two largest classes
 *    is for connections that have moved {@link MOVING} bytes without a pause, which is more than the system takes for a
 *    receiver that does not read. A class that has none left is skipped.
 *
 * Bounds: the large buffers of a thread take at most 68 MiB (16 + 16 + 32, and a sixteenth more by their spread), the
 * small one of a direction 2 KiB. 400 receivers that have stopped (48 + 96 + 256) cost others nothing; with more of
 * them, a transfer moves its first 8 MiB through a small buffer. The rest can be held only by receivers that took
 * 8 MiB each before they stopped. Buffers that were not needed for a while go back to the system.
 *
 * @module
 */
import type { Ticker, Ticking } from "./ticker.ts";

/** A buffer that a runtime may read into. */
export type Buffer = Uint8Array<ArrayBuffer>;

/** One class of buffers. */
export interface BufferClass {
  /** Least length in bytes. */
  readonly size: number;
  /** Number of different lengths, from {@link size} on; each time a buffer is taken one of them is drawn. */
  readonly spread: number;
  /** Most in use at once. */
  readonly limit: number;
  /** Of these, how many are kept for connections that move much. */
  readonly reserve: number;
  /** Most that may be held while waiting for data that may never come. */
  readonly waiting: number;
}

/** The classes of the ordinary relay. */
export const BUFFER_CLASSES: readonly BufferClass[] = [
  { size: 2048, spread: 128, limit: Infinity, reserve: 0, waiting: Infinity },
  { size: 65536, spread: 4096, limit: 256, reserve: 0, waiting: 128 },
  { size: 131072, spread: 8192, limit: 128, reserve: 32, waiting: 64 },
  { size: 524288, spread: 32768, limit: 64, reserve: 16, waiting: 16 },
];

/** The one class of a dumping relay: its size is the largest record of the classic. */
export const DUMP_BUFFER_CLASSES: readonly BufferClass[] = [
  { size: 32768, spread: 1, limit: Infinity, reserve: 0, waiting: Infinity },
];

/** Bytes that a connection moves without a pause before it may take what is kept for those. */
export const MOVING: number = 8 * 1024 * 1024;
/** Ticks between two looks at what was not needed. */
const TRIM_TICKS = 8;
/** Free small buffers that are always kept. */
const MIN_FREE = 64;

interface Pool {
  readonly kind: BufferClass;
  readonly free: ArrayBuffer[];
  inUse: number;
  waiting: number;
  /** Fewest free buffers since the last trim: those were not needed. */
  spare: number;
}

/** The pools of one thread. They are watched only while there is something to let go of, or much is moved. */
export class BufferPools implements Ticking {
  readonly #ticker: Ticker;
  readonly #pools: readonly Pool[];
  readonly #chance: () => number;

  /**
   * Makes empty pools.
   *
   * @param ticker Tells when to let go of what was not needed.
   * @param readBuffer The classes, smallest first.
   * @param chance Draws a number from 0 up to 1.
   */
  constructor(
    ticker: Ticker,
    readBuffer: readonly BufferClass[],
    chance: () => number = Math.random,
  ) {
    this.#ticker = ticker;
    this.#chance = chance;
    this.#pools = readBuffer.map((kind) => ({ kind, free: [], inUse: 0, waiting: 0, spare: 0 }));
  }

  /**
   * Takes a buffer; to be given back with {@link give}.
   *
   * @param level Class, 0 is the smallest.
   * @param moving Whether it is for a connection that has moved {@link MOVING} bytes without a pause.
   * @returns `undefined` when the class has none left.
   */
  take(level: number, moving: boolean = false): Buffer | undefined {
    const pool = this.#pools[level];
    if (pool === undefined) return undefined;
    if (pool.inUse >= (moving ? pool.kind.limit : open(pool.kind))) return undefined;
    pool.inUse++;
    const { size, spread } = pool.kind;
    const memory = pool.free.pop() ?? new ArrayBuffer(size + spread - 1);
    pool.spare = Math.min(pool.spare, pool.free.length);
    // Drawn anew each time: the one that was filled exactly is the next one to be taken.
    return new Uint8Array(memory, 0, size + Math.floor(this.#chance() * spread));
  }

  /** Number of classes. */
  get levels(): number {
    return this.#pools.length;
  }

  /** Least length of a class's buffers in bytes. */
  sizeOf(level: number): number {
    return this.#pools[level]?.kind.size ?? 0;
  }

  /** Gives a buffer of a class back. */
  give(level: number, buffer: Buffer): void {
    const pool = this.#pools[level];
    if (pool === undefined) return;
    pool.inUse--;
    pool.free.push(buffer.buffer);
    if (pool.free.length > kept(level)) this.#ticker.watch(this);
  }

  /** The tick now, for a connection that moves much: by ticks its pauses are told, so the ticker has to be awake. */
  tick(): number {
    this.#ticker.watch(this);
    return this.#ticker.now;
  }

  /**
   * Asks to wait for data with a buffer of a class; ended with {@link endWait}.
   *
   * @returns Whether the number of such waits is still below the class's limit, and what is kept for others untouched.
   */
  beginWait(level: number): boolean {
    const pool = this.#pools[level];
    if (pool === undefined || pool.waiting >= pool.kind.waiting) return false;
    if (pool.inUse > open(pool.kind)) return false;
    pool.waiting++;
    return true;
  }

  /** Ends a wait that {@link beginWait} allowed. */
  endWait(level: number): void {
    const pool = this.#pools[level];
    if (pool !== undefined) pool.waiting--;
  }

  /** Lets go of what was not needed for a while; when nothing is left to let go of, it is watched no more. */
  onTick(now: number): void {
    if (now % TRIM_TICKS !== 0) return;
    let left = false;
    for (const [level, pool] of this.#pools.entries()) {
      pool.free.splice(0, Math.max(0, pool.spare - kept(level)));
      pool.spare = pool.free.length;
      left ||= pool.spare > kept(level);
    }
    if (!left) this.#ticker.unwatch(this);
  }
}

/** How many free buffers of a class are always kept. */
function kept(level: number): number {
  return level === 0 ? MIN_FREE : 0;
}

/** How many of a class anybody may have. */
function open({ limit, reserve }: BufferClass): number {
  return limit - reserve;
}
