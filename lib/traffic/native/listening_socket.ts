/**
 * The one listening socket of an instance, which all its threads accept from.
 *
 * It is the main thread's. It may have come from elsewhere, and may go on in another process when this one closes it: what
 * waits in its queue is lost only when nobody has it any more. While clients are to be refused it does not listen, and
 * keeps its address.
 *
 * @module
 */
import type { PeerTimeouts } from "../../core/edge/peer_timeouts.ts";
import { parseEndpoint } from "../../core/net/socket_address.ts";
import type { ListenAddress } from "../engine_config.ts";
import { errorText, FAMILY, LEVEL, OPTION, SOCK_STREAM } from "./abi.ts";
import type { Libc } from "./libc.ts";
import { proxyPeer, readPeer } from "./peer.ts";
import { resetPeerTimeouts, setPeerTimeouts } from "./socket_options.ts";
import { makeTarget } from "./targets.ts";

/** Longest queue of clients that wait to be accepted; the system cuts it to its own limit. */
const BACKLOG = 65535;

/** A socket, or why there is none, in few words. */
export type MaybeSocket = { readonly socket: ListeningSocket } | { readonly failure: string };

/** A listening socket. */
export class ListeningSocket {
  readonly #libc: Libc;
  #fd: number;

  private constructor(libc: Libc, fd: number) {
    this.#libc = libc;
    this.#fd = fd;
  }

  /** Listens at an address. */
  static bind(libc: Libc, address: ListenAddress): MaybeSocket {
    const host = address.hostname.includes(":") ? `[${address.hostname}]` : address.hostname;
    const endpoint = parseEndpoint(`${host}:${address.port}`);
    if (endpoint === undefined) return { failure: "bind(): not an address" };
    const target = makeTarget(endpoint);
    const fd = libc.socket(target.family);
    if (fd < 0) return { failure: `socket(): ${errorText(-fd)}` };
    libc.setOption(fd, LEVEL.socket, OPTION.socket.reuseAddress, 1);
    const bound = libc.bind(fd, target.address, target.length);
    const listening = bound < 0 ? bound : libc.listen(fd, BACKLOG);
    if (listening === 0) return { socket: new ListeningSocket(libc, fd) };
    libc.close(fd);
    return { failure: `bind(): ${errorText(-listening)}` };
  }

  /**
   * Takes a socket that somebody else has made, who may have it still; nothing about it is changed but how it is read.
   *
   * @param fd Its descriptor here; closed if it will not do.
   * @param address What it must listen on: the port, and IPv4 or IPv6.
   * @param anyFamily Whether it may be of either.
   */
  static adopt(
    libc: Libc,
    fd: number,
    { hostname, port }: ListenAddress,
    anyFamily: boolean,
  ): MaybeSocket {
    const ipv6 = anyFamily ? undefined : hostname.includes(":");
    const why = whyNot(libc, fd, { ipv6, port });
    if (why === undefined) return { socket: new ListeningSocket(libc, fd) };
    libc.close(fd);
    return { failure: why };
  }

  /** Its descriptor; -1 when it is closed. */
  get fd(): number {
    return this.#fd;
  }

  /**
   * Has its clients be as an engine wants them, who inherit this: set once rather than for each of them. What another process
   * wanted before counts no more.
   */
  prepare(timeouts: PeerTimeouts): void {
    this.#libc.setOption(this.#fd, LEVEL.socket, OPTION.socket.keepAlive, 1);
    this.#libc.setOption(this.#fd, LEVEL.tcp, OPTION.tcp.noDelay, 1);
    resetPeerTimeouts(this.#libc, this.#fd);
    setPeerTimeouts(this.#libc, this.#fd, timeouts);
  }

  /**
   * Listens, if it does not.
   *
   * @throws {Error} When the port has been taken meanwhile.
   */
  open(): void {
    if (this.#fd < 0) return;
    const result = this.#libc.listen(this.#fd, BACKLOG);
    if (result < 0) throw new Error(`listen(): ${errorText(-result)}`);
  }

  /** Refuses clients, those too that wait, until it is {@link open} again. */
  shut(): void {
    if (this.#fd >= 0) this.#libc.stopListening(this.#fd);
  }

  /** Gives it up; whoever has it too goes on. */
  close(): void {
    if (this.#fd >= 0) this.#libc.close(this.#fd);
    this.#fd = -1;
  }
}

function whyNot(
  libc: Libc,
  fd: number,
  { ipv6, port }: { readonly ipv6: boolean | undefined; readonly port: number },
): string | undefined {
  if (libc.option(fd, LEVEL.socket, OPTION.socket.type) !== SOCK_STREAM) {
    return "it is no socket for connections";
  }
  if (libc.localAddress(fd) < 0) return "it has no address";
  const family = libc.address[0];
  if (family !== FAMILY.ipv4 && family !== FAMILY.ipv6) return "it is no TCP socket";
  const its = proxyPeer(readPeer(libc.address)).port;
  if (its !== port) return `it has port ${its}, not ${port}`;
  if (ipv6 !== undefined && (family === FAMILY.ipv6) !== ipv6) {
    return family === FAMILY.ipv6 ? "it is of IPv6, which takes -6" : "it is of IPv4";
  }
  return libc.adopt(fd) < 0 ? "it cannot be used without blocking" : undefined;
}
