/**
 * Remembers the last connection of each channel and cause, without making text of it before it is asked for.
 *
 * @module
 */
import type { LastEnd } from "../../core/report/live.ts";
import { type Endpoint, formatEndpoint } from "../../core/net/socket_address.ts";
import { type Cause, CAUSES } from "../../core/table/schema.ts";
import type { Guest } from "./guest.ts";

interface Noted {
  guest: Guest;
  endpoint: Endpoint;
  atMs: number;
}

/** The last ends of one thread. */
export class LastConnections {
  /** By slot and cause. */
  readonly #noted: (Noted | undefined)[] = [];

  /** Notes an end down, in place of the one before it. */
  note(slot: number, cause: Cause, guest: Guest, endpoint: Endpoint): void {
    this.#noted[slot * CAUSES.length + CAUSES.indexOf(cause)] = {
      guest,
      endpoint,
      atMs: Date.now(),
    };
  }

  /** All that are known. */
  all(): LastEnd[] {
    const ends: LastEnd[] = [];
    this.#noted.forEach((noted, at) => {
      const cause = CAUSES[at % CAUSES.length];
      if (noted === undefined || cause === undefined) return;
      const { guest, endpoint, atMs } = noted;
      const slot = Math.floor(at / CAUSES.length);
      ends.push({ slot, cause, atMs, client: guest.client, server: formatEndpoint(endpoint) });
    });
    return ends;
  }
}
