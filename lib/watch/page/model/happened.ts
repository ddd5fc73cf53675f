/**
 * The events that the page remembers.
 *
 * @module
 */
import type { EventDocument } from "../../../core/report/documents.ts";

/** How many are remembered. */
export const MOST_EVENTS = 100;

/**
 * Takes an event in, newest first. One that is known already, as an instance may tell again after the connection was lost,
 * changes nothing.
 */
export function addEvent(
  events: readonly EventDocument[],
  event: EventDocument,
): readonly EventDocument[] {
  const known = events.some(({ at, text }) => at === event.at && text === event.text);
  if (known) return events;
  const place = events.findIndex(({ at }) => Date.parse(at) <= Date.parse(event.at));
  const before = place < 0 ? events.length : place;
  return events.toSpliced(before, 0, event).slice(0, MOST_EVENTS);
}

/** Whether something is not well, or was not then. */
export function isTrouble({ kind, level, to }: EventDocument): boolean {
  if (level === "warning" || level === "error") return true;
  return kind === "transition" && to !== "up";
}

/** The events of one channel. */
export function eventsOf(
  events: readonly EventDocument[],
  group: number,
  channel: number,
): EventDocument[] {
  return events.filter((event) => event.group === group && event.channel === channel);
}
