/**
 * Workers that die when a test says so.
 *
 * @module
 */
import { Backend } from "./backends.ts";

/** A worker that is alive. */
interface Wire {
  /** Its number. */
  readonly worker: number;
  readonly connection: Deno.TcpConn;
}

/** The switch at which mortal workers hang: each connects to it, and dies when it is thrown. */
export class DeathSwitch implements AsyncDisposable {
  /** The workers that are alive, in the order in which they came. */
  readonly wires: Wire[] = [];
  readonly #backend = new Backend(async (connection, { dropped }) => {
    const number = new Uint8Array(1);
    if (await connection.read(number) === null) return;
    this.wires.push({ worker: number[0] ?? 0, connection });
    await dropped;
  });

  /** The module of a worker that hangs here. */
  get module(): URL {
    return new URL(`../hard/fixtures/mortal_worker.ts?port=${this.port}`, import.meta.url);
  }

  /** Where workers connect to. */
  get port(): number {
    return this.#backend.port;
  }

  /** Lets a worker die, the one that came first unless one is named. */
  async kill(worker = this.wires[0]?.worker): Promise<void> {
    const at = this.wires.findIndex((wire) => wire.worker === worker);
    if (at < 0) throw new Error("No such worker hangs here");
    await this.wires.splice(at, 1)[0]?.connection.write(new Uint8Array(1));
  }

  /** Stops waiting for workers. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#backend[Symbol.asyncDispose]();
  }
}
