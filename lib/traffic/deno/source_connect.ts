/**
 * Connecting from a chosen source address (`-B`), which only the runtime's Node interface can do.
 *
 * Loaded when the option is used: it costs about twice the CPU of a plain connection.
 *
 * @module
 */
import type { Buffer as NodeBuffer } from "node:buffer";
import { connect, type Socket } from "node:net";
import { DeliveryFailure, type Stream } from "./stream.ts";

/**
 * Connects from a source address.
 *
 * @param source IPv4 address to bind to.
 * @param target Where to.
 * @param signal Aborts the attempt.
 * @returns `undefined` if the source address is not local.
 * @throws What the connect failed with.
 */
export function connectFrom(
  source: string,
  target: Deno.ConnectOptions,
  signal: AbortSignal,
): Promise<Stream | undefined> {
  if (signal.aborted) return Promise.reject(new Error("timed out"));
  const socket = connect({
    host: target.hostname ?? "",
    port: target.port,
    localAddress: source,
    noDelay: true,
    keepAlive: true,
    allowHalfOpen: true,
  });
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      signal.removeEventListener("abort", abort);
      socket.destroy();
      if (isForeign(source, error)) resolve(undefined);
      else reject(error);
    };
    const abort = (): void => fail(new Error("timed out"));
    signal.addEventListener("abort", abort);
    socket.once("error", fail);
    socket.once("connect", () => {
      signal.removeEventListener("abort", abort);
      socket.off("error", fail);
      resolve(new SocketStream(socket));
    });
  });
}

/**
 * Whether an attempt failed because its source address is not local, and not for want of ports.
 *
 * An address that is not local fails in bind, with a code that differs from system to system; ports that have run out
 * are EADDRINUSE. EADDRNOTAVAIL of the connect itself may mean either, so binding is tried.
 */
function isForeign(source: string, error: Error): boolean {
  const code = "code" in error ? error.code : undefined;
  if (code === "EADDRINUSE") return false;
  if ("syscall" in error && error.syscall === "bind") return true;
  return code === "EADDRNOTAVAIL" && !isLocal(source);
}

function isLocal(address: string): boolean {
  try {
    Deno.listen({ hostname: address, port: 0 }).close();
    return true;
  } catch (error) {
    // Any other failure, such as want of ports, comes to a local address only.
    return !(error instanceof Deno.errors.AddrNotAvailable);
  }
}

/** A Node socket with the interface of a connection. */
class SocketStream implements Stream {
  readonly #socket: Socket;
  #error: Error | undefined;
  #ended = false;
  #writing = false;
  #wake: () => void = () => {};

  constructor(socket: Socket) {
    this.#socket = socket;
    const wake = (): void => this.#wake();
    socket.on("readable", wake);
    socket.on("end", () => {
      this.#ended = true;
      wake();
    });
    socket.on("error", (error: Error) => {
      this.#error ??= error;
      wake();
    });
    socket.on("close", () => {
      this.#error ??= new Deno.errors.Interrupted("connection closed");
      wake();
    });
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    for (;;) {
      const length = Math.min(this.#socket.readableLength, buffer.length);
      const bytes: NodeBuffer | null = length > 0 ? this.#socket.read(length) : null;
      if (bytes !== null) {
        buffer.set(bytes);
        return bytes.length;
      }
      if (this.#ended) return null;
      if (this.#error !== undefined) throw this.#failure();
      // Asking for data is what makes the socket read on.
      this.#socket.read(0);
      await this.#event();
    }
  }

  async write(bytes: Uint8Array): Promise<number> {
    if (this.#error !== undefined) throw this.#failure();
    this.#writing = true;
    // The runtime may read the bytes later, and the caller reuses its buffer.
    this.#socket.write(bytes.slice(), (error) => {
      this.#writing = false;
      if (error instanceof Error) this.#error ??= error;
      this.#wake();
    });
    // Only what the system has counts as written.
    while (this.#writing && this.#error === undefined) await this.#event();
    if (this.#error !== undefined) throw this.#failure();
    return bytes.length;
  }

  async closeWrite(): Promise<void> {
    await new Promise<void>((resolve) => this.#socket.end(() => resolve()));
  }

  close(): void {
    this.#socket.destroy();
  }

  /**
   * What reads and writes reject with. After its peer's end of file the runtime fails a write that finds the socket full
   * as if the peer had gone, and drops what it had accepted of it (seen with Deno 2.7.14 and 2.9.6).
   */
  #failure(): Error | undefined {
    const error = this.#error;
    if (error === undefined || !("code" in error) || error.code !== "EPIPE") return error;
    return new DeliveryFailure(error.message);
  }

  #event(): Promise<void> {
    return new Promise((resolve) => {
      const earlier = this.#wake;
      this.#wake = () => {
        this.#wake = () => {};
        earlier();
        resolve();
      };
    });
  }
}
