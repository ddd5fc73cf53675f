/**
 * Ten minutes of one number, a value each second, in memory that never grows.
 *
 * @module
 */

/** How many seconds are remembered. */
export const SECONDS = 600;
/** Longest gap that the next value fills: a state may come late. Longer ones stay gaps. */
const BRIDGED = 3;

/** A ring of values by second; what is not known is `NaN`. */
export class Timeline {
  readonly #values = new Float32Array(SECONDS).fill(NaN);
  #newest = -Infinity;

  /** Takes the value of a second in; seconds that were skipped are gaps. */
  put(second: number, value: number): void {
    // The instance's clock was set back: what was remembered belongs to no time any more.
    if (second < this.#newest - BRIDGED || second - this.#newest > SECONDS) this.#values.fill(NaN);
    else {
      const skipped = second - this.#newest <= BRIDGED ? value : NaN;
      for (let each = this.#newest + 1; each < second; each++) this.#set(each, skipped);
    }
    this.#set(second, value);
    this.#newest = second;
  }

  /** The value of a second; `NaN` if it is not known. */
  at(second: number): number {
    const known = second <= this.#newest && second > this.#newest - SECONDS;
    return known ? this.#values[second % SECONDS] ?? NaN : NaN;
  }

  /** The values of the seconds up to one, oldest first. */
  last(second: number, count: number): number[] {
    return Array.from({ length: count }, (_, at) => this.at(second - count + 1 + at));
  }

  #set(second: number, value: number): void {
    this.#values[second % SECONDS] = value;
  }
}
