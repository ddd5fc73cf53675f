/**
 * Want of local ports: told once an episode.
 *
 * @module
 */
import type { LineWriter } from "../../core/events.ts";

/** Time without want after which the next want is news, in ms. */
const EPISODE_MS = 60_000;

/** Tells of the want of one thread. */
export class PortWatch {
  readonly #writer: LineWriter;
  #wantedMs = -Infinity;

  /** Tells it to a log. */
  constructor(writer: LineWriter) {
    this.#writer = writer;
  }

  /** There was no port at this time. */
  wanted(nowMs: number): void {
    if (nowMs - this.#wantedMs > EPISODE_MS) {
      this.#writer.log("warning", "out of local ports: connects wait until some are free");
    }
    this.#wantedMs = nowMs;
  }
}
