/**
 * One client that was let in, as operators see it and can end it.
 *
 * @module
 */
import { formatEndpoint } from "../../core/net/socket_address.ts";
import type { Phase } from "../../core/report/documents.ts";
import type { LiveConnection } from "../../core/report/live.ts";
import type { Attempt } from "../../core/session/attempt.ts";
import { close } from "../../system/close.ts";
import type { Guest } from "./entrance.ts";
import type { Queue } from "./queue.ts";
import type { Relay } from "./relay.ts";

/** One client, from where it was let in to its end. */
export class Session {
  /** Its bytes, once it has a server. */
  relay: Relay | undefined;
  /** Whether it waits for a channel. */
  queued = false;
  /** Whether it was ended from outside. */
  cut = false;
  /** Who it is. */
  readonly guest: Guest;
  /** Its way to a server. */
  readonly attempt: Attempt;
  readonly #acceptedMs: number;
  readonly #queue: Queue | undefined;
  /** Ends the wait that is under way. */
  #cutShort: (() => void) | undefined;

  /**
   * Knows a client.
   *
   * @param acceptedMs When it was accepted, on this thread's clock.
   * @param queue Where it may wait.
   */
  constructor(guest: Guest, attempt: Attempt, acceptedMs: number, queue: Queue | undefined) {
    this.guest = guest;
    this.attempt = attempt;
    this.#acceptedMs = acceptedMs;
    this.#queue = queue;
  }

  /** The channel that it has, over the whole table; undefined while it has none. */
  get slot(): number | undefined {
    return this.attempt.lease?.slot;
  }

  /** The client's address as text. */
  get address(): string {
    return this.guest.address;
  }

  /** Ends it. */
  end(): void {
    this.cut = true;
    if (this.relay !== undefined) return this.relay.end("ended by balance");
    if (this.queued) this.#queue?.end(this.guest.early());
    close(this.guest.stream);
    this.#cutShort?.();
  }

  /**
   * Waits for something that may last, such as a connect.
   *
   * @returns `undefined` as soon as the session is ended, whatever comes of it later.
   */
  async unlessCut<T>(work: Promise<T>): Promise<T | undefined> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#cutShort = () => resolve(undefined);
    return await Promise.race([work, promise]);
  }

  /** What is to be told of it. */
  view(nowMs: number): LiveConnection {
    const { lease } = this.attempt;
    const { relay } = this;
    return {
      client: this.guest.client,
      slot: lease?.slot,
      server: lease === undefined ? undefined : formatEndpoint(lease.endpoint),
      ageMs: nowMs - this.#acceptedMs,
      idleMs: nowMs - Math.max(this.#acceptedMs, relay?.lastByteMs ?? -Infinity),
      sent: relay?.sent ?? 0,
      received: relay?.received ?? 0,
      phase: this.#phase(),
    };
  }

  #phase(): Phase {
    if (this.relay === undefined) return this.queued ? "queued" : "connecting";
    return this.relay.halfClosed ? "half-closed" : "relaying";
  }
}
