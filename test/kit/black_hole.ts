/**
 * A server whose machine does not answer.
 *
 * @module
 */
import { close } from "../../lib/system/close.ts";
import { waitingClients } from "./processes.ts";
import { eventually } from "./wait.ts";

/** The backlog of a {@link BlackHole}; the system lets one client more wait. */
const BACKLOG = 1;

/**
 * A port whose backlog is full, so that the system drops every further SYN: a connect there gets no answer at all.
 */
export class BlackHole implements AsyncDisposable {
  readonly port: number;
  readonly #listener: Deno.TcpListener;
  readonly #fill: AbortController = new AbortController();
  readonly #connections: Deno.TcpConn[] = [];
  readonly #waiting: Promise<unknown>[] = [];

  private constructor() {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0, tcpBacklog: BACKLOG });
    this.port = (this.#listener.addr as Deno.NetAddr).port;
  }

  /** Makes one, its backlog filled. */
  static async open(): Promise<BlackHole> {
    const hole = new BlackHole();
    for (let client = 0; client < 4; client++) hole.#waiting.push(hole.#connect());
    await eventually(() => waitingClients(hole.port) > BACKLOG, "a full backlog");
    return hole;
  }

  /** Lets a few clients in. */
  async drain(): Promise<void> {
    for (let count = 0; count < 2; count++) (await this.#listener.accept()).close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#fill.abort();
    await Promise.all(this.#waiting);
    for (const each of this.#connections) close(each);
    close(this.#listener);
  }

  async #connect(): Promise<void> {
    try {
      const target = { hostname: "127.0.0.1", port: this.port, signal: this.#fill.signal };
      this.#connections.push(await Deno.connect(target));
    } catch {
      // The hole is full: as wanted.
    }
  }
}
