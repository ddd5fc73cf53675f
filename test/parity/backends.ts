/**
 * The servers behind the balancer. What each kind does is in README.md.
 *
 * @module
 */
import net from "node:net";
import type { BackendKind } from "./format.ts";
import { join, toBytes, toText } from "./bytes.ts";
import { listeningSockets } from "./kernel.ts";
import { eventually } from "./wait.ts";
import { sleep } from "../kit/wait.ts";

const PUMP_BYTES = 200_000;
const DUPLEX_BYTES = 20_000_000;
const LATE_MS = 200;

/** A backend as the player starts it. */
export interface BackendOptions {
  name: string;
  kind: BackendKind;
  addr: string;
  port: number;
  /** What `early` answers. */
  earlyAnswer: string;
}

/** One accepted connection: who, and what it sent so far. */
class Session {
  readonly chunks: Uint8Array[] = [];
  constructor(readonly peer: string, readonly conn: Deno.TcpConn) {}

  /** The next piece of data, recorded; `null` at end of file. */
  async read(): Promise<Uint8Array | null> {
    const buffer = new Uint8Array(65536);
    const n = await this.conn.read(buffer);
    if (n === null) return null;
    const chunk = buffer.subarray(0, n);
    this.chunks.push(chunk);
    return chunk;
  }

  async write(data: Uint8Array): Promise<void> {
    for (let at = 0; at < data.length;) at += await this.conn.write(data.subarray(at));
  }

  /** Reads until end of file, recording or counting only. */
  async drain(record = true): Promise<number> {
    let total = 0;
    for (;;) {
      const chunk = await this.read();
      if (chunk === null) return total;
      total += chunk.length;
      if (!record) this.chunks.length = 0;
    }
  }
}

type Behaviour = (session: Session, options: BackendOptions) => Promise<void>;

const BEHAVIOURS: Record<Exclude<BackendKind, "blackhole" | "rst">, Behaviour> = {
  async banner(session, { name }): Promise<void> {
    await session.write(toBytes(`${name}\n`));
  },
  async hold(session, { name }): Promise<void> {
    await session.write(toBytes(`${name}\n`));
    await session.drain();
  },
  async echo(session): Promise<void> {
    for (let chunk = await session.read(); chunk !== null; chunk = await session.read()) {
      await session.write(chunk);
    }
  },
  async sink(session): Promise<void> {
    await session.drain();
  },
  async late(session): Promise<void> {
    const total = await session.drain();
    await sleep(LATE_MS);
    await session.write(toBytes(`${total} bytes received\n`));
  },
  async early(session, { earlyAnswer }): Promise<void> {
    await session.read();
    await session.write(toBytes(earlyAnswer));
  },
  crlf: answerLines,
  async pump(session): Promise<void> {
    await session.write(new Uint8Array(PUMP_BYTES).fill(0x78));
  },
  async firstclose(session): Promise<void> {
    await session.read();
  },
  async duplex(session): Promise<void> {
    const sending = session.write(new Uint8Array(DUPLEX_BYTES).fill(0x78))
      .then(() => session.conn.closeWrite());
    await Promise.all([sending, session.drain(false)]);
  },
};

async function answerLines(session: Session): Promise<void> {
  await session.write(toBytes("220 ready\r\n"));
  for (let chunk = await session.read(); chunk !== null; chunk = await session.read()) {
    for (const line of toText(chunk).split(/\r?\n/)) {
      if (line === "") continue;
      if (line.trim().toUpperCase() === "QUIT") return await session.write(toBytes("221 bye\r\n"));
      await session.write(toBytes("500 unknown\r\n"));
    }
  }
}

/** A backend that can be stopped, started again and asked what it saw. */
export class Backend {
  readonly #options: BackendOptions;
  readonly #sessions: Session[] = [];
  #stop: (() => void) | undefined;

  constructor(options: BackendOptions) {
    this.#options = options;
  }

  /** Begins to listen. */
  async start(): Promise<void> {
    const { kind, addr, port } = this.#options;
    if (kind === "rst") return await this.#startResetting();
    const listener = Deno.listen({
      hostname: addr,
      port,
      ...(kind === "blackhole" ? { tcpBacklog: 0 } : {}),
    });
    if (kind !== "blackhole") {
      this.#stop = () => listener.close();
      this.#serve(listener, BEHAVIOURS[kind]).catch(() => {});
      return;
    }
    const queued = await fillQueue(addr, port);
    this.#stop = () => {
      listener.close();
      queued.forEach((conn) => conn.close());
    };
  }

  /** Stops listening; connections that exist go on. */
  async stop(): Promise<void> {
    this.#stop?.();
    this.#stop = undefined;
    // A closed listener goes only when its pending accept has gone.
    const { addr, port } = this.#options;
    const listens = (): boolean =>
      listeningSockets().some((socket) => socket.port === port && socket.addr === addr);
    await eventually(listens, (still) => !still);
  }

  /** Everything that the n-th connection (from 0) sent; `undefined` if there was none. */
  got(n: number): string | undefined {
    const session = this.#sessions[n];
    return session && toText(join(session.chunks));
  }

  /** The addresses of the peers, in the order of their connections. */
  peers(): string[] {
    return this.#sessions.map((session) => session.peer);
  }

  async #serve(listener: Deno.TcpListener, behave: Behaviour): Promise<void> {
    for (;;) {
      const conn = await listener.accept();
      const session = new Session(conn.remoteAddr.hostname, conn);
      this.#sessions.push(session);
      // A peer that resets ends its own session only.
      behave(session, this.#options).catch(() => {}).finally(() => conn.close()).catch(() => {});
    }
  }

  async #startResetting(): Promise<void> {
    const server = net.createServer((socket) => {
      socket.on("error", () => {});
      socket.once("data", () => socket.resetAndDestroy());
    });
    const { addr, port } = this.#options;
    await new Promise<void>((resolve) => server.listen(port, addr, () => resolve()));
    this.#stop = () => server.close();
  }
}

/** Connects until a connection is not accepted any more: then all further ones are dropped. */
async function fillQueue(hostname: string, port: number): Promise<Deno.Conn[]> {
  const queued: Deno.Conn[] = [];
  for (;;) {
    try {
      queued.push(await Deno.connect({ hostname, port, signal: AbortSignal.timeout(150) }));
    } catch {
      return queued;
    }
  }
}
