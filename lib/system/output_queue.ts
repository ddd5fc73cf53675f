/**
 * Text to a reader that may be slow or gone: in order, whole, and never in the way of traffic.
 *
 * @module
 */

/** Text that may wait for a slow reader, in characters. */
const LIMIT = 8 * 1024 * 1024;

/** Where bytes go; stdout is one. */
export interface ByteSink {
  /** Writes some bytes. */
  write(bytes: Uint8Array): Promise<number>;
}

/** A writer that never waits and never throws. */
export class OutputQueue {
  readonly #sink: ByteSink;
  readonly #lost: (why: "slow" | "gone") => void;
  readonly #encoder = new TextEncoder();
  #waiting = "";
  #writing: Promise<void> | undefined;
  #broken = false;

  /**
   * Starts with nothing waiting.
   *
   * @param lost Called once, when the reader is gone or so slow that text is given up; nothing is written after that.
   */
  constructor(sink: ByteSink, lost: (why: "slow" | "gone") => void = () => {}) {
    this.#sink = sink;
    this.#lost = lost;
  }

  /** Adds text behind what is waiting. */
  put(text: string): void {
    if (this.#broken) return;
    if (this.#waiting.length + text.length > LIMIT) return this.#break("slow");
    this.#waiting += text;
    this.#writing ??= this.#write();
  }

  /** Resolves when nothing waits any more: all of it is written, or given up. Never rejects. */
  async flush(): Promise<void> {
    await this.#writing;
  }

  async #write(): Promise<void> {
    try {
      while (this.#waiting !== "") {
        let bytes = this.#encoder.encode(this.#waiting);
        this.#waiting = "";
        while (bytes.length > 0) bytes = bytes.subarray(await this.#sink.write(bytes));
      }
    } catch {
      this.#break("gone");
    }
    this.#writing = undefined;
  }

  #break(why: "slow" | "gone"): void {
    if (this.#broken) return;
    this.#broken = true;
    this.#waiting = "";
    this.#lost(why);
  }
}
