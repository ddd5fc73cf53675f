/**
 * Orders to a thread that hears no messages: a piece of shared memory that holds one text at a time.
 *
 * Whoever posts wakes the thread by other means; the thread then takes texts until there is none. The next text is written
 * as soon as the one before has been taken, so that no order is lost however many come.
 *
 * | words | content |
 * | --- | --- |
 * | 0 | 1 while there is a text |
 * | 1 | its bytes, as UTF-8, from word 2 on |
 *
 * @module
 */

/** Bytes of the longest text. */
const ROOM = 16_384;
const FULL = 0;
const LENGTH = 1;
const TEXT = 2;

/** Makes the memory of a mailbox. */
export function createMailbox(): SharedArrayBuffer {
  return new SharedArrayBuffer(TEXT * 4 + ROOM);
}

/** The posting side. */
export class Outbox {
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #bytes: Uint8Array<SharedArrayBuffer>;
  readonly #wake: () => void;
  readonly #waiting: Uint8Array[] = [];
  #posting = false;

  /**
   * Posts into a memory.
   *
   * @param wake Wakes the thread that reads it.
   */
  constructor(memory: SharedArrayBuffer, wake: () => void) {
    this.#words = new Int32Array(memory, 0, TEXT);
    this.#bytes = new Uint8Array(memory, TEXT * 4);
    this.#wake = wake;
  }

  /**
   * Posts a text, once those before it have been taken.
   *
   * @throws {RangeError} If it is too long.
   */
  post(text: string): void {
    const bytes = new TextEncoder().encode(text);
    if (bytes.length > ROOM) throw new RangeError(`Cannot post a text of ${bytes.length} bytes`);
    this.#waiting.push(bytes);
    // It never rejects.
    if (!this.#posting) void this.#post();
  }

  async #post(): Promise<void> {
    this.#posting = true;
    for (let bytes = this.#waiting.shift(); bytes !== undefined; bytes = this.#waiting.shift()) {
      await this.#emptied();
      this.#bytes.set(bytes);
      Atomics.store(this.#words, LENGTH, bytes.length);
      Atomics.store(this.#words, FULL, 1);
      this.#wake();
    }
    this.#posting = false;
  }

  async #emptied(): Promise<void> {
    while (Atomics.load(this.#words, FULL) === 1) {
      await Atomics.waitAsync(this.#words, FULL, 1).value;
    }
  }
}

/** The reading side. */
export class Inbox {
  readonly #words: Int32Array<SharedArrayBuffer>;
  readonly #bytes: Uint8Array<SharedArrayBuffer>;

  /** Reads a memory. */
  constructor(memory: SharedArrayBuffer) {
    this.#words = new Int32Array(memory, 0, TEXT);
    this.#bytes = new Uint8Array(memory, TEXT * 4);
  }

  /** Takes the text that is there; `undefined` if there is none. */
  take(): string | undefined {
    if (Atomics.load(this.#words, FULL) === 0) return undefined;
    // A copy: the decoder takes no shared memory.
    const text = new TextDecoder().decode(
      this.#bytes.slice(0, Atomics.load(this.#words, LENGTH)),
    );
    Atomics.store(this.#words, FULL, 0);
    Atomics.notify(this.#words, FULL);
    return text;
  }
}
