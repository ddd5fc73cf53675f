/**
 * Connections that live, as engines tell them; plain data, so that threads can send it.
 *
 * @module
 */
import type { Phase } from "./documents.ts";
import type { Cause } from "../table/schema.ts";

/** One live connection. Times are in milliseconds. */
export interface LiveConnection {
  /** Address and port of the client, from its PROXY header if there was one. */
  readonly client: string;
  /** Its channel over the whole table; undefined while it has none. */
  readonly slot: number | undefined;
  /** Where its server is; undefined while it has none. */
  readonly server: string | undefined;
  /** Time since its accept. */
  readonly ageMs: number;
  /** Time since the last byte in either direction, or since its accept. */
  readonly idleMs: number;
  /** Bytes from the client to the server. */
  readonly sent: number;
  /** Bytes from the server to the client. */
  readonly received: number;
  /** What becomes of it right now. */
  readonly phase: Phase;
}

/** Some connections, the oldest first, and how many more there are. */
export interface LiveConnections {
  /** At most {@link MAX_LISTED}. */
  readonly connections: readonly LiveConnection[];
  /** How many more there are. */
  readonly omitted: number;
}

/** Most connections that are listed. */
export const MAX_LISTED = 1000;

/** Puts the connections of several threads together. */
export function mergeConnections(parts: readonly LiveConnections[]): LiveConnections {
  const all = parts.flatMap(({ connections }) => connections)
    .toSorted((a, b) => b.ageMs - a.ageMs);
  const omitted = parts.reduce((sum, part) => sum + part.omitted, 0);
  return {
    connections: all.slice(0, MAX_LISTED),
    omitted: omitted + Math.max(0, all.length - MAX_LISTED),
  };
}

/** Which connections are to be ended. */
export type CutTarget =
  | { readonly kind: "all" }
  /** Those of a channel over the whole table. */
  | { readonly kind: "channel"; readonly slot: number }
  /** Those of a client, by the text of `formatAddress`. */
  | { readonly kind: "client"; readonly address: string };

/** The last connection of a channel that ended in a way. */
export interface LastEnd {
  /** Its channel over the whole table. */
  readonly slot: number;
  /** How it ended. */
  readonly cause: Cause;
  /** When, in ms since 1970. */
  readonly atMs: number;
  /** Address and port of the client. */
  readonly client: string;
  /** Where its server was. */
  readonly server: string;
}

/** Remembers the last connection of each channel and cause. */
export class LastEnds {
  readonly #ends = new Map<string, LastEnd>();

  /** Notes an end down, in place of the one before it. */
  note(end: LastEnd): void {
    this.#ends.set(`${end.slot} ${end.cause}`, end);
  }

  /** All that are known. */
  all(): LastEnd[] {
    return [...this.#ends.values()];
  }
}
