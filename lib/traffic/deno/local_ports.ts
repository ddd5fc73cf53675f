/**
 * Want of local ports: told once, and those who want one wait.
 *
 * @module
 */
import { Ticker, type Ticking } from "./ticker.ts";
import type { LineWriter } from "../../core/events.ts";

/** Time without want after which the next want is news, in seconds. */
const EPISODE_SECONDS = 60;

/** Tells of the want of one thread, and when it is worth trying again. */
export class PortWatch implements Ticking {
  readonly #ticker: Ticker;
  readonly #writer: LineWriter;
  #next: PromiseWithResolvers<void> | undefined;
  /** Tick at which there was none the last time. */
  #wanted = -Infinity;

  /** Nothing is watched before the first want. */
  constructor(ticker: Ticker, writer: LineWriter) {
    this.#ticker = ticker;
    this.#writer = writer;
  }

  /** There was no port: resolves on the next tick. Accepting goes on: another server's address may have ports left. */
  wait(): Promise<void> {
    this.#ticker.watch(this);
    const { now } = this.#ticker;
    if (now - this.#wanted > Ticker.ticks(EPISODE_SECONDS)) {
      this.#writer.log("warning", "out of local ports: connects wait until some are free");
    }
    this.#wanted = now;
    this.#next ??= Promise.withResolvers();
    return this.#next.promise;
  }

  /** Lets everybody try again. */
  onTick(): void {
    this.#ticker.unwatch(this);
    this.#next?.resolve();
    this.#next = undefined;
  }
}
