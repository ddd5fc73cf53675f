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
import type { ProxyVersion } from "../core/edge/proxy_message.ts";
import { Scheduler } from "../core/schedule/schedule.ts";
import { epochOf } from "../core/table/access.ts";
import type { Table } from "../core/table/schema.ts";
import type { EngineConfig } from "./engine_config.ts";
import { observeHashes } from "./session_log.ts";

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

/** What an engine's clients are served by. */
export interface EngineRules extends EngineConfig {
  /** Chooses channels. */
  readonly scheduler: Scheduler;
  /** What a client must pass to come in; nothing if everybody may. */
  readonly entry: EntryRules | undefined;
  /** Version of the PROXY header that servers get. */
  readonly proxyOut: ProxyVersion | undefined;
}

/** Makes them of what an engine is asked to do; they are made anew when that changes. */
export function engineRules(
  config: EngineConfig,
  { table, worker }: { readonly table: Table; readonly worker: number },
  reporter: Reporter,
): EngineRules {
  const { loadBound, hashFailover, edge } = config;
  const hashed = observeHashes(reporter, hashFailover);
  return {
    ...config,
    scheduler: new Scheduler({ table, worker, chance: Math.random, loadBound, hashed }),
    entry: entryRules({ table, worker }, edge),
    proxyOut: edge.proxyOut,
  };
}

function entryRules(
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
