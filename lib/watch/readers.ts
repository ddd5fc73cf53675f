/**
 * Readers of server-sent events: the state each second, everything that happens at once.
 *
 * A stream begins with the state and what happened last. A reader that is slow misses states; one that takes nothing at all
 * is dropped. Nothing is made or subscribed to while nobody reads.
 *
 * @module
 */
import type { ServerResponse } from "node:http";
import { formatServerEvent, STREAM_START } from "../core/http/event_stream.ts";
import type { EventDocument } from "../core/report/documents.ts";
import type { InstanceView } from "../core/report/instance_view.ts";
import type { ConnectionStream } from "./connection.ts";
import type { Documents } from "./documents.ts";

/** How readers are treated. */
export interface ReaderLimits {
  /** Readers at once. */
  readonly readers: number;
  /** What may wait for one, in bytes. */
  readonly backlogBytes: number;
  /** Time in which it must have taken all that waits, in ms. */
  readonly stallMs: number;
  /** Time between two states, in ms. */
  readonly periodMs: number;
}

/** The limits of an instance. A state of the largest table has some 400 KiB. */
export const READER_LIMITS: ReaderLimits = {
  readers: 32,
  backlogBytes: 1024 * 1024,
  stallMs: 30_000,
  periodMs: 1000,
};

/** One reader. */
interface Reader {
  readonly response: ServerResponse;
  readonly stream: ConnectionStream;
  /** When nothing was waiting for it last, in ms; undefined until it has its first state. */
  caughtUpAt: number | undefined;
}

/** The readers of an instance. */
export class Readers {
  readonly #view: InstanceView;
  readonly #documents: Documents;
  readonly #limits: ReaderLimits;
  readonly #readers: Set<Reader> = new Set();
  #timer: number | undefined;
  #subscription: Disposable | undefined;

  /** Begins without readers. */
  constructor(view: InstanceView, documents: Documents, limits: ReaderLimits = READER_LIMITS) {
    this.#view = view;
    this.#documents = documents;
    this.#limits = limits;
  }

  /** Whether there are as many as there may be. */
  get full(): boolean {
    return this.#readers.size >= this.#limits.readers;
  }

  /** Takes in a reader whose answer has its head. */
  async join(response: ServerResponse, stream: ConnectionStream): Promise<void> {
    const reader: Reader = { response, stream, caughtUpAt: undefined };
    this.#readers.add(reader);
    stream.once("close", () => this.#leave(reader));
    this.#timer ??= setInterval(() => void this.#tick(), this.#limits.periodMs);
    this.#subscription ??= this.#view.subscribe((event) => this.#tell(formatEvent(event)));
    const state = await this.#state();
    // What happens from here on comes by itself.
    const events = this.#view.recentEvents().map(formatEvent).join("");
    reader.caughtUpAt = performance.now();
    this.#give(reader, STREAM_START + state + events);
  }

  /** Ends all streams. */
  close(): void {
    for (const { response, stream } of this.#readers) {
      response.end();
      stream.destroySoon();
    }
  }

  async #state(): Promise<string> {
    return formatServerEvent("state", await this.#documents.get("state"));
  }

  async #tick(): Promise<void> {
    const text = await this.#state();
    const now = performance.now();
    for (const reader of this.#readers) {
      if (reader.caughtUpAt === undefined) continue;
      if (reader.stream.writableLength === 0) {
        reader.caughtUpAt = now;
        this.#give(reader, text);
      } else if (now - reader.caughtUpAt > this.#limits.stallMs) reader.stream.destroy();
    }
  }

  #tell(text: string): void {
    for (const reader of this.#readers) {
      if (reader.caughtUpAt !== undefined) this.#give(reader, text);
    }
  }

  #give({ response, stream }: Reader, text: string): void {
    const waiting = stream.writableLength;
    // One text alone may be as long as it likes.
    if (waiting > 0 && waiting + text.length > this.#limits.backlogBytes) stream.destroy();
    else if (!stream.destroyed && !response.writableEnded) response.write(text);
  }

  #leave(reader: Reader): void {
    this.#readers.delete(reader);
    if (this.#readers.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#subscription?.[Symbol.dispose]();
    this.#subscription = undefined;
  }
}

function formatEvent(event: EventDocument): string {
  return formatServerEvent("event", JSON.stringify(event));
}
