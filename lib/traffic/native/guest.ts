/**
 * Who a client is: by its socket, or by what its PROXY header named. Text is made when it is asked for.
 *
 * @module
 */
import { formatPeer, formatSocketEnd, type Origin } from "../../core/edge/origin.ts";
import { formatAddress } from "../../core/net/ip_address.ts";
import type { Subject } from "../session_log.ts";
import type { Libc } from "./libc.ts";
import { hostOf, type Peer, SocketOrigin } from "./peer.ts";

/** A client. */
export class Guest implements Subject {
  readonly #libc: Libc;
  readonly #fd: number;
  readonly #peer: Peer;
  #origin: Origin | undefined;

  /** Knows a client by its socket. */
  constructor(libc: Libc, fd: number, peer: Peer) {
    this.#libc = libc;
    this.#fd = fd;
    this.#peer = peer;
  }

  /** The socket's address as the runtime prints it. */
  get host(): string {
    return hostOf(this.#peer);
  }

  /** Its address as text, by which hash groups choose. */
  get address(): string {
    const learnt = this.#learnt;
    return learnt === undefined ? this.host : formatAddress(learnt.client.address);
  }

  /** Address and port, for the log. */
  get client(): string {
    const learnt = this.#learnt;
    return learnt === undefined ? this.#socket : formatPeer(learnt.client);
  }

  /** The peer that has said so. */
  get proxy(): string | undefined {
    return this.#learnt === undefined ? undefined : this.#socket;
  }

  /** Where it comes from and what it connected to; to be asked for while its socket is open. */
  get origin(): Origin {
    return this.#origin ??= new SocketOrigin(this.#libc, this.#fd, this.#peer);
  }

  /** Takes over what a header named. */
  learn(origin: Origin): void {
    this.#origin = origin;
  }

  get #learnt(): Origin | undefined {
    return this.#origin?.proxy === undefined ? undefined : this.#origin;
  }

  get #socket(): string {
    return formatSocketEnd({ hostname: this.host, port: this.#peer.port });
  }
}
