/**
 * One connection to a backend: timeout, source address, socket options.
 *
 * @module
 */
import { formatIpv4 } from "../../core/net/address.ts";
import { codeOf, isExhausted } from "../../system/error_codes.ts";
import type { Stream } from "./stream.ts";

/** What this machine lacks for a connect: not the backend's fault, and it passes. */
export type Shortage =
  /** This process is out of descriptors, or the machine out of memory. */
  | "exhausted"
  /** The machine has no local port left, for this destination or for the source address. */
  | "out of ports";

/** Why a connect failed. */
export type ConnectFailure =
  /** Refused, unreachable or otherwise impossible. */
  | "refused"
  /** No answer in time. */
  | "timeout"
  | Shortage;

/** Whether a connect failed for what this machine lacks. */
export function isShortage(failure: ConnectFailure): failure is Shortage {
  return failure === "exhausted" || failure === "out of ports";
}

/** How to connect. */
export interface ConnectOptions {
  /** Aborts the connect when its time is over. */
  readonly deadline: AbortSignal;
  /** Source address, if one is wanted; one that is not local is ignored, as the classic does. */
  readonly source?: string | undefined;
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

/**
 * Connects to a backend; never rejects.
 *
 * @param address IPv4 address as an unsigned 32-bit number.
 * @param port Taken modulo 65536.
 */
export async function connect(
  address: number,
  port: number,
  options: ConnectOptions,
): Promise<Stream | ConnectFailure> {
  const target = { hostname: formatIpv4(address), port: port & 0xffff };
  try {
    if (options.source !== undefined) {
      const { connectFrom } = await import("./source_connect.ts");
      const stream = await connectFrom(options.source, target, options.deadline);
      if (stream !== undefined) return stream;
    }
    const connection = await Deno.connect({ ...target, signal: options.deadline });
    setOptions(connection);
    return connection;
  } catch (error) {
    if (options.deadline.aborted) return "timeout";
    if (isExhausted(error)) return "exhausted";
    return NO_PORT.has(codeOf(error)) ? "out of ports" : "refused";
  }
}
