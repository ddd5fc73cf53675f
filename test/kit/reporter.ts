/**
 * A reporter that keeps what it is told.
 *
 * @module
 */
import type { Fields, Level, Reporter } from "../../lib/core/events.ts";

/** One line of the log. */
export interface LogLine {
  readonly level: Level;
  readonly message: string;
  readonly fields: Fields;
}

/** A reporter with all lines so far. */
export interface Recorder extends Reporter {
  readonly lines: readonly LogLine[];
  /** The lines' messages, without the values of their fields. */
  messages(): string[];
}

/** @param trace Gets the lines of the `-d` trace; there is none without. */
export function recorder(trace?: (line: string) => void): Recorder {
  const lines: LogLine[] = [];
  return {
    lines,
    messages: () => lines.map(({ message }) => message),
    log: (level, message, fields = {}) => lines.push({ level, message, fields }),
    trace,
    outOfDescriptors: () => {},
  };
}
