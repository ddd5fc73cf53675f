/**
 * What happens to an instance, as text.
 *
 * @module
 */
import { printable } from "../text.ts";
import type { EventDocument } from "./documents.ts";

/** One line of `watch`: `2026-11-25T14:03:12.345Z notice channel 0.1 web2 down: http 503 (3 of 3), was up 2h3m`. */
export function formatEvent({ at, level, text }: EventDocument): string {
  return `${at} ${level} ${printable(text)}`;
}
