/**
 * Times of day as text.
 *
 * @module
 */

const DAY_MS = 86_400_000;

/**
 * Writes a time as RFC 3339 has it, in UTC with milliseconds: `2026-11-25T14:03:12.345Z`.
 *
 * @param ms Milliseconds since 1970, not negative.
 */
export function formatTime(ms: number): string {
  const whole = Math.floor(ms);
  const { year, month, day } = dateOf(Math.floor(whole / DAY_MS));
  const rest = whole % DAY_MS;
  const clock = [rest / 3_600_000, rest / 60_000 % 60, rest / 1000 % 60].map((part) =>
    pad(part, 2)
  );
  return `${pad(year, 4)}-${pad(month, 2)}-${pad(day, 2)}T${clock.join(":")}.${
    pad(rest % 1000, 3)
  }Z`;
}

function pad(number: number, digits: number): string {
  return String(Math.floor(number)).padStart(digits, "0");
}

/** The date so many days after 1970-01-01, by the Gregorian calendar. */
function dateOf(days: number): { year: number; month: number; day: number } {
  let year = 1970;
  let left = days;
  for (; left >= daysIn(year); year++) left -= daysIn(year);
  const lengths = [31, isLeap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  let month = 0;
  for (; left >= (lengths[month] ?? Infinity); month++) left -= lengths[month] ?? 0;
  return { year, month: month + 1, day: left + 1 };
}

function daysIn(year: number): number {
  return isLeap(year) ? 366 : 365;
}

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}
