/**
 * A claimed place on a channel, and where the channel's connections went when it was claimed.
 *
 * @module
 */
import type { Table } from "../../core/table/layout.ts";
import { autodisable, destination, release } from "../../core/table/access.ts";

/** A place that counts in c until it is disposed, once. */
export class Lease implements Disposable {
  /** The channel. */
  readonly slot: number;
  /** Its IPv4 address then, as an unsigned 32-bit number; an operator may change the channel's later. */
  readonly address: number;
  /** Its port then. */
  readonly port: number;
  readonly #table: Table;
  readonly #worker: number;

  /** Takes over a place that this worker has claimed just now. */
  constructor(table: Table, worker: number, slot: number) {
    const { address, port } = destination(table, slot);
    this.slot = slot;
    this.address = address;
    this.port = port;
    this.#table = table;
    this.#worker = worker;
  }

  /**
   * Disables the channel because its server could not be reached (`-a`), unless it has another server by now.
   *
   * @returns Whether it was enabled until now.
   */
  disableChannel(): boolean {
    const now = destination(this.#table, this.slot);
    if (now.address !== this.address || now.port !== this.port) return false;
    return autodisable(this.#table, this.slot);
  }

  /** Gives the place back. */
  [Symbol.dispose](): void {
    release(this.#table, this.#worker, this.slot);
  }
}
