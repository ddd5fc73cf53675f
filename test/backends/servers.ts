/**
 * Servers that note how each connection ended for them: with an end of file, or with a reset.
 *
 * @module
 */
import { parseIpv4 } from "../../lib/core/net/address.ts";
import type { Endpoint } from "../../lib/core/net/socket_address.ts";

/** What a server does with one connection, before it reads to the end of file and closes. */
export type Manner = (connection: Deno.Conn) => Promise<void>;

/** Writes a whole text. */
export async function say(connection: Deno.Conn, text: string): Promise<void> {
  let bytes = new TextEncoder().encode(text);
  while (bytes.length > 0) bytes = bytes.subarray(await connection.write(bytes));
}

/** Reads once. */
export async function hear(connection: Deno.Conn): Promise<void> {
  await connection.read(new Uint8Array(4096));
}

/** A server that can be told how to behave. */
export class NotingServer implements AsyncDisposable {
  /** How each connection ended, in the order of the ends: `eof`, or the name of the error. */
  readonly ends: string[] = [];
  /** Connections so far. */
  accepted = 0;
  /** What it does with the next connection. */
  manner: Manner;
  readonly #listener: Deno.Listener;
  readonly #tasks = new Set<Promise<void>>();
  readonly #live = new Set<Deno.Conn>();
  readonly #accepting: Promise<void>;

  constructor(
    manner: Manner,
    listener: Deno.Listener = Deno.listen({ hostname: "127.0.0.1", port: 0 }),
  ) {
    this.manner = manner;
    this.#listener = listener;
    this.#accepting = this.#accept();
  }

  /** Its port. */
  get port(): number {
    return (this.#listener.addr as Deno.NetAddr).port;
  }

  /** Where it is, on 127.0.0.1. */
  get endpoint(): Endpoint {
    return { family: "ipv4", address: parseIpv4("127.0.0.1") ?? 0, port: this.port };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const connection of this.#live) {
      try {
        connection.close();
      } catch {
        // Closed before.
      }
    }
    await this.#accepting;
    await Promise.all(this.#tasks);
  }

  async #accept(): Promise<void> {
    for (;;) {
      try {
        const connection = await this.#listener.accept();
        this.accepted++;
        const task: Promise<void> = this.#serve(connection).then(() => {
          this.#tasks.delete(task);
        });
        this.#tasks.add(task);
      } catch {
        return;
      }
    }
  }

  async #serve(connection: Deno.Conn): Promise<void> {
    this.#live.add(connection);
    try {
      await this.manner(connection);
      const buffer = new Uint8Array(65536);
      while (await connection.read(buffer) !== null);
      this.ends.push("eof");
    } catch (error) {
      this.ends.push(error instanceof Error ? error.name : String(error));
    }
    this.#live.delete(connection);
    try {
      connection.close();
    } catch {
      // Closed before.
    }
  }
}
