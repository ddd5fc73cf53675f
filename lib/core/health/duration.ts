/**
 * Durations for people: `3d4h`, `2h3m`, `2m13s`, `45s`.
 *
 * @module
 */

/** The units from the largest to the smallest, in seconds. */
const UNITS: readonly [letter: string, seconds: number][] = [
  ["d", 86_400],
  ["h", 3600],
  ["m", 60],
  ["s", 1],
];

/**
 * Writes a duration with its largest unit and the one below it.
 *
 * What is smaller is cut off, not rounded; a lower unit of 0 is left out (`2h`, not `2h0m`).
 *
 * @param ms Milliseconds; less than a second, a negative number included, is `0s`.
 */
export function formatDuration(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const at = UNITS.findIndex(([, size]) => seconds >= size);
  if (at < 0) return "0s";
  let rest = seconds;
  let text = "";
  for (const [letter, size] of UNITS.slice(at, at + 2)) {
    const count = Math.floor(rest / size);
    rest %= size;
    if (count > 0) text += `${count}${letter}`;
  }
  return text;
}
