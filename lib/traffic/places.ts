/**
 * How many clients may be there at once, over all threads (`--max-conns`).
 *
 * @module
 */
import { clientCount, enter, leave, recount } from "../core/table/clients.ts";
import { instanceWord, type Table } from "../core/table/schema.ts";

/** Time after which it is looked again whether there is a place, in ms. */
const LOOK_MS = 250;

/** The places of all threads, as one thread takes them. */
export class Places {
  readonly #table: Table;
  readonly #worker: number;
  #most: number;

  /**
   * Takes and gives for one thread.
   *
   * @param most How many places there are; 0 is no limit, and nobody is counted.
   */
  constructor(
    { table, worker }: { readonly table: Table; readonly worker: number },
    most: number,
  ) {
    this.#table = table;
    this.#worker = worker;
    this.#most = most;
  }

  /**
   * Makes it more or fewer places from now on.
   *
   * @param clients Clients of this thread that a place was taken for, or would have been.
   */
  configure(most: number, clients: number): void {
    if ((this.#most === 0) !== (most === 0)) {
      recount(this.#table, this.#worker, most === 0 ? 0 : clients);
    }
    this.#most = most;
  }

  /** Whether one is free now. */
  get free(): boolean {
    return this.#most === 0 || clientCount(this.#table) < this.#most;
  }

  /** Takes one, if one is free; {@link give} gives it back. */
  take(): boolean {
    return this.#most === 0 || enter(this.#table, this.#worker, this.#most);
  }

  /** Gives one back. */
  give(): void {
    if (this.#most > 0) leave(this.#table, this.#worker);
  }

  /** Resolves when one may be free, and after a moment in any case. */
  async changed(): Promise<void> {
    const { words } = this.#table;
    const at = instanceWord(this.#table, "clients");
    const now = Atomics.load(words, at);
    if (this.#most > 0 && now >= this.#most) await Atomics.waitAsync(words, at, now, LOOK_MS).value;
  }
}
