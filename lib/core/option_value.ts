/**
 * Values that people type: numbers within bounds, and the one line that refuses a value.
 *
 * @module
 */
import { EXIT, ExitError } from "./errors.ts";
import { printable } from "./text.ts";

/**
 * Reads a whole number, digits alone.
 *
 * @param digits Most digits, leading zeros included.
 * @returns `undefined` for anything else, and outside of the bounds.
 */
export function wholeNumber(
  text: string,
  least: number,
  most: number,
  digits = 9,
): number | undefined {
  if (text.length > digits || !/^\d+$/.test(text)) return undefined;
  const value = Number(text);
  return value >= least && value <= most ? value : undefined;
}

/**
 * Refuses a value in one line.
 *
 * @param option The option as it is typed, `--queue`.
 * @param accepted What it takes, as it follows "takes".
 * @throws {ExitError} 64, always.
 */
export function refuseValue(option: string, accepted: string, value: string): never {
  throw new ExitError(
    EXIT.usage,
    `balance: ${option} takes ${accepted}, not "${printable(value)}"`,
  );
}
