/**
 * Bodies of requests.
 *
 * @module
 */
import type { IncomingMessage } from "node:http";

/**
 * Reads a whole body.
 *
 * @param limit Its most bytes.
 * @returns Its text; `undefined` as soon as it is longer, and then the rest of it is unread.
 * @throws When its sender leaves in the middle of it.
 */
export async function readBody(
  request: IncomingMessage,
  limit: number,
): Promise<string | undefined> {
  const decoder = new TextDecoder();
  let length = 0;
  let text = "";
  // The answer that says why goes over the same connection, so the request must not take it with it.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    length += chunk.length;
    if (length > limit) return undefined;
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
