/**
 * Want of local ports: told once, and those who want one wait.
 *
 * @module
 */
import { Clock, type Watched } from "./ticker.ts";
import type { LineWriter } from "../../core/events.ts";

/** Time without want after which the next want is news, in seconds. */
const EPISODE_SECONDS = 60;

/** Tells of the want of one thread, and when it is worth trying again. */
export class PortWatch implements Watched {
  readonly #clock: Clock;
  readonly #writer: LineWriter;
  #next: PromiseWithResolvers<void> | undefined;
  /** Beat at which there was none the last time. */
  #wanted = -Infinity;

  /** Nothing is watched before the first want. */
  constructor(clock: Clock, writer: LineWriter) {
    this.#clock = clock;
    this.#writer = writer;
  }

  /** There was no port: resolves on the next beat. Accepting goes on: another server's address may have ports left. */
  wait(): Promise<void> {
    const { now } = this.#clock;
    if (now - this.#wanted > Clock.beats(EPISODE_SECONDS)) {
      this.#writer.log("warning", "out of local ports: connects wait until some are free");
    }
    this.#wanted = now;
    this.#clock.watched.add(this);
    this.#next ??= Promise.withResolvers();
    return this.#next.promise;
  }

  /** Lets everybody try again. */
  beat(): void {
    this.#clock.watched.delete(this);
    this.#next?.resolve();
    this.#next = undefined;
  }
}
