/**
 * Time between two times of documents.
 *
 * @module
 */
import { parseTime } from "../time_of_day.ts";

/** Milliseconds between two times as RFC 3339 has them; `undefined` if one of them is none. */
export function elapsedMs(from: string, to: string): number | undefined {
  const [start, end] = [parseTime(from), parseTime(to)];
  return start === undefined || end === undefined ? undefined : end - start;
}
