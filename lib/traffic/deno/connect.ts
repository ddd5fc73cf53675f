/**
 * One connection to a backend: timeout, source address, socket options.
 *
 * @module
 */
import { close } from "../../system/close.ts";
import { type Endpoint, formatHost } from "../../core/net/socket_address.ts";
import type { ConnectFailure } from "../../core/session/cause.ts";
import { codeOf, isExhausted } from "../../system/error_codes.ts";
import type { Stream } from "./stream.ts";

/** How to connect. */
export interface ConnectOptions {
  /** Aborts the connect when its time is over. */
  readonly deadline: AbortSignal;
  /**
   * Source address, if one is wanted; one that is not local is ignored, as the classic does, and so is one of another
   * family than the endpoint's.
   */
  readonly source?: string | undefined;
  /** What the server gets before anything else; a server that does not take it counts as one that refuses. */
  readonly header?: Uint8Array | undefined;
}

/** Error codes of a connect for which there is no local port. */
const NO_PORT: ReadonlySet<unknown> = new Set(["EADDRNOTAVAIL", "EADDRINUSE", "EAGAIN"]);

/**
 * Sets TCP_NODELAY and SO_KEEPALIVE, as the classic does on both sides.
 *
 * Without TCP_NODELAY a message relayed in two writes can stall for 40 ms.
 */
export function setOptions(connection: Deno.TcpConn): void {
  try {
    connection.setNoDelay(true);
    connection.setKeepAlive(true);
  } catch {
    // The peer has reset already; the first read will tell.
  }
}

/** What a connect came to. */
export type Connected =
  | { readonly kind: "connected"; readonly stream: Stream }
  | { readonly kind: "failed"; readonly reason: ConnectFailure };

/** Connects to a server; never rejects. */
export async function connect(endpoint: Endpoint, options: ConnectOptions): Promise<Connected> {
  try {
    const stream = await open(endpoint, options);
    if (options.header !== undefined) await sendHeader(stream, options.header);
    return { kind: "connected", stream };
  } catch (error) {
    return { kind: "failed", reason: options.deadline.aborted ? "timeout" : reasonOf(error) };
  }
}

function reasonOf(error: unknown): ConnectFailure {
  if (isExhausted(error)) return "exhausted";
  return NO_PORT.has(codeOf(error)) ? "out of ports" : "refused";
}

/** Sends a header; the connection is new, so the system takes it at once. */
async function sendHeader(stream: Stream, header: Uint8Array): Promise<void> {
  try {
    for (let rest = header; rest.length > 0;) rest = rest.subarray(await stream.write(rest));
  } catch (error) {
    close(stream);
    throw error;
  }
}

async function open(endpoint: Endpoint, { source, deadline }: ConnectOptions): Promise<Stream> {
  if (endpoint.family === "unix") {
    return await Deno.connect({ transport: "unix", path: endpoint.path });
  }
  const target = { hostname: formatHost(endpoint), port: endpoint.port };
  if (source !== undefined && source.includes(":") === (endpoint.family === "ipv6")) {
    const { connectFrom } = await import("./source_connect.ts");
    const stream = await connectFrom(source, target, deadline);
    if (stream !== undefined) return stream;
  }
  const connection = await Deno.connect({ ...target, signal: deadline });
  setOptions(connection);
  return connection;
}
