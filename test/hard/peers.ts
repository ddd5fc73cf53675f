/**
 * Backends and clients of all manners: echoing, silent, slow, refusing, vanishing.
 *
 * @module
 */
import { connect as nodeConnect, type Socket } from "node:net";
import { once } from "node:events";
import { eventually } from "./kit.ts";
import { waitingClients } from "./proc.ts";

/** A destination that always refuses: nobody listens on port 1. */
export const REFUSED = "127.0.0.1:1";

/**
 * What a backend does with a connection; it is closed afterwards, and failures of the peer are expected.
 *
 * `gone` resolves when the backend drops its connections.
 */
export type Serve = (connection: Deno.TcpConn, gone: Promise<void>) => Promise<void>;

/** A backend on a free port of 127.0.0.1. */
export class Backend implements AsyncDisposable {
  /** Its port. */
  readonly port: number;
  /** Connections that it has accepted. */
  accepted = 0;
  readonly #listener: Deno.TcpListener;
  readonly #live: Set<Deno.TcpConn> = new Set();
  readonly #tasks: Set<Promise<void>> = new Set();
  readonly #running: Promise<void>;
  #dropped = Promise.withResolvers<void>();

  /**
   * @param serve What it does with each connection.
   * @param port Its port; a free one if none is given.
   * @param hostname Its address; one of its own keeps a port free while its backend is away.
   */
  constructor(serve: Serve, port = 0, hostname = "127.0.0.1") {
    this.#listener = Deno.listen({ hostname, port });
    this.port = (this.#listener.addr as Deno.NetAddr).port;
    this.#running = this.#run(serve);
  }

  /** Connections that are open now. */
  get live(): number {
    return this.#live.size;
  }

  /** Closes every connection, as a backend that dies does. */
  dropAll(): void {
    for (const connection of this.#live) close(connection);
    this.#dropped.resolve();
    this.#dropped = Promise.withResolvers();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    close(this.#listener);
    this.dropAll();
    await this.#running;
    await Promise.all(this.#tasks);
  }

  async #run(serve: Serve): Promise<void> {
    for (;;) {
      try {
        const connection = await this.#listener.accept();
        this.accepted++;
        const task = this.#serve(serve, connection);
        this.#tasks.add(task);
        task.finally(() => this.#tasks.delete(task));
      } catch (error) {
        if (error instanceof Deno.errors.BadResource) return;
        if (error instanceof Deno.errors.Interrupted) return;
      }
    }
  }

  async #serve(serve: Serve, connection: Deno.TcpConn): Promise<void> {
    this.#live.add(connection);
    try {
      await serve(connection, this.#dropped.promise);
    } catch {
      // The peer has gone, as these tests want it.
    }
    this.#live.delete(connection);
    close(connection);
  }
}

/** Closes something, whether or not it was closed before. */
export function close(resource: { close(): void }): void {
  try {
    resource.close();
  } catch {
    // Closed before.
  }
}

/** Gives back what it gets, until the end of file. */
export async function echo(connection: Deno.TcpConn): Promise<void> {
  const buffer = new Uint8Array(65536);
  for (;;) {
    const count = await connection.read(buffer);
    if (count === null) break;
    await writeAll(connection, buffer.subarray(0, count));
  }
  await connection.closeWrite();
}

/** Takes nothing and says nothing until the connection is closed from outside. */
export function silent(_connection: Deno.TcpConn, gone: Promise<void>): Promise<void> {
  return gone;
}

/** Reads and drops everything. */
export async function swallow(connection: Deno.TcpConn): Promise<void> {
  const buffer = new Uint8Array(65536);
  while (await connection.read(buffer) !== null);
}

/** Says one word, then behaves as {@link echo}. */
export function greet(word: string): Serve {
  return async (connection) => {
    await writeAll(connection, new TextEncoder().encode(word));
    await echo(connection);
  };
}

/** Writes all bytes. */
export async function writeAll(
  connection: { write(bytes: Uint8Array): Promise<number> },
  bytes: Uint8Array,
): Promise<void> {
  for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await connection.write(rest));
}

/** Reads until the end of file. */
export async function readAll(
  connection: { read(buffer: Uint8Array): Promise<number | null> },
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  for (;;) {
    const buffer = new Uint8Array(65536);
    const count = await connection.read(buffer);
    if (count === null) return await new Blob(chunks).bytes();
    chunks.push(buffer.subarray(0, count));
  }
}

/** Reads exactly so many bytes. */
export async function readExactly(
  connection: { read(buffer: Uint8Array): Promise<number | null> },
  length: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const count = await connection.read(bytes.subarray(at));
    if (count === null) throw new Error(`end of file after ${at} of ${length} bytes`);
    at += count;
  }
  return bytes;
}

/** SHA-256 in hex. */
export async function digest(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

/** A client that can reset its connection. */
export class Resetter {
  private constructor(readonly socket: Socket) {}

  /** Connects to a port of 127.0.0.1. */
  static async connect(port: number): Promise<Resetter> {
    const socket = nodeConnect({ port, host: "127.0.0.1", allowHalfOpen: true });
    socket.on("error", () => {});
    await once(socket, "connect");
    return new Resetter(socket);
  }

  /** Writes and waits until the system has the bytes. */
  write(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) => this.socket.write(bytes, () => resolve()));
  }

  /** Sends the end of file. */
  end(): Promise<void> {
    return new Promise((resolve) => this.socket.end(() => resolve()));
  }

  /** Resets the connection. */
  async reset(): Promise<void> {
    const closed = once(this.socket, "close");
    this.socket.resetAndDestroy();
    await closed;
  }
}

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
    for (let client = 0; client < 4; client++) hole.#waiting.push(hole.#knock());
    await eventually("a full backlog", () => waitingClients(hole.port) > BACKLOG);
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

  async #knock(): Promise<void> {
    try {
      const target = { hostname: "127.0.0.1", port: this.port, signal: this.#fill.signal };
      this.#connections.push(await Deno.connect(target));
    } catch {
      // The hole is full: as wanted.
    }
  }
}
