/**
 * Rates as `N/SEC`: so many new connections in so many seconds.
 *
 * @module
 */
import { printable } from "../text.ts";

/** New connections in a time. */
export interface Rate {
  /** Connections, 1..{@link MAX_COUNT}. */
  readonly count: number;
  /** Seconds, 1..{@link MAX_SECONDS}. */
  readonly seconds: number;
}

/** What reading a rate came to. */
export type ParsedRate =
  | {
    /** The rate was understood. */
    readonly kind: "rate";
    /** What it says. */
    readonly rate: Rate;
  }
  | {
    /** The rate was not understood. */
    readonly kind: "malformed";
    /** What was given and what is accepted: one printable line. */
    readonly reason: string;
  };

/** Most connections of a rate. */
export const MAX_COUNT = 1_000_000;

/** Most seconds of a rate: a day. */
export const MAX_SECONDS = 86_400;

/** Reads `N/SEC`. */
export function parseRate(text: string): ParsedRate {
  const [, digits, secondDigits] = /^(\d{1,7})\/(\d{1,5})$/.exec(text) ?? [];
  const rate = { count: Number(digits ?? "0"), seconds: Number(secondDigits ?? "0") };
  if (
    rate.count < 1 || rate.count > MAX_COUNT || rate.seconds < 1 || rate.seconds > MAX_SECONDS
  ) {
    const reason = `${printable(text)} is not N/SEC: 1 to ${MAX_COUNT} connections in 1 to ` +
      `${MAX_SECONDS} seconds, like 20/10`;
    return { kind: "malformed", reason };
  }
  return { kind: "rate", rate };
}

/** Writes a rate as {@link parseRate} reads it. */
export function formatRate(rate: Rate): string {
  return `${rate.count}/${rate.seconds}`;
}

/** Time between two connections at a rate, in ms. */
export function intervalMs(rate: Rate): number {
  return rate.seconds * 1000 / rate.count;
}
