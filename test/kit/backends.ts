/**
 * Small servers to put behind a balancer.
 *
 * @module
 */
import { close } from "../../lib/system/close.ts";
import { receiveAll, receiveLine, send } from "./streams.ts";

const BLOCK = new Uint8Array(1024 * 1024);

/** A destination that always refuses: nobody listens on port 1. */
export const REFUSED = "127.0.0.1:1";

/** What a backend does with one connection; it is closed afterwards, and failures of the peer are expected. */
export type Behaviour = (connection: Deno.TcpConn, backend: Backend) => Promise<void>;

/** Sends its name and a line end, then closes. */
export const banner: Behaviour = (connection, { name }) => send(connection, `${name}\n`);

/** Sends its name and a line end, then waits for the end of file. */
export const hold: Behaviour = async (connection, { name }) => {
  await send(connection, `${name}\n`);
  await receiveAll(connection);
};

/** Sends back what it gets, the end of file too. */
export const echo: Behaviour = async (connection) => {
  const chunk = new Uint8Array(65536);
  for (;;) {
    const count = await connection.read(chunk);
    if (count === null) break;
    await send(connection, chunk.subarray(0, count));
  }
  await connection.closeWrite();
};

/** Reads to the end of file. */
export const sink: Behaviour = async (connection) => {
  const chunk = new Uint8Array(65536);
  while (await connection.read(chunk) !== null);
};

/** Takes nothing and says nothing until the backend drops its connections. */
export const silent: Behaviour = (_connection, { dropped }) => dropped;

/** Sends without an end, as long as anybody takes it. */
export const sendForever: Behaviour = async (connection) => {
  for (;;) await send(connection, BLOCK);
};

/** Answers after the end of file with the number of bytes it got. */
export const answerAfterEof: Behaviour = async (connection) => {
  const text = await receiveAll(connection);
  await send(connection, `${text.length} bytes received\n`);
};

/** Sends its name and the end of file at once, then goes on reading to the client's. */
export const finishFirst: Behaviour = async (connection, { name }) => {
  await send(connection, `${name}\n`);
  await connection.closeWrite();
  await receiveAll(connection);
};

/** Answers each line with its name. */
export const answerLines: Behaviour = async (connection, { name }) => {
  while ((await receiveLine(connection)).endsWith("\n")) await send(connection, `${name}\n`);
};

/** Where a backend listens and what it calls itself. */
export interface BackendOptions {
  /** `A` unless told. */
  readonly name?: string;
  /** 127.0.0.1 unless told; an address of its own keeps a port free while its backend is away. */
  readonly hostname?: string;
  /** A free one unless told. */
  readonly port?: number;
}

/** One server. */
export class Backend implements AsyncDisposable {
  /** What it calls itself. */
  readonly name: string;
  /** Its address. */
  readonly hostname: string;
  /** Its port. */
  readonly port: number;
  /** Addresses of the peers of all connections so far. */
  readonly peers: string[] = [];
  readonly #listener: Deno.TcpListener;
  readonly #live: Set<Deno.TcpConn> = new Set();
  readonly #tasks: Set<Promise<void>> = new Set();
  readonly #accepting: Promise<void>;
  #drop = Promise.withResolvers<void>();

  /** Starts to serve. */
  constructor(
    behave: Behaviour,
    { name = "A", hostname = "127.0.0.1", port = 0 }: BackendOptions = {},
  ) {
    this.name = name;
    this.#listener = Deno.listen({ hostname, port });
    this.hostname = hostname;
    this.port = this.#listener.addr.port;
    this.#accepting = this.#accept(behave);
  }

  /** As an operand of the command line. */
  get operand(): string {
    return `${this.hostname}:${this.port}`;
  }

  /** Connections that are open now. */
  get open(): number {
    return this.#live.size;
  }

  /** Connections that it has accepted. */
  get accepted(): number {
    return this.peers.length;
  }

  /** Resolves when the backend drops the connections that are open now. */
  get dropped(): Promise<void> {
    return this.#drop.promise;
  }

  /** Closes every connection, as a server that dies does. */
  dropAll(): void {
    for (const connection of this.#live) close(connection);
    this.#drop.resolve();
    this.#drop = Promise.withResolvers();
  }

  /** Stops listening and ends its connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    close(this.#listener);
    this.dropAll();
    await this.#accepting;
    await Promise.all(this.#tasks);
  }

  async #accept(behave: Behaviour): Promise<void> {
    for (;;) {
      try {
        const connection = await this.#listener.accept();
        const task = this.#serve(connection, behave);
        this.#tasks.add(task);
        task.finally(() => this.#tasks.delete(task));
      } catch (error) {
        if (error instanceof Deno.errors.BadResource) return;
        if (error instanceof Deno.errors.Interrupted) return;
      }
    }
  }

  async #serve(connection: Deno.TcpConn, behave: Behaviour): Promise<void> {
    this.peers.push((connection.remoteAddr as Deno.NetAddr).hostname);
    this.#live.add(connection);
    try {
      await behave(connection, this);
    } catch {
      // The peer has gone, or we are being stopped.
    }
    this.#live.delete(connection);
    close(connection);
  }
}

/** Several backends that are stopped together. */
export class Backends implements AsyncDisposable {
  /** Each one, named A, B, C and so on. */
  readonly all: readonly Backend[];

  /** Starts as many as wanted. */
  constructor(count: number, behave: Behaviour = banner) {
    this.all = Array.from(
      { length: count },
      (_, at) => new Backend(behave, { name: String.fromCharCode(65 + at) }),
    );
  }

  /** All as operands. */
  get operands(): string[] {
    return this.all.map(({ operand }) => operand);
  }

  /** One of them. */
  at(index: number): Backend {
    const backend = this.all[index];
    if (backend === undefined) throw new RangeError(`No backend ${index}`);
    return backend;
  }

  /** Stops all of them. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.all.map((backend) => backend[Symbol.asyncDispose]()));
  }
}

/** Starts one backend with a name. */
export function startBackend(
  name: string,
  behave: Behaviour = banner,
  options: Omit<BackendOptions, "name"> = {},
): Backend {
  return new Backend(behave, { ...options, name });
}
