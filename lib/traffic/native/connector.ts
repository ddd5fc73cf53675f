/**
 * Opening a connection to a server: its socket, its source address, its options.
 *
 * @module
 */
import type { PeerTimeouts } from "../../core/edge/peer_timeouts.ts";
import type { Lease } from "../../core/session/attempt.ts";
import type { ConnectFailure } from "../../core/session/cause.ts";
import { parseEndpoint } from "../../core/net/socket_address.ts";
import { ERRNO, FAMILY, LEVEL, OPTION } from "./abi.ts";
import { connectFailure } from "./failures.ts";
import type { Libc } from "./libc.ts";
import { setPeerTimeouts } from "./socket_options.ts";
import { makeTarget, type Target, Targets } from "./targets.ts";

/** What a begun connect came to. */
export type Begun =
  /** It is under way, or done: the socket will be told to be writable. */
  | { readonly kind: "begun"; readonly fd: number; readonly unix: boolean }
  | { readonly kind: "failed"; readonly reason: ConnectFailure };

/** How servers are connected to. */
export interface ConnectorOptions {
  /** Source address (`-B`), as text. */
  readonly source: string | undefined;
  /** How servers are noticed that have vanished. */
  readonly timeouts: PeerTimeouts;
}

/** Connects for one thread. */
export class Connector {
  readonly #libc: Libc;
  readonly #targets = new Targets();
  readonly #source: Target | undefined;
  readonly #timeouts: PeerTimeouts;

  /** Reads the options once. */
  constructor(libc: Libc, { source, timeouts }: ConnectorOptions) {
    this.#libc = libc;
    this.#source = source === undefined ? undefined : sourceTarget(source);
    this.#timeouts = timeouts;
  }

  /** Begins to connect to a lease's server. */
  begin({ endpoint }: Lease): Begun {
    const target = this.#targets.of(endpoint);
    if (target === undefined) return { kind: "failed", reason: "refused" };
    const fd = this.#libc.socket(target.family);
    if (fd < 0) return { kind: "failed", reason: connectFailure(-fd) };
    let errno = -1;
    try {
      errno = this.#open(fd, target);
    } finally {
      // A fault of this program's own leaves nothing open either.
      if (errno !== 0) this.#libc.close(fd);
    }
    return errno === 0
      ? { kind: "begun", fd, unix: target.family === FAMILY.unix }
      : { kind: "failed", reason: connectFailure(errno) };
  }

  /**
   * Binds, sets and connects; the error number, 0 if all is well so far.
   *
   * The confirmation of the server's answer is held back for the client's first message to carry ("Save one ACK" of Linux's
   * `tcp_rcv_synsent_state_process`): see {@link End.confirm}.
   */
  #open(fd: number, { family, address, length }: Target): number {
    const libc = this.#libc;
    if (family !== FAMILY.unix) {
      const errno = this.#bind(fd, family);
      if (errno !== 0) return errno;
      libc.setOption(fd, LEVEL.tcp, OPTION.tcp.quickAck, 0);
      setPeerTimeouts(libc, fd, this.#timeouts);
    }
    const result = libc.connect(fd, address, length);
    return result === 0 || result === -ERRNO.EINPROGRESS ? 0 : -result;
  }

  /** Binds to the source address, if it is of the family. One that is not local is ignored, as the classic does. */
  #bind(fd: number, family: number): number {
    const source = this.#source;
    if (source === undefined || source.family !== family) return 0;
    // The port is chosen when it is known what for, so that many servers can share one.
    this.#libc.setOption(fd, LEVEL.ip, OPTION.ip.bindAddressNoPort, 1);
    const result = this.#libc.bind(fd, source.address, source.length);
    return result === -ERRNO.EADDRINUSE ? ERRNO.EADDRINUSE : 0;
  }
}

function sourceTarget(source: string): Target | undefined {
  const host = source.includes(":") ? `[${source}]` : source;
  const endpoint = parseEndpoint(`${host}:0`);
  return endpoint === undefined ? undefined : makeTarget(endpoint);
}
