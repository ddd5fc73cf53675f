/**
 * The packet dump's way to stdout: whole records, in order, never in the way of traffic.
 *
 * @module
 */
import { type Direction, formatEnd, formatRecord } from "./core/dump.ts";
import type { Reporter } from "./events.ts";
import type { Stream } from "./relay.ts";

/** Text that may wait for a slow reader, in characters; what comes on top is left out. */
const BACKLOG = 8 * 1024 * 1024;

/** Where text goes; stdout is one. */
export interface Sink {
  /** Writes some bytes. */
  write(bytes: Uint8Array): Promise<number>;
}

/** Writes records of many connections to one sink. */
export class Dump {
  readonly #sink: Sink;
  readonly #reporter: Reporter;
  readonly #encoder = new TextEncoder();
  #waiting = "";
  #writing: Promise<void> | undefined;
  #broken = false;

  /** Starts a dump to a sink; a reader that is too slow or gone is told to the log, once. */
  constructor(sink: Sink, reporter: Reporter) {
    this.#sink = sink;
    this.#reporter = reporter;
  }

  /** Wraps both ends of a connection so that what is read from them is dumped. */
  tap(client: Stream, server: Stream): [Stream, Stream] {
    const end = { seen: false };
    return [this.#tapOne(client, "sent", end), this.#tapOne(server, "received", end)];
  }

  #tapOne(stream: Stream, direction: Direction, end: { seen: boolean }): Stream {
    const finish = (failed: boolean): void => {
      // Only the side that ended first is reported.
      if (!end.seen) this.#put(formatEnd(direction, failed));
      end.seen = true;
    };
    return {
      read: async (buffer) => {
        try {
          const count = await stream.read(buffer);
          if (count === null) finish(false);
          else this.#put(formatRecord(direction, buffer.subarray(0, count)));
          return count;
        } catch (error) {
          if (!(error instanceof Deno.errors.Interrupted)) finish(true);
          throw error;
        }
      },
      write: (bytes) => stream.write(bytes),
      closeWrite: () => stream.closeWrite(),
      close: () => {
        // An end that the relay itself decides is in no record.
        end.seen = true;
        stream.close();
      },
    };
  }

  #put(record: string): void {
    if (this.#broken) return;
    if (this.#waiting.length + record.length > BACKLOG) {
      this.#stop("packet dump stopped: its reader is too slow");
      return;
    }
    this.#waiting += record;
    this.#writing ??= this.#write();
  }

  async #write(): Promise<void> {
    try {
      while (this.#waiting !== "") {
        let bytes = this.#encoder.encode(this.#waiting);
        this.#waiting = "";
        while (bytes.length > 0) bytes = bytes.subarray(await this.#sink.write(bytes));
      }
    } catch {
      this.#stop("packet dump stopped: its reader is gone");
    }
    this.#writing = undefined;
  }

  #stop(why: string): void {
    if (this.#broken) return;
    this.#broken = true;
    this.#waiting = "";
    this.#reporter.log("warning", why);
  }
}
