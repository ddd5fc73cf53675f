/**
 * Bytes that a socket does not take yet: one piece for each blocked direction, of pooled memory.
 *
 * What a direction has read and could not send is kept, and nothing more of it is read before that is out. So a thread
 * holds at most one piece for each receiver that has stopped. Pieces are as long as reads; reads become short when
 * the pieces together have grown beyond {@link CROWDED}.
 *
 * @module
 */

/** Bytes of memory of a piece, by size. */
const SIZES = [4096, 16_384, 65_536, 524_288] as const;

/** Bytes in pieces above which reads are short. */
export const CROWDED: number = 48 * 1024 * 1024;
/** Longest read of a connection that has not moved much. */
const ORDINARY = 65_536;
/** Longest read of one that has: half as many calls and wake-ups as with 256 KiB, a fifth less CPU a byte. */
export const LONGEST = 524_288;
/** Longest read while it is crowded. */
const SHORT = 4096;
/** Bytes that a connection has moved before its reads are the longest. */
const MUCH = 4 * 1024 * 1024;
/** Free pieces of each size that are kept. */
const KEPT = 8;

/** Bytes that wait. */
export interface Chunk {
  /** Where they are. */
  readonly memory: Uint8Array<ArrayBuffer>;
  /** Where those begin that are not out yet. */
  start: number;
  /** Where they end. */
  end: number;
}

/** The pieces of one thread. */
export class Chunks {
  readonly #free: Uint8Array<ArrayBuffer>[][] = SIZES.map(() => []);
  #held = 0;

  /** Bytes of memory in use. */
  get held(): number {
    return this.#held;
  }

  /** How much may be read at once for a connection that has moved so many bytes. */
  longestRead(moved: number): number {
    if (this.#held > CROWDED) return SHORT;
    return moved > MUCH ? LONGEST : ORDINARY;
  }

  /** Keeps a copy of bytes, at most {@link LONGEST}; {@link give} gives the memory back. */
  keep(bytes: Uint8Array): Chunk {
    const size = SIZES.findIndex((each) => each >= bytes.length);
    const memory = this.#free[size]?.pop() ?? new Uint8Array(SIZES[size] ?? bytes.length);
    this.#held += memory.length;
    memory.set(bytes);
    return { memory, start: 0, end: bytes.length };
  }

  /** Takes memory back. */
  give({ memory }: Chunk): void {
    this.#held -= memory.length;
    const free = this.#free[SIZES.findIndex((each) => each === memory.length)];
    if (free !== undefined && free.length < KEPT) free.push(memory);
  }
}
