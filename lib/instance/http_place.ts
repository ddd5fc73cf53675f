/**
 * Where `--http` listens, bound before anything else does, and its token.
 *
 * @module
 */
import { lookup, requireLookup } from "../backends/resolve.ts";
import type { HttpOptions } from "../core/command_line/http_options.ts";
import { EXIT, ExitError } from "../core/errors.ts";
import { parseToken } from "../core/http/token.ts";
import { parseCanonicalIpv4, parsePlainIpv6 } from "../core/net/ip_address.ts";
import { printable } from "../core/text.ts";
import { readTextFile } from "./words_file.ts";

/** Where HTTP is served. */
export interface HttpPlace {
  /** The bound socket; undefined while another instance has the port, which gives it up when this one is ready. */
  readonly listener: Deno.TcpListener | undefined;
  /** Binds the port; throws as {@link openHttp}. */
  bind(): Deno.TcpListener;
  /** The address or name that it was asked for by. */
  readonly name: string;
  /** What whoever changes something has to know; undefined if nobody may. */
  readonly token: string | undefined;
}

/**
 * Reads the token and binds the port.
 *
 * @param later Whether the port may be had later, because an instance has it whose place this one takes.
 * @throws {ExitError} 64 for a token that cannot be read or is none, 71 for a port that cannot be had.
 */
export async function openHttp(
  { host, port, tokenFile }: HttpOptions,
  later: boolean,
): Promise<HttpPlace> {
  const token = tokenFile === undefined ? undefined : readToken(tokenFile);
  const hostname = await resolve(host);
  const bound = later ? bindIfFree(hostname, port) : bind(hostname, port);
  const listener = bound instanceof Error ? undefined : bound;
  return { listener, bind: () => bind(hostname, port), name: host, token };
}

function readToken(path: string): string {
  const name = `--http-token ${path}`;
  const parsed = parseToken(readTextFile(path, name));
  if (parsed.kind === "token") return parsed.token;
  throw new ExitError(EXIT.usage, printable(`balance: no token in ${name}: ${parsed.reason}`));
}

async function resolve(host: string): Promise<string> {
  if (parseCanonicalIpv4(host) !== undefined || parsePlainIpv6(host) !== undefined) return host;
  requireLookup(host);
  const address = await lookup(host, 0);
  if (address !== undefined) return address;
  throw new ExitError(EXIT.os, `balance: --http cannot listen on ${host}: unknown name`);
}

/** Clients that wait to be accepted, at most: whoever waits behind more than these has given up before it is served. */
const BACKLOG = 128;

function bind(hostname: string, port: number): Deno.TcpListener {
  const bound = bindIfFree(hostname, port);
  if (bound instanceof Deno.errors.AddrInUse) throw failure(bound, hostname, port);
  return bound;
}

/** Binds the port; the error, if somebody has it. */
function bindIfFree(
  hostname: string,
  port: number,
): Deno.TcpListener | Deno.errors.AddrInUse {
  try {
    return Deno.listen({ hostname, port, tcpBacklog: BACKLOG });
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return error;
    throw failure(error, hostname, port);
  }
}

function failure(error: unknown, hostname: string, port: number): ExitError {
  return new ExitError(EXIT.os, complaint(error, formatPlace(hostname, port)));
}

function complaint(error: unknown, place: string): string {
  if (error instanceof Deno.errors.NotCapable) {
    return `balance: no permission to listen on ${place}, needs --allow-net=${place}`;
  }
  const why = error instanceof Error ? error.message.replace(/ \(os error \d+\).*$/s, "") : "";
  return `balance: --http cannot listen on ${place}: ${why}`;
}

function formatPlace(hostname: string, port: number): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}
