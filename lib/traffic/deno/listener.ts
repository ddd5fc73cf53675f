/**
 * The listening socket: binding it, and an accept loop that outlives bad clients.
 *
 * @module
 */
import { EXIT, ExitError } from "../../core/errors.ts";
import { close } from "../../system/close.ts";
import { isExhausted } from "../../system/error_codes.ts";
import type { Reporter } from "../../core/events.ts";
import type { ListenAddress } from "../engine_config.ts";
import type { Places } from "../places.ts";

/** Longest queue of clients that wait to be accepted; the system cuts it to its own limit. */
const BACKLOG = 65535;
/** Pause before another accept when descriptors are out, in ms. */
const PAUSE_MS = 100;
/** Time after which it is tried again whether there are more descriptors, in ms. */
const EPISODE_MS = 5000;
/** By how many clients the number falls below the one at which descriptors ran out. */
const SPARE_CLIENTS = 4;
/** Failures in a row after which the loop pauses, whatever they are. */
const FAILURES_TO_PAUSE = 100;

/**
 * Binds the listening socket.
 *
 * @param reusePort Whether several workers share the address.
 * @throws {ExitError} 71 with the classic's text.
 */
export function bind(address: ListenAddress, reusePort: boolean): Deno.TcpListener {
  try {
    return Deno.listen({ ...address, tcpBacklog: BACKLOG, ...(reusePort ? { reusePort } : {}) });
  } catch (error) {
    throw new ExitError(EXIT.os, bindMessage(error, address));
  }
}

function bindMessage(error: unknown, address: ListenAddress): string {
  if (error instanceof Deno.errors.NotCapable) {
    return `balance: no permission to listen on ${address.hostname}:${address.port}, ` +
      `needs --allow-net=${address.hostname}:${address.port}`;
  }
  const text = error instanceof Error ? error.message.replace(/ \(os error \d+\).*$/s, "") : "";
  return `bind(): ${text}`;
}

/** Accepting, with its pauses. */
export class Acceptor {
  readonly #listener: Deno.TcpListener;
  readonly #reporter: Reporter;
  readonly #places: Places | undefined;
  #closed = false;
  #paused: Promise<void> | undefined;
  /** When descriptors were last found to be out, in ms. */
  #exhaustedAt = -Infinity;
  /** Clients that were served then, less some: so many leave descriptors for other things. */
  #capacity = Infinity;
  /** Ends the wait for a client to leave. */
  #left: (() => void) | undefined;
  #clients: () => number = () => 0;

  /**
   * Takes over a bound listener; {@link close} closes it.
   *
   * @param places One is taken for each client, if their number is limited; whoever serves a client gives it back.
   */
  constructor(listener: Deno.TcpListener, reporter: Reporter, places?: Places) {
    this.#listener = listener;
    this.#reporter = reporter;
    this.#places = places;
  }

  /**
   * Accepts until closed. One client's failure never ends the loop; without descriptors it pauses.
   *
   * @param serve Called with each client; must not throw.
   * @param clients How many are served now.
   */
  async run(serve: (client: Deno.TcpConn) => void, clients: () => number): Promise<void> {
    this.#clients = clients;
    let failures = 0;
    while (!this.#closed) {
      if (this.#paused !== undefined) await this.#paused;
      try {
        if (this.#full()) await this.#room();
        else if (this.#places?.free === false) await this.#places.changed();
        else await this.#seat(await this.#listener.accept(), serve);
        failures = 0;
      } catch (error) {
        if (error instanceof Deno.errors.BadResource) return;
        if (error instanceof Deno.errors.Interrupted) return;
        if (isExhausted(error)) await this.outOfDescriptors();
        else if (++failures % FAILURES_TO_PAUSE === 0) await this.#pause();
      }
    }
  }

  /** Descriptors have run out: holds accepting back for a moment, and at fewer clients than now for a while. */
  outOfDescriptors(): Promise<void> {
    this.#exhaustedAt = performance.now();
    this.#capacity = Math.max(1, Math.min(this.#capacity, this.#clients() - SPARE_CLIENTS));
    this.#reporter.outOfDescriptors();
    return this.#pause();
  }

  /** Descriptors are out somewhere in this process: no more clients than now are served for a while. */
  hold(): void {
    this.#exhaustedAt = performance.now();
    if (this.#capacity === Infinity) this.#capacity = Math.max(1, this.#clients());
  }

  /** A client has left, so that there may be room for another one. */
  clientLeft(): void {
    this.#left?.();
  }

  /** Stops listening; {@link run} then ends. */
  close(): void {
    this.#closed = true;
    close(this.#listener);
  }

  /** Serves a client; one that another thread was faster than waits for a place, and nobody is accepted meanwhile. */
  async #seat(client: Deno.TcpConn, serve: (client: Deno.TcpConn) => void): Promise<void> {
    const places = this.#places;
    while (places?.take() === false) {
      if (this.#closed) return close(client);
      await places.changed();
    }
    serve(client);
  }

  #full(): boolean {
    if (this.#capacity === Infinity) return false;
    if (performance.now() - this.#exhaustedAt > EPISODE_MS) this.#capacity = Infinity;
    return this.#clients() >= this.#capacity;
  }

  /** Waits until a client leaves, a moment at most. */
  async #room(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, PAUSE_MS);
    this.#left = resolve;
    await promise;
    clearTimeout(timer);
  }

  #pause(): Promise<void> {
    this.#paused ??= new Promise((resolve) => {
      setTimeout(() => {
        this.#paused = undefined;
        resolve();
      }, PAUSE_MS);
    });
    return this.#paused;
  }
}
