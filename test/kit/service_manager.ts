/**
 * A service manager, as far as a service sees it.
 *
 * @module
 */
import { eventually } from "./wait.ts";

/** A service manager's end of the protocol. */
export class Manager implements AsyncDisposable {
  /** What it was told, one message each. */
  readonly messages: string[] = [];
  /** Where its socket is. */
  readonly path: string;
  readonly #socket: Deno.DatagramConn;
  readonly #reading: Promise<void>;

  /** Listens in a folder. */
  constructor(folder: string) {
    this.path = `${folder}/notify`;
    this.#socket = Deno.listenDatagram({ transport: "unixpacket", path: this.path });
    this.#reading = this.#read();
  }

  /** The environment that a service of it has. */
  get env(): Readonly<Record<string, string>> {
    return { NOTIFY_SOCKET: this.path };
  }

  /** Waits until it is told a line, and returns the message. */
  async until(line: RegExp): Promise<string> {
    const found = (): string | undefined => this.messages.find((each) => line.test(each));
    await eventually(() => found() !== undefined, `${line} in ${JSON.stringify(this.messages)}`);
    return found() ?? "";
  }

  /** Hears nothing more. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    await this.#reading;
  }

  async #read(): Promise<void> {
    for await (const [bytes] of this.#socket) this.messages.push(new TextDecoder().decode(bytes));
  }
}
