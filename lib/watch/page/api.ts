/**
 * What is asked of the instance besides the stream: documents on demand, and commands.
 *
 * @module
 */

/** The documents that are asked for. */
export type DocumentName = "conns" | "causes" | "health";

/** What became of a command. */
export interface Answer {
  /** What the instance said, or why it could not be asked. */
  readonly lines: readonly string[];
  /** 0 if it was done. */
  readonly status: number;
  /** Whether the token was taken. */
  readonly trusted: boolean;
}

/** Where the tab remembers the token; it is gone with the tab. */
const TOKEN_KEY = "balance-token";
/** Longest wait for a document or for the answer to a command. */
const PATIENCE_MS = 5000;

/** Fetches a document; undefined if it cannot be had now. @param channel Whose, as `GROUP.CHANNEL`. */
export async function fetchDocument<Document>(
  name: DocumentName,
  channel?: string,
): Promise<Document | undefined> {
  const part = channel === undefined ? "" : `/${channel}`;
  try {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    const response = await fetch(`api/${name}${part}`, { signal, cache: "no-store" });
    return response.ok ? await response.json() as Document : undefined;
  } catch {
    return undefined;
  }
}

/** The token that was entered in this tab. */
export function readToken(): string | null {
  return sessionStorage.getItem(TOKEN_KEY);
}

/** Remembers a token as long as the tab lives; `null` forgets it. */
export function writeToken(token: string | null): void {
  if (token === null) sessionStorage.removeItem(TOKEN_KEY);
  else sessionStorage.setItem(TOKEN_KEY, token);
}

/** Has one command carried out. */
export async function command(token: string, group: number, line: string): Promise<Answer> {
  try {
    const response = await fetch("api/command", {
      method: "POST",
      headers: { "authorization": `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify({ group, line }),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    if (response.ok) return { ...await response.json() as Answer, trusted: true };
    return { lines: [describeRefusal(response.status)], status: response.status, trusted: false };
  } catch (error) {
    const slow = error instanceof DOMException && error.name === "TimeoutError";
    const text = slow ? "No answer yet: it may still be at it" : "The instance cannot be reached";
    return { lines: [text], status: -1, trusted: true };
  }
}

function describeRefusal(status: number): string {
  if (status === 401) return "This is not the token";
  if (status === 404) return "This instance was started without --http-token";
  return `The instance refused with status ${status}`;
}
