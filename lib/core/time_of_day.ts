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

const RFC_3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d(?:\.\d+)?)Z$/;

/** Milliseconds since 1970 of a time in UTC as RFC 3339 has it; `undefined` if it is none, or before 1970. */
export function parseTime(text: string): number | undefined {
  const match = RFC_3339.exec(text);
  if (match === null) return undefined;
  const numbers = match.slice(1).map(Number);
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = numbers;
  const isDate = year >= 1970 && month >= 1 && month <= 12 && day >= 1 &&
    day <= (monthLengths(year)[month - 1] ?? 0);
  if (!isDate || hour > 23 || minute > 59 || second >= 60) return undefined;
  return daysBefore(year, month, day) * DAY_MS + ((hour * 60 + minute) * 60 + second) * 1000;
}

function pad(number: number, digits: number): string {
  return String(Math.floor(number)).padStart(digits, "0");
}

/** The date so many days after 1970-01-01, by the Gregorian calendar. */
function dateOf(days: number): { year: number; month: number; day: number } {
  let year = 1970;
  let left = days;
  for (; left >= daysIn(year); year++) left -= daysIn(year);
  const lengths = monthLengths(year);
  let month = 0;
  for (; left >= (lengths[month] ?? Infinity); month++) left -= lengths[month] ?? 0;
  return { year, month: month + 1, day: left + 1 };
}

/** Days from 1970-01-01 to a date, counted in years that begin in March: the leap day is their last. */
function daysBefore(year: number, month: number, day: number): number {
  const marchYear = month > 2 ? year : year - 1;
  const leapDays = Math.floor(marchYear / 4) - Math.floor(marchYear / 100) +
    Math.floor(marchYear / 400);
  const daysInYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5);
  return marchYear * 365 + leapDays + daysInYear + day - 719_469;
}

function monthLengths(year: number): number[] {
  return [31, isLeap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
}

function daysIn(year: number): number {
  return isLeap(year) ? 366 : 365;
}

function isLeap(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}
