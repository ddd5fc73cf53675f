/**
 * The packet dump's way to stdout: whole records, in order, never in the way of traffic.
 *
 * @module
 */
import { type Direction, formatEnd, formatRecord } from "../../core/dump.ts";
import { type ByteSink, OutputQueue } from "../../system/output_queue.ts";
import type { LineWriter } from "../../core/events.ts";
import type { Stream } from "./stream.ts";

/** Writes records of many connections to one sink. */
export class Dump {
  readonly #queue: OutputQueue;

  /** Starts a dump to a sink; a reader that is too slow or gone is told to the log, once. */
  constructor(sink: ByteSink, log: LineWriter) {
    this.#queue = new OutputQueue(sink, (why) => {
      log.log(
        "warning",
        `packet dump stopped: its reader is ${why === "slow" ? "too slow" : "gone"}`,
      );
    });
  }

  /** Wraps both ends of a connection so that what is read from them is dumped. */
  tap(client: Stream, server: Stream): [Stream, Stream] {
    const end = { seen: false };
    return [this.#tapOne(client, "sent", end), this.#tapOne(server, "received", end)];
  }

  #tapOne(stream: Stream, direction: Direction, end: { seen: boolean }): Stream {
    const finish = (failed: boolean): void => {
      // Only the side that ended first is reported.
      if (!end.seen) this.#queue.put(formatEnd(direction, failed));
      end.seen = true;
    };
    return {
      read: async (buffer) => {
        try {
          const count = await stream.read(buffer);
          if (count === null) finish(false);
          else this.#queue.put(formatRecord(direction, buffer.subarray(0, count)));
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
}
