/**
 * A client's connection: `Deno.connect` where it can do it, `node:net` for a
 * given source address and for a reset.
 *
 * @module
 */
import net from "node:net";
import { join } from "./bytes.ts";
import { within } from "../../lib/system/time_limit.ts";

/** The raw operations; each rejects with an error that has a `code`. */
interface Wire {
  read(): Promise<Uint8Array | null>;
  write(data: Uint8Array): Promise<void>;
  closeWrite(): Promise<void>;
  close(): void;
  reset(): void;
}

/** Where to connect to, and from where. */
export interface Target {
  addr: string;
  port: number;
  /** Source address. */
  from?: string | undefined;
  /** Whether `reset()` will be needed. */
  resettable?: boolean;
}

/** What was read, and how the reading ended. */
export interface Received {
  data: Uint8Array<ArrayBuffer>;
  /** `eof`, `timeout` or the name of an errno. */
  end: string;
}

/** A connection that keeps what arrived until it is asked for. */
export class Client {
  #wire: Wire;
  #pending: Promise<Uint8Array | null> | undefined;

  private constructor(wire: Wire) {
    this.#wire = wire;
  }

  /** Connects; rejects with an error that has a `code` (`ETIMEDOUT` after `ms`: `timeout`). */
  static async connect(target: Target, ms: number): Promise<Client> {
    const viaNode = target.from !== undefined || target.resettable === true;
    const dialing = viaNode ? dialNode(target) : dialDeno(target);
    const wire = await within(dialing, ms);
    if (wire !== undefined) return new Client(wire);
    dialing.then((late) => late.close(), () => {});
    throw Object.assign(new Error("timeout"), { code: "timeout" });
  }

  /** Sends all of it, or rejects; with code `timeout` when that takes longer than `ms`. */
  async send(data: Uint8Array, ms: number): Promise<void> {
    const done = this.#wire.write(data).then(() => true);
    done.catch(() => {});
    if (!await within(done, ms)) throw Object.assign(new Error("timeout"), { code: "timeout" });
  }

  /**
   * Reads until `enough` is content with what came, end of file or `ms`; then
   * for `settleMs` more, so that surplus data is noticed. Ends its own side at
   * end of file, as clients do.
   */
  async receive(
    ms: number,
    settleMs = 0,
    enough: (size: number) => boolean = () => false,
  ): Promise<Received> {
    const chunks: Uint8Array[] = [];
    let size = 0;
    const end = performance.now() + ms;
    let limit = end;
    for (;;) {
      if (enough(size)) limit = Math.min(end, performance.now() + settleMs);
      this.#pending ??= this.#wire.read();
      const outcome = await within(
        this.#pending.then((chunk) => ({ chunk }), (error: unknown) => ({ error })),
        limit - performance.now(),
      );
      if (outcome === undefined) return { data: join(chunks), end: "timeout" };
      if ("error" in outcome) return { data: join(chunks), end: errnoOf(outcome.error) };
      if (outcome.chunk === null) {
        await this.#wire.closeWrite().catch(() => {});
        return { data: join(chunks), end: "eof" };
      }
      this.#pending = undefined;
      chunks.push(outcome.chunk);
      size += outcome.chunk.length;
    }
  }

  /** Ends the sending side. */
  halfClose(): Promise<void> {
    return this.#wire.closeWrite();
  }

  /** Closes both sides. */
  close(): void {
    this.#pending?.catch(() => {});
    this.#wire.close();
  }

  /** Closes with a reset instead of an end of file. */
  reset(): void {
    this.#wire.reset();
  }
}

/** The errno name of a network error, or its message. */
export function errnoOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" ? code : String(error);
}

async function dialDeno({ addr, port }: Target): Promise<Wire> {
  const conn = await Deno.connect({ hostname: addr, port });
  conn.setNoDelay();
  return {
    async read(): Promise<Uint8Array | null> {
      const buffer = new Uint8Array(65536);
      const n = await conn.read(buffer);
      return n === null ? null : buffer.subarray(0, n);
    },
    async write(data): Promise<void> {
      for (let at = 0; at < data.length;) at += await conn.write(data.subarray(at));
    },
    closeWrite: () => conn.closeWrite(),
    close: () => conn.close(),
    reset: (): never => {
      throw new Error("Cannot reset: the connection was not made for it");
    },
  };
}

async function dialNode({ addr, port, from }: Target): Promise<Wire> {
  const socket = net.connect({
    host: addr,
    port,
    allowHalfOpen: true,
    ...(from === undefined ? {} : { localAddress: from }),
  });
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.once("connect", () => resolve());
  });
  socket.setNoDelay(true);
  const chunks = socket[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  socket.on("error", () => {});
  return {
    async read(): Promise<Uint8Array | null> {
      const next = await chunks.next();
      return next.done === true ? null : next.value;
    },
    write: (data) =>
      new Promise((resolve, reject) => {
        socket.write(data, (error) => error ? reject(error) : resolve());
      }),
    closeWrite: () => new Promise((resolve) => socket.end(() => resolve())),
    close: (): void => {
      socket.destroy();
    },
    reset: (): void => {
      socket.resetAndDestroy();
    },
  };
}
