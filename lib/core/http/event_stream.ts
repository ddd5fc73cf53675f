/**
 * Server-sent events as text.
 *
 * @module
 */

/** Time after which a reader that has lost its stream comes again, in ms. */
const RETRY_MS = 1000;

/** What a stream begins with. */
export const STREAM_START = `retry: ${RETRY_MS}\n\n`;

/**
 * Writes one event.
 *
 * @param json Its data; JSON has no line ends.
 */
export function formatServerEvent(name: "state" | "event", json: string): string {
  return `event: ${name}\ndata: ${json}\n\n`;
}
