/**
 * A receiver at the case's own /dev/log.
 *
 * @module
 */
import { toText } from "./bytes.ts";

const PATH = "/dev/log";

/** Keeps the messages it receives. */
export class SyslogReceiver {
  readonly #messages: string[] = [];

  /** Begins to receive. */
  static start(): SyslogReceiver {
    const receiver = new SyslogReceiver();
    const socket = Deno.listenDatagram({ transport: "unixpacket", path: PATH });
    Deno.chmodSync(PATH, 0o666);
    receiver.#receive(socket).catch(() => {});
    return receiver;
  }

  /** The messages so far, one a line. */
  text(): string {
    return this.#messages.join("\n");
  }

  async #receive(socket: Deno.DatagramConn): Promise<void> {
    for await (const [message] of socket) {
      this.#messages.push(toText(message).replace(/[\n\0]+$/, ""));
    }
  }
}
