/**
 * Small servers to put behind a balancer.
 *
 * @module
 */
import { Buffer } from "node:buffer";

/** What a backend does with one connection; it is closed afterwards. */
export type Behaviour = (connection: Deno.TcpConn, backend: Backend) => Promise<void>;

const encoder = new TextEncoder();

/** Writes a whole text. */
export async function send(connection: Deno.Conn, text: string | Uint8Array): Promise<void> {
  let bytes = typeof text === "string" ? encoder.encode(text) : text;
  while (bytes.length > 0) bytes = bytes.subarray(await connection.write(bytes));
}

/** Reads to the end of file; a reset ends it too. */
export async function receiveAll(connection: Deno.Conn): Promise<string> {
  const chunk = new Uint8Array(65536);
  let text = "";
  try {
    for (;;) {
      const count = await connection.read(chunk);
      if (count === null) return text;
      text += Buffer.from(chunk.subarray(0, count)).toString("latin1");
    }
  } catch {
    return text;
  }
}

/** Reads until a line is complete, or the end of file; returns it with its line end. */
export async function receiveLine(connection: Deno.Conn): Promise<string> {
  const byte = new Uint8Array(1);
  let line = "";
  while (!line.endsWith("\n") && await connection.read(byte) !== null) {
    line += String.fromCharCode(byte[0] ?? 0);
  }
  return line;
}

/** Sends its name and a line end, then closes. */
export const banner: Behaviour = (connection, { name }) => send(connection, `${name}\n`);

/** Sends its name and a line end, then waits for the end of file. */
export const hold: Behaviour = async (connection, { name }) => {
  await send(connection, `${name}\n`);
  await receiveAll(connection);
};

/** Sends back what it gets. */
export const echo: Behaviour = async (connection) => {
  const chunk = new Uint8Array(65536);
  for (;;) {
    const count = await connection.read(chunk);
    if (count === null) return;
    await send(connection, chunk.slice(0, count));
  }
};

/** Reads to the end of file. */
export const sink: Behaviour = async (connection) => {
  await receiveAll(connection);
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

/** One server. */
export class Backend implements AsyncDisposable {
  /** What it calls itself. */
  readonly name: string;
  /** Its address and port. */
  readonly hostname: string;
  readonly port: number;
  /** Addresses of the peers of all connections so far. */
  readonly peers: string[] = [];
  readonly #listener: Deno.TcpListener;
  readonly #live: Set<Deno.TcpConn> = new Set();
  readonly #tasks: Set<Promise<void>> = new Set();
  readonly #accepting: Promise<void>;

  /** Starts to serve. */
  constructor(name: string, behave: Behaviour, hostname: string, port: number) {
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

  /** How many connections are open now. */
  get open(): number {
    return this.#live.size;
  }

  /** Stops listening and ends its connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#listener.close();
    } catch {
      // Stopped before.
    }
    for (const connection of this.#live) closeQuietly(connection);
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
    closeQuietly(connection);
  }
}

function closeQuietly(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // Closed before.
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
      (_, at) => new Backend(String.fromCharCode(65 + at), behave, "127.0.0.1", 0),
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

/** Starts one backend. */
export function startBackend(
  name: string,
  behave: Behaviour = banner,
  { hostname = "127.0.0.1", port = 0 } = {},
): Backend {
  return new Backend(name, behave, hostname, port);
}
