/**
 * A server on a Unix socket.
 *
 * @module
 */
import { send } from "../kit/streams.ts";

/** What it does with one connection; it is closed afterwards. */
export type SocketBehaviour = (connection: Deno.UnixConn) => Promise<void>;

/** Sends the letter S and a line end, then closes. */
export const greet: SocketBehaviour = (connection) => send(connection, "S\n");

/** Sends back what it gets, to the end of file. */
export const sendBack: SocketBehaviour = (connection) =>
  connection.readable.pipeTo(connection.writable);

/** One server. */
export class SocketServer implements AsyncDisposable {
  /** Where it listens. */
  readonly path: string;
  readonly #listener: Deno.UnixListener;
  readonly #tasks: Promise<void>[] = [];
  readonly #accepting: Promise<void>;

  /** Starts to serve. */
  constructor(path: string, behave: SocketBehaviour) {
    this.path = path;
    this.#listener = Deno.listen({ transport: "unix", path });
    this.#accepting = this.#accept(behave);
  }

  /** Stops, and waits for its connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#accepting;
    await Promise.all(this.#tasks);
  }

  async #accept(behave: SocketBehaviour): Promise<void> {
    for (;;) {
      try {
        this.#tasks.push(serve(await this.#listener.accept(), behave));
      } catch {
        return;
      }
    }
  }
}

async function serve(connection: Deno.UnixConn, behave: SocketBehaviour): Promise<void> {
  try {
    await behave(connection);
    connection.close();
  } catch {
    // The peer has gone, or both streams are closed already.
  }
}
