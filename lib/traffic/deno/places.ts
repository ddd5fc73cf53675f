/**
 * How many clients may be there at once, over all threads (`--max-conns`).
 *
 * @module
 */
import { clientCount, enter, leave } from "../../core/table/clients.ts";
import { instanceWord, type Table } from "../../core/table/schema.ts";

/** Time after which it is looked again whether there is a place, in ms. */
const LOOK_MS = 250;

/** The places of all threads, as one thread takes them. */
export class Places {
  readonly #table: Table;
  readonly #worker: number;
  readonly #most: number;

  /**
   * Takes and gives for one thread.
   *
   * @param most How many places there are.
   */
  constructor(
    { table, worker }: { readonly table: Table; readonly worker: number },
    most: number,
  ) {
    this.#table = table;
    this.#worker = worker;
    this.#most = most;
  }

  /** Whether one is free now. */
  get free(): boolean {
    return clientCount(this.#table) < this.#most;
  }

  /** Takes one, if one is free; {@link give} gives it back. */
  take(): boolean {
    return enter(this.#table, this.#worker, this.#most);
  }

  /** Gives one back. */
  give(): void {
    leave(this.#table, this.#worker);
  }

  /** Resolves when one may be free, and after a moment in any case. */
  async changed(): Promise<void> {
    const { words } = this.#table;
    const at = instanceWord(this.#table, "clients");
    const now = Atomics.load(words, at);
    if (now >= this.#most) await Atomics.waitAsync(words, at, now, LOOK_MS).value;
  }
}
