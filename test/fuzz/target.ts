/**
 * What a fuzz target is: one round of seeded chance that throws when a property does not hold.
 *
 * @module
 */
import type { Random } from "../kit/random.ts";

/** One property that is tried over and over. */
export interface Target {
  /** The property, as a sentence. */
  readonly name: string;
  /** Tries it once; throws when it does not hold. */
  readonly round: (random: Random) => void | Promise<void>;
}

/** Text that breaks things: control characters, blanks, digits at the edges, half characters. */
export function nastyText(random: Random, longest: number): string {
  let text = "";
  for (let left = random.between(0, longest); left > 0; left--) text += random.pick(PIECES);
  return text;
}

const PIECES = [
  ...["a", "Z", "0", "7", "9", "-", "+", ".", ":", "!", "%", "=", "/", "\\", "'", '"', " ", "\t"],
  ...["\n", "\r", "\0", "\x1b", "\x7f", "\u0085", "\u202e", "\ud800", "\udc00", "😀", "ß", "٣"],
  ...["127.0.0.1", "::1", "0x7f", "--", "4294967296", "9007199254740993", "1e9", "NaN", "null"],
  ...["__proto__", "constructor", "toString"],
];
