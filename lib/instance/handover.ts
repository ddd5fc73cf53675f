/**
 * Handing over to an instance that takes this one's place, as the old one sees it.
 *
 * Until the new one says that it is done everything can be taken back, and is when its connection ends: whatever becomes of
 * it, one of the two serves.
 *
 * @module
 */
import type { Successor } from "../control/server.ts";
import type { TakeoverOrder } from "../core/control/takeover.ts";
import type { LineWriter } from "../core/events.ts";
import type { Offer } from "../traffic/native/passing.ts";

/** What handing over does to the instance. */
export interface HandoverParts {
  /** Sends the listening socket; returns why it cannot. */
  send(offer: Offer): string | undefined;
  /** Somebody is about to take the control socket's name: that is no loss. */
  expect(): void;
  /** Gives the HTTP port up. */
  release(): void;
  /** Takes the control socket's name and the HTTP port again. */
  restore(): void;
  /** This process serves no more clients than it has, and another one does. */
  finish(): Promise<void>;
  /** The other process is the service from now on. */
  leave(pid: number): Promise<void>;
  /** Told of it. */
  readonly log: LineWriter;
}

/** Hands over to one at a time. */
export class Handover {
  readonly #parts: HandoverParts;
  #busy = false;
  #over = false;
  readonly #settled = Promise.withResolvers<void>();

  /** Nobody wants it yet. */
  constructor(parts: HandoverParts) {
    this.#parts = parts;
  }

  /** Resolves when nothing of a takeover is left to be done by this process. */
  get settled(): Promise<void> {
    return this.#over ? this.#settled.promise : Promise.resolve();
  }

  /** Somebody who may want it has connected. */
  successor(): Successor {
    let pid: number | undefined;
    return {
      obey: async (order) => {
        if (order.kind === "offer") {
          if (pid !== undefined || this.#busy) return "another takeover of it is under way";
          const why = this.#offer(order);
          if (why === undefined) pid = order.pid;
          return why;
        }
        if (pid === undefined) return "it has not been asked for its socket";
        if (order.kind === "release") this.#parts.release();
        else if (order.kind === "done") await this.#finish(pid);
        else await this.#leave(pid);
        return undefined;
      },
      gone: () => {
        if (pid === undefined) return;
        if (this.#over) void this.#leave(pid);
        else this.#abandon(pid);
      },
    };
  }

  #offer(offer: TakeoverOrder & { kind: "offer" }): string | undefined {
    if (this.#over) return "it is draining";
    const why = this.#parts.send(offer);
    if (why !== undefined) return why;
    this.#busy = true;
    this.#parts.expect();
    return undefined;
  }

  async #finish(pid: number): Promise<void> {
    this.#over = true;
    this.#parts.log.log("notice", "process {pid} has taken over: draining", { pid });
    await this.#parts.finish();
  }

  async #leave(pid: number): Promise<void> {
    if (!this.#over || !this.#busy) return;
    this.#busy = false;
    await this.#parts.leave(pid);
    this.#settled.resolve();
  }

  #abandon(pid: number): void {
    this.#busy = false;
    this.#parts.log.log("warning", "process {pid} has given up taking over", { pid });
    this.#parts.restore();
  }
}
