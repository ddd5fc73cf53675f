/**
 * Everything that happens to an instance, for those who watch: what the log says, and what operators change.
 *
 * @module
 */
import type { Fields, Level, LineWriter, Subject } from "../core/events.ts";
import type { Happening } from "../core/report/changes.ts";
import type { EventDocument } from "../core/report/documents.ts";
import { formatLogLine } from "../core/text.ts";
import { formatTime } from "../core/time_of_day.ts";

/** Events that are remembered for those who come later. */
const MAX_REMEMBERED = 100;

/** A log whose lines are events too, those of single connections apart. */
export class Events implements LineWriter {
  /** As the log's. */
  readonly trace: LineWriter["trace"];
  readonly #log: LineWriter;
  readonly #listeners = new Set<(event: EventDocument) => void>();
  #remembered: EventDocument[] = [];

  /**
   * Tells nobody yet.
   *
   * @param log Where lines are written.
   */
  constructor(log: LineWriter) {
    this.#log = log;
    this.trace = log.trace;
  }

  /** Writes one line to the log; one that is not about a single connection is told. */
  log(level: Level, message: string, fields: Fields = {}, subject?: Subject): void {
    this.#log.log(level, message, fields, subject);
    if (level === "info") return;
    const text = formatLogLine(message, fields);
    this.tell({ kind: "instance", level, text, ...subject });
  }

  /** Tells what has happened, without the log. */
  tell(happening: Happening): void {
    const event = { at: formatTime(Date.now()), ...happening };
    this.#remembered = [...this.#remembered.slice(1 - MAX_REMEMBERED), event];
    for (const listener of [...this.#listeners]) listener(event);
  }

  /** The last events, the oldest first. */
  recent(): readonly EventDocument[] {
    return this.#remembered;
  }

  /** Calls a function with everything that happens, until the result is disposed of. */
  subscribe(listener: (event: EventDocument) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }
}
