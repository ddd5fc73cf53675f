/**
 * Chance that can be repeated: everything random in these tests comes from a seed that a failure prints.
 *
 * @module
 */

/** A seeded source of chance (32-bit state, `mulberry32`). */
export class Random {
  #state: number;

  /** @param seed Any 32-bit number; the same seed gives the same sequence. */
  constructor(readonly seed: number) {
    this.#state = seed >>> 0;
  }

  /** A number from 0 to below 1. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  /** An integer from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + Math.floor(this.next() * (high - low + 1));
  }

  /** True with a probability. */
  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** One of some values; fails for none. */
  pick<T>(values: readonly T[]): T {
    const at = this.between(0, values.length - 1);
    if (at >= values.length || at < 0) throw new RangeError("pick() of nothing");
    return values[at] as T;
  }

  /** Random bytes. */
  bytes(length: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at++) bytes[at] = this.next() * 256;
    return bytes;
  }

  /** A size that is small, middling or large with equal chance: edges of buffers are met often. */
  size(largest: number): number {
    const edge = this.pick([1, 2047, 2048, 2049, 4096, 65535, 65536, 65537, 200_000, 524_289]);
    const size = this.chance(0.5) ? edge : 2 ** (this.next() * Math.log2(largest));
    return Math.max(1, Math.min(largest, Math.floor(size)));
  }
}

/** The seed of this run: `BALANCE_SEED`, or chance itself. */
export function runSeed(): number {
  const given = Deno.env.get("BALANCE_SEED");
  return given === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(given);
}

/**
 * Runs a test with a seed, which is told when the test fails.
 *
 * @param run The test.
 * @param seed Its seed; this run's if none is given.
 */
export async function withSeed(
  run: (random: Random) => Promise<void> | void,
  seed = runSeed(),
): Promise<void> {
  try {
    await run(new Random(seed));
  } catch (error) {
    throw new Error(`failed with BALANCE_SEED=${seed}`, { cause: error });
  }
}
