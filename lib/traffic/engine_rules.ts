/**
 * What all engines make of their orders alike.
 *
 * @module
 */
import { ClientCounts } from "../core/edge/client_counts.ts";
import { countsClients, type EdgeConfig, looksAtClients } from "../core/edge/edge_config.ts";
import type { Reporter } from "../core/events.ts";
import type { CutTarget } from "../core/report/live.ts";
import type { EntryRules } from "../core/session/entry.ts";
import { epochOf } from "../core/table/access.ts";
import type { Table } from "../core/table/schema.ts";

/** A client that is being served, as far as it can be chosen to be ended. */
export interface Served {
  /** The channel that it has, over the whole table; undefined while it has none. */
  readonly slot: number | undefined;
  /** Its address as text. */
  readonly address: string;
}

/** Whether a client is among those that are to be ended. */
export function isMeant(session: Served, target: CutTarget): boolean {
  switch (target.kind) {
    case "all":
      return true;
    case "channel":
      return session.slot === target.slot;
    case "client":
      return isAddress(session.address, target.address);
  }
}

/** Whether an address, which a socket for both families gives in the form of IPv6, is this one. */
function isAddress(given: string, plain: string): boolean {
  return given === plain || given === `::ffff:${plain}`;
}

/** What a client must pass to come in; nothing if everybody may. */
export function entryRules(
  { table, worker }: { readonly table: Table; readonly worker: number },
  edge: EdgeConfig,
): EntryRules | undefined {
  if (!looksAtClients(edge)) return undefined;
  const { proxies, lists, limits, clients } = edge;
  const alive = (): boolean => epochOf(table, worker) === table.epoch;
  const counts = clients === undefined || !countsClients(edge)
    ? undefined
    : new ClientCounts(clients, worker, limits, alive);
  return { table, worker, proxies, lists, counts };
}

/** Tells of a fault of this program's own. */
export function reportFault(reporter: Reporter, fault: unknown): void {
  reporter.log("error", "internal error", { reason: String(fault) });
}
