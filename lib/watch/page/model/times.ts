/**
 * Times as the page writes them, in the time zone of whoever reads it.
 *
 * All times are milliseconds since the epoch. What is "now" comes from the instance, so that a reader's clock that is wrong
 * makes no age wrong.
 *
 * @module
 */

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const DAYS = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"] as const;

/** A time of the documents. */
export function parseTime(text: string): number {
  return Date.parse(text);
}

/** `14:03`. */
export function formatMinute(time: number): string {
  const date = new Date(time);
  return `${two(date.getHours())}:${two(date.getMinutes())}`;
}

/** `14:03:12`. */
export function formatClock(time: number): string {
  return `${formatMinute(time)}:${two(new Date(time).getSeconds())}`;
}

/** `2026-11-25`. */
export function formatDate(time: number): string {
  const date = new Date(time);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** `2026-11-25 14:03:12`. */
export function formatExact(time: number): string {
  return `${formatDate(time)} ${formatClock(time)}`;
}

/** When something began, as short as it is clear: `14:03`, `Mon 14:03`, `2026-11-25`. */
export function formatSince(time: number, now: number): string {
  if (formatDate(time) === formatDate(now)) return formatMinute(time);
  if (now - time < 6 * DAY) return `${DAYS[new Date(time).getDay()]} ${formatMinute(time)}`;
  return formatDate(time);
}

/** How long ago something was: `now`, `12 s ago`, `3 min ago`, `2 h ago`, `6 d ago`. */
export function formatAgo(time: number, now: number): string {
  const passed = now - time;
  return passed < SECOND ? "now" : `${formatSpan(passed)} ago`;
}

/** A span by its largest unit: `12 s`, `3 min`, `2 h`, `6 d`. */
export function formatSpan(ms: number): string {
  if (ms < MINUTE) return `${Math.floor(Math.max(0, ms) / SECOND)} s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`;
  if (ms < 2 * DAY) return `${Math.floor(ms / HOUR)} h`;
  return `${Math.floor(ms / DAY)} d`;
}

function two(number: number): string {
  return String(number).padStart(2, "0");
}
