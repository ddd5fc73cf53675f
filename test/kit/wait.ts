/**
 * Waiting for events, always with an end.
 *
 * @module
 */

/** Longest wait for what a running program does, in ms. */
const LIMIT_MS = 10_000;
/** Longest wait for a program that may still have to start, in ms; generous, for a busy machine. */
export const START_MS = 20_000;

/**
 * Waits for a promise.
 *
 * @param what Named in the error when it takes too long.
 */
export async function within<T>(promise: Promise<T>, what: string, ms = LIMIT_MS): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`Took longer than ${ms} ms: ${what}`)), ms);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Lets time pass, where that is what a test is about. */
export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Waits until a look at the world says yes; for states that announce no event. */
export async function eventually(
  look: () => Promise<boolean> | boolean,
  what: string,
  ms = LIMIT_MS,
): Promise<void> {
  const end = performance.now() + ms;
  while (!await look()) {
    if (performance.now() > end) throw new Error(`Never came true: ${what}`);
    await sleep(5);
  }
}

/** The output of a process as it arrives. */
export class Output {
  /** Everything so far. */
  text = "";
  /** Resolves at the end of the stream. */
  readonly ended: Promise<void>;
  #wake = Promise.withResolvers<void>();
  #over = false;

  /** Starts to read. */
  constructor(stream: ReadableStream<Uint8Array<ArrayBuffer>>) {
    this.ended = this.#collect(stream);
  }

  /**
   * Waits until the text holds something.
   *
   * @param from Where to begin, an index of {@link text}.
   * @returns The text so far.
   */
  async until(wanted: string | RegExp, from = 0): Promise<string> {
    const there = (): boolean =>
      typeof wanted === "string"
        ? this.text.includes(wanted, from)
        : wanted.test(this.text.slice(from));
    while (!there()) {
      if (this.#over) throw new Error(`Ended without ${wanted}: ${JSON.stringify(this.text)}`);
      await within(this.#wake.promise, `${wanted} in ${JSON.stringify(this.text)}`, START_MS);
    }
    return this.text;
  }

  async #collect(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const bytes of stream) {
      this.text += decoder.decode(bytes, { stream: true });
      this.#wake.resolve();
      this.#wake = Promise.withResolvers();
    }
    this.#over = true;
    this.#wake.resolve();
  }
}
