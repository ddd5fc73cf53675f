/**
 * An accept loop at a listener that a test makes.
 *
 * @module
 */
import { Acceptor } from "../../lib/traffic/deno/listener.ts";
import { eventually } from "../kit/wait.ts";

/** What a test's listener is made of. */
export interface FakeListener {
  accept(): Promise<Deno.TcpConn>;
  close(): void;
}

/** An acceptor with its loop running. */
export class AcceptLoop implements AsyncDisposable {
  /** Clients that were served and have not left. */
  clients: number;
  /** Clients that were served. */
  served = 0;
  /** Times that want of descriptors was told. */
  outOfDescriptors = 0;
  /** Times that the loop asked how many clients there are. */
  looks = 0;
  readonly acceptor: Acceptor;
  /** The loop. */
  readonly running: Promise<void>;

  /** @param clients How many there are at the start. */
  constructor(listener: FakeListener, clients = 0) {
    this.clients = clients;
    this.acceptor = new Acceptor(listener as unknown as Deno.TcpListener, {
      log: () => {},
      trace: undefined,
      outOfDescriptors: () => this.outOfDescriptors++,
    });
    this.running = this.acceptor.run(() => {
      this.clients++;
      this.served++;
    }, () => {
      this.looks++;
      return this.clients;
    });
  }

  /** Waits until the loop has looked a few times more whether it may accept. */
  async looksOn(): Promise<void> {
    const until = this.looks + 3;
    await eventually(() => this.looks >= until, "three looks");
  }

  /** Ends the loop. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.acceptor.close();
    await this.running;
  }
}
