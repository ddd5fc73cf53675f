/**
 * An operator's line in the body of a request: `{"group":0,"line":"disable 1"}`.
 *
 * @module
 */
import { MAX_LINE } from "../control/protocol.ts";
import { MAX_GROUPS } from "../table/schema.ts";

/** An operator's line. */
export interface CommandRequest {
  /** The group that its numbers are of. */
  readonly group: number;
  /** The line. */
  readonly line: string;
}

/** Most bytes of a body: a line, and what JSON has around it. */
export const MAX_BODY: number = MAX_LINE + 256;

/**
 * Reads a body. Without a group it is group 0; other keys are ignored.
 *
 * @returns `undefined` for anything else, a line with a line end or another control character among it.
 */
export function parseCommandRequest(text: string): CommandRequest | undefined {
  const value = parseJson(text);
  if (typeof value !== "object" || value === null) return undefined;
  const { group = 0, line } = value as { readonly group?: unknown; readonly line?: unknown };
  if (typeof group !== "number" || !Number.isInteger(group)) return undefined;
  if (group < 0 || group >= MAX_GROUPS) return undefined;
  if (typeof line !== "string" || /\p{Cc}/u.test(line)) return undefined;
  return { group, line };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The only error that it has: it is no JSON.
    return undefined;
  }
}
