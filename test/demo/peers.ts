/**
 * Both ends of the demo's traffic: backends and clients, on the loopback interface.
 *
 * @module
 */
import { readLines, writeText } from "../../lib/system/lines.ts";

/** Where everything listens. */
export const HOST = "127.0.0.1";

/** A server that answers each line with its name. */
export class Backend {
  /** What it answers. */
  readonly name: string;
  /** Where it listens. */
  readonly port: number;
  #listener: Deno.TcpListener;
  readonly #clients: Set<Deno.TcpConn> = new Set();

  /** Starts to listen on a free port. */
  constructor(name: string) {
    this.name = name;
    this.#listener = Deno.listen({ hostname: HOST, port: 0 });
    this.port = this.#listener.addr.port;
    this.#run();
  }

  /** Stops listening and ends every connection. */
  stop(): void {
    closeQuietly(this.#listener);
    for (const client of this.#clients) closeQuietly(client);
  }

  /** Listens on its port again. */
  restart(): void {
    this.#listener = Deno.listen({ hostname: HOST, port: this.port });
    this.#run();
  }

  async #run(): Promise<void> {
    const listener = this.#listener;
    for (;;) {
      try {
        this.#answer(await listener.accept());
      } catch (error) {
        if (error instanceof Deno.errors.BadResource) return;
        if (error instanceof Deno.errors.Interrupted) return;
      }
    }
  }

  async #answer(client: Deno.TcpConn): Promise<void> {
    this.#clients.add(client);
    try {
      for await (const _ of readLines(client, 1024)) await writeText(client, `${this.name}\n`);
    } catch {
      // The client or the demo has ended it.
    }
    this.#clients.delete(client);
    closeQuietly(client);
  }
}

/** A client of the balancer. */
export class Client implements Disposable {
  readonly #connection: Deno.TcpConn;
  readonly #lines: AsyncGenerator<string, void>;

  private constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
    this.#lines = readLines(connection, 1024);
  }

  /** Connects. */
  static async open(port: number): Promise<Client> {
    return new Client(await Deno.connect({ hostname: HOST, port }));
  }

  /** Sends a line; the name of the backend that answers, or nothing. */
  async ask(): Promise<string> {
    await writeText(this.#connection, "hello\n");
    return (await this.#lines.next()).value ?? "nobody";
  }

  /** Leaves. */
  [Symbol.dispose](): void {
    closeQuietly(this.#connection);
  }
}

function closeQuietly(resource: { close(): void }): void {
  try {
    resource.close();
  } catch {
    // Closed before.
  }
}

/** Whether nobody listens on a port. */
export function isFree(port: number): boolean {
  try {
    Deno.listen({ hostname: HOST, port }).close();
    return true;
  } catch {
    return false;
  }
}
