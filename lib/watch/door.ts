/**
 * Who comes in by HTTP: a bounded number of connections, so that the descriptors of the process are left to traffic.
 *
 * | what | at most |
 * | --- | --- |
 * | new connections | 100, and then 25 a second; more wait in the system's queue |
 * | connections | 64; one more ends the one that has been without a request for longest, or waits in the system's queue |
 * | connections that were closed but not freed, for a client that does not read | 64; then nobody is accepted |
 * | time from the accept to the whole request | 5 s |
 *
 * @module
 */
import { close } from "../system/close.ts";
import { ConnectionStream } from "./connection.ts";
import { pause } from "../system/pause.ts";

/** What a door lets in. */
export interface DoorLimits {
  /** New connections a second. */
  readonly perSecond: number;
  /** New connections at once, after a while of fewer. */
  readonly burst: number;
  /** Connections at once. */
  readonly connections: number;
  /** Connections that are closed and not freed. */
  readonly unreleased: number;
  /** Time for a request, in ms. */
  readonly requestMs: number;
}

/** The limits of an instance. */
export const DOOR_LIMITS: DoorLimits = {
  perSecond: 25,
  burst: 100,
  connections: 64,
  unreleased: 64,
  requestMs: 5000,
};

/** Pause after a failed accept, in ms. */
const PAUSE_MS = 100;

/** Lets clients in. */
export class Door {
  readonly #listener: Deno.TcpListener;
  readonly #limits: DoorLimits;
  /** Live connections, the longest there first. */
  readonly #open: Set<ConnectionStream> = new Set();
  /** How many connections have a descriptor, live or not. */
  #held = 0;
  /** New connections that may come right now. */
  #allowance: number;
  /** When that was worked out, in ms. */
  #allowedAt = performance.now();
  #closed = false;
  #changed = Promise.withResolvers<void>();

  /** Takes over a listener. */
  constructor(listener: Deno.TcpListener, limits: DoorLimits = DOOR_LIMITS) {
    this.#listener = listener;
    this.#limits = limits;
    this.#allowance = limits.burst;
  }

  /**
   * Accepts until {@link close}, and goes on until the last client has left.
   *
   * @param admit Called with each client; must not throw.
   */
  async run(admit: (client: ConnectionStream) => void): Promise<void> {
    while (!this.#closed) {
      try {
        const early = this.#earlyMs();
        if (early > 0) await pause(early);
        else if (this.#full()) await this.#changed.promise;
        else this.#enter(await this.#listener.accept(), admit);
      } catch {
        // A client that is gone already, or no descriptor: neither is a reason to stop.
        if (!this.#closed) await pause(PAUSE_MS);
      }
    }
    while (this.#open.size > 0) await this.#changed.promise;
  }

  /** Whoever is inside has something to say to the door: there may be room. */
  announce(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }

  /** Stops listening, and ends the connections that have no request yet. */
  close(): void {
    this.#closed = true;
    close(this.#listener);
    for (const client of this.#open) if (client.asking) client.destroy();
    this.announce();
  }

  /** How much too early it is for another one, in ms. Accepting costs traffic's thread time, whoever it is for. */
  #earlyMs(): number {
    const { perSecond, burst } = this.#limits;
    const now = performance.now();
    const since = this.#allowance + (now - this.#allowedAt) * perSecond / 1000;
    this.#allowance = Math.min(burst, since);
    this.#allowedAt = now;
    return Math.max(0, Math.ceil((1 - this.#allowance) * 1000 / perSecond));
  }

  #full(): boolean {
    if (this.#held - this.#open.size >= this.#limits.unreleased) return true;
    return this.#open.size >= this.#limits.connections && this.#longestAsking() === undefined;
  }

  #longestAsking(): ConnectionStream | undefined {
    return this.#open.values().find(({ asking }) => asking);
  }

  /** Destroys a client. It is none from now on, although it is closed a moment later. */
  #drop(client: ConnectionStream | undefined): void {
    if (client === undefined) return;
    this.#open.delete(client);
    client.destroy();
  }

  #enter(connection: Deno.TcpConn, admit: (client: ConnectionStream) => void): void {
    if (this.#open.size >= this.#limits.connections) this.#drop(this.#longestAsking());
    this.#allowance--;
    const client = new ConnectionStream(connection);
    this.#open.add(client);
    this.#held++;
    client.expire(this.#limits.requestMs);
    client.once("close", () => {
      this.#open.delete(client);
      this.announce();
    });
    void client.released.then(() => {
      this.#held--;
      this.announce();
    });
    admit(client);
  }
}
