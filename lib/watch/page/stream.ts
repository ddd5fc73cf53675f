/**
 * The one stream that the page lives on, and what happens when it stops.
 *
 * The browser's own way to connect again gives up for good at some answers and waits at others: this one begins anew itself,
 * and also notices a stream that is open but silent.
 *
 * @module
 */
import type { EventDocument, StateDocument } from "../../core/report/documents.ts";

/** Who is told. */
export interface Listener {
  /** A state has come: the page is live. */
  readonly onState: (state: StateDocument) => void;
  /** Something has happened. */
  readonly onEvent: (event: EventDocument) => void;
  /** No state comes any more. */
  readonly onLost: () => void;
}

/** Silence after which the page is not live any more; a state comes each second. */
const SILENCE_MS = 3000;
/** Silence after which another connection is tried. */
const DEAD_MS = 8000;
/** Pause before the next try, doubled each time up to a limit. */
const PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 4000;

/** Follows the instance's events until the page is left. */
export class Stream {
  readonly #listener: Listener;
  #source: EventSource | undefined;
  #live = false;
  #pause = PAUSE_MS;
  #silence: ReturnType<typeof setTimeout> | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;

  /** Connects. */
  constructor(listener: Listener) {
    this.#listener = listener;
    addEventListener("online", () => this.#hurry());
    addEventListener("visibilitychange", () => this.#hurry());
    this.#open();
  }

  #open(): void {
    this.#close();
    const source = new EventSource("api/events");
    this.#source = source;
    source.addEventListener("state", ({ data }: MessageEvent<string>) => {
      this.#live = true;
      this.#pause = PAUSE_MS;
      this.#watch(SILENCE_MS);
      this.#listener.onState(JSON.parse(data) as StateDocument);
    });
    source.addEventListener("event", ({ data }: MessageEvent<string>) => {
      this.#listener.onEvent(JSON.parse(data) as EventDocument);
    });
    source.addEventListener("error", () => this.#lose());
    this.#watch(DEAD_MS);
  }

  #close(): void {
    clearTimeout(this.#silence);
    clearTimeout(this.#retry);
    this.#retry = undefined;
    this.#source?.close();
  }

  /** Waits for the next state, for so long. */
  #watch(ms: number): void {
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => {
      if (!this.#live) this.#lose();
      else {
        this.#tell();
        this.#watch(DEAD_MS - SILENCE_MS);
      }
    }, ms);
  }

  #lose(): void {
    this.#close();
    this.#tell();
    this.#retry = setTimeout(() => this.#open(), this.#pause);
    this.#pause = Math.min(2 * this.#pause, LONGEST_PAUSE_MS);
  }

  #tell(): void {
    this.#live = false;
    this.#listener.onLost();
  }

  /** Does not wait for the next try when somebody comes back to the page. */
  #hurry(): void {
    if (document.visibilityState === "visible" && this.#retry !== undefined) this.#open();
  }
}
