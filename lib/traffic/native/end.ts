/**
 * One end of a connection: its socket, and what is known of it.
 *
 * @module
 */
import {
  EPOLLERR,
  EPOLLHUP,
  EPOLLIN,
  EPOLLOUT,
  EPOLLPRI,
  EPOLLRDHUP,
  LEVEL,
  OPTION,
} from "./abi.ts";
import type { Chunk } from "./chunks.ts";
import type { Libc } from "./libc.ts";
import type { Poller, Watched } from "./poller.ts";

/** Which end it is. */
export type Side = "client" | "server";

/** Everything that can be told of a socket. */
const ALL = EPOLLIN | EPOLLPRI | EPOLLOUT | EPOLLRDHUP;
/** What says that its peer sends nothing more. */
const LAST = EPOLLRDHUP | EPOLLHUP | EPOLLERR;

/** Bytes that fit into a segment on any network (RFC 9293, section 3.7.1). */
const LEAST_SEGMENT = 536;

/** Who is told of an end's events. */
export interface EndOwner {
  /** Something has happened to one of its sockets; the end's flags say so already. */
  onEnd(end: End, events: number): void;
  /** A fault of this program's own came of it: gives everything up that belongs to it. */
  onFault(): void;
}

/** One end of a connection. */
export class End implements Watched {
  /** Which end it is. */
  readonly side: Side;
  /** Its descriptor. */
  readonly fd: number;
  /** Whether there may be something to receive. */
  readable = false;
  /** Whether its peer has sent all that it will: what is there is read to its end. */
  last = false;
  /**
   * Whether what is there is all in one piece, with the end of file behind it: who receives less than was asked for has
   * received the end of file too. An urgent byte would part it.
   */
  whole = false;
  /** Whether nothing more comes: its end of file or its failure was read. */
  ended = false;
  /** Whether nothing can be sent to it any more. */
  failed = false;
  /** Whether a send was told that its peer has reset it, before it had sent an end of file. */
  reset = false;
  /** Whether it was sent the end of file. */
  shut = false;
  /** What its socket has not taken yet. */
  out: Chunk | undefined;
  readonly #owner: EndOwner;
  readonly #unix: boolean;
  #prompt: boolean;
  /** Whether its peer's answer to the connect waits for a message to carry its confirmation. */
  #held: boolean;
  /** Whether it was sent nothing yet. */
  #fresh = true;
  #watched = false;
  #open = true;

  /**
   * An end with an open socket, of which nothing is told yet.
   *
   * @param unix Whether it is a Unix socket, which has none of TCP's options.
   */
  constructor(side: Side, fd: number, owner: EndOwner, unix = false) {
    this.side = side;
    this.fd = fd;
    this.#owner = owner;
    this.#unix = unix;
    // A client's socket has its options from the listening one.
    this.#held = !unix && side === "server";
    this.#prompt = !this.#held;
  }

  /**
   * Has its events told from now on; once.
   *
   * @returns 0, or a negated error number.
   */
  watch(poller: Poller): number {
    if (this.#watched) return 0;
    this.#watched = true;
    return poller.add(this.fd, ALL, this);
  }

  /**
   * Has short messages sent at once from now on (`TCP_NODELAY`); to be called before bytes are sent.
   *
   * The first message of a connection goes at once anyway if it is one segment. Many connections have no second one, which
   * saves them a call.
   */
  beforeSend(libc: Pick<Libc, "setOption">, bytes: number): void {
    if (this.#prompt) return;
    const first = this.#fresh;
    this.#fresh = false;
    if (first && bytes <= LEAST_SEGMENT) return;
    this.#prompt = true;
    libc.setOption(this.fd, LEVEL.tcp, OPTION.tcp.noDelay, 1);
  }

  /** Whether a server that speaks first would still wait for {@link confirm}. */
  get unconfirmed(): boolean {
    return this.#held && this.#fresh;
  }

  /**
   * Confirms a new connection to its server, if no message has done that; a server that speaks first waits for it.
   *
   * The connection was made with that held back, as most clients have spoken by now, which saves a packet.
   */
  confirm(libc: Pick<Libc, "setOption">): void {
    if (!this.unconfirmed) return;
    this.#held = false;
    libc.setOption(this.fd, LEVEL.tcp, OPTION.tcp.quickAck, 1);
  }

  /** Has it noticed that its peer has vanished; to be called when a connection lasts. */
  keepAlive(libc: Pick<Libc, "setOption">): void {
    if (this.#unix) return;
    libc.setOption(this.fd, LEVEL.socket, OPTION.socket.keepAlive, 1);
  }

  /** Closes its socket; once, as the number may be another one's soon. */
  close(poller: Poller): void {
    if (!this.#open) return;
    this.#open = false;
    poller.close(this.fd);
  }

  /** As {@link Watched}. */
  onEvents(events: number): void {
    if ((events & ~EPOLLOUT) !== 0) this.readable = true;
    if ((events & LAST) !== 0) this.last = true;
    this.whole = (events & (LAST | EPOLLPRI)) === EPOLLRDHUP && !this.#unix;
    this.#owner.onEnd(this, events);
  }

  /** As {@link Watched}. */
  onFault(): void {
    this.#owner.onFault();
  }
}
