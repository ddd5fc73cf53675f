/**
 * Sending to the local syslog daemon.
 *
 * @module
 */
import { openDatagramSocket } from "../system/datagram.ts";

/** The local syslog socket. */
export const SYSLOG_SOCKET = "/dev/log";

const IDENT = "Balance";
/** Facility `daemon`, shifted to its place in the priority. */
const FACILITY = 3 << 3;
/** Severity `warning`. */
const WARNING = 4;
/** Text that may wait for a slow daemon, in characters; as much as for a slow reader of stderr. */
const LIMIT = 8 * 1024 * 1024;

/** Writes a message in the form that local syslog daemons read. */
export function formatSyslog(severity: number, time: Date, pid: number, text: string): string {
  const month = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ")[time.getMonth()];
  const day = String(time.getDate()).padStart(2);
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()]
    .map((part) => String(part).padStart(2, "0")).join(":");
  return `<${FACILITY | severity}>${month} ${day} ${clock} ${IDENT}[${pid}]: ${text}`;
}

/** A way to the syslog daemon that never waits and never throws. */
export class Syslog {
  readonly #socket: Deno.DatagramConn;
  readonly #to: Deno.Addr;
  readonly #limit: number;
  readonly #encoder = new TextEncoder();
  #waiting: string[] = [];
  /** Characters of all messages that are not sent yet. */
  #length = 0;
  /** Messages that were not sent and that the daemon has not been told of. */
  #lost = 0;
  #sending: Promise<void> | undefined;

  /**
   * Opens the sending socket.
   *
   * @param folder Where it may be made for a moment: it needs a name to exist.
   * @param path The daemon's socket.
   * @param limit Text that may wait, in characters.
   * @throws What making the socket fails with.
   */
  constructor(folder: string, path: string = SYSLOG_SOCKET, limit: number = LIMIT) {
    this.#socket = openDatagramSocket(folder);
    this.#to = { transport: "unixpacket", path };
    this.#limit = limit;
  }

  /** Sends one message behind what is waiting; one for which there is no room is lost, and counted. */
  send(severity: number, text: string): void {
    const message = formatSyslog(severity, new Date(), Deno.pid, text);
    if (this.#length + message.length > this.#limit) {
      this.#lost++;
      return;
    }
    this.#waiting.push(message);
    this.#length += message.length;
    this.#sending ??= this.#sendAll();
  }

  /** Resolves when nothing waits any more. Never rejects; takes for ever while the daemon reads nothing. */
  async flush(): Promise<void> {
    await this.#sending;
  }

  /** Closes the socket. */
  close(): void {
    this.#socket.close();
  }

  async #sendAll(): Promise<void> {
    while (this.#waiting.length > 0) {
      let taken = false;
      for (const message of this.#waiting.splice(0)) {
        // The socket takes one message at a time.
        taken = await this.#deliver(message);
        this.#length -= message.length;
        if (!taken) this.#lost++;
      }
      // With half of the room free again it flows; before that the next loss may be near.
      if (taken && this.#lost > 0 && this.#length <= this.#limit / 2) await this.#tellLoss();
    }
    this.#sending = undefined;
  }

  async #tellLoss(): Promise<void> {
    const told = this.#lost;
    const message = formatSyslog(WARNING, new Date(), Deno.pid, `log lines lost: ${told}`);
    if (await this.#deliver(message)) this.#lost -= told;
  }

  /** Whether the daemon has got the message. */
  async #deliver(message: string): Promise<boolean> {
    try {
      await this.#socket.send(this.#encoder.encode(message), this.#to);
      return true;
    } catch {
      return false;
    }
  }
}
