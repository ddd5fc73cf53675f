/**
 * The system's error codes in the runtime's errors.
 *
 * @module
 */

/** Codes that say that this process or machine has no more descriptors or memory, for now. */
const EXHAUSTED: ReadonlySet<unknown> = new Set(["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM"]);

/** The code of an error, `ECONNREFUSED` for one; `undefined` if it has none. */
export function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

/** Whether an error says that descriptors or memory have run out. */
export function isExhausted(error: unknown): boolean {
  return EXHAUSTED.has(codeOf(error));
}
