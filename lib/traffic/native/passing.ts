/**
 * A descriptor that goes to another process of this machine: whoever wants it offers a place, whoever has it sends it there.
 *
 * The place is a Unix socket with a name outside the file system, which lasts as long as it is open and is seen in its
 * network namespace only. Anybody there may connect to it, so what comes counts only with the secret that the sender was
 * told in private; and the sender looks whose the place is before it sends.
 *
 * @module
 */
import { FAMILY } from "./abi.ts";
import type { Libc } from "./libc.ts";

/** A place and its secret, as the sender is told them. */
export interface Offer {
  /** The name of the place. */
  readonly name: string;
  /** What must come with the descriptor. */
  readonly secret: string;
}

/** A descriptor, and what its sender has to say of it. */
export interface Passed {
  /** The descriptor here. */
  readonly descriptor: number;
  /** The text. */
  readonly text: string;
}

/** Senders that may wait, most of whom would be strangers. */
const BACKLOG = 16;

/** A place where a descriptor may come. */
export class Reception implements Disposable {
  /** What the sender is told. */
  readonly offer: Offer;
  readonly #libc: Libc;
  readonly #fd: number;

  /**
   * Opens one; its name and secret cannot be guessed.
   *
   * @throws {Error} When the system refuses.
   */
  constructor(libc: Libc) {
    this.#libc = libc;
    this.offer = { name: `balance-${crypto.randomUUID()}`, secret: crypto.randomUUID() };
    const address = addressOf(this.offer.name);
    this.#fd = libc.socket(FAMILY.unix);
    const bound = this.#fd < 0 ? this.#fd : libc.bind(this.#fd, address, address.length);
    const listening = bound < 0 ? bound : libc.listen(this.#fd, BACKLOG);
    if (listening === 0) return;
    this[Symbol.dispose]();
    throw new Error(`no socket to receive with: error ${-listening}`);
  }

  /** The descriptor that was sent with the secret, if one was; whatever else came is closed. */
  take(): Passed | undefined {
    for (let fd = this.#libc.accept4(this.#fd); fd >= 0; fd = this.#libc.accept4(this.#fd)) {
      const message = this.#libc.receiveDescriptor(fd);
      this.#libc.close(fd);
      if (typeof message === "number" || message.descriptor === undefined) continue;
      const { descriptor, text } = message;
      const { length } = this.offer.secret;
      if (text.slice(0, length) === this.offer.secret) {
        return { descriptor, text: text.slice(length) };
      }
      this.#libc.close(descriptor);
    }
    return undefined;
  }

  /** Closes it. */
  [Symbol.dispose](): void {
    if (this.#fd >= 0) this.#libc.close(this.#fd);
  }
}

/**
 * Sends a descriptor to a place that this user or root has opened; it stays open here too.
 *
 * @returns Why it cannot; undefined if it was sent.
 */
export function sendTo(
  libc: Libc,
  { name, secret }: Offer,
  { descriptor, text }: Passed,
  uid: number,
): string | undefined {
  const address = addressOf(name);
  const fd = libc.socket(FAMILY.unix);
  if (fd < 0) return `no socket: error ${-fd}`;
  try {
    const connected = libc.connect(fd, address, address.length);
    if (connected < 0) return "its end cannot be reached, as from another network namespace";
    const owner = libc.peerUser(fd);
    if (owner !== uid && owner !== 0) return "its end is another user's";
    const sent = libc.sendDescriptor(fd, descriptor, `${secret}${text}`);
    return sent < 0 ? `not sent: error ${-sent}` : undefined;
  } finally {
    libc.close(fd);
  }
}

/** The socket address of a name outside the file system. */
function addressOf(name: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.of(FAMILY.unix, 0, 0, ...new TextEncoder().encode(name));
}
