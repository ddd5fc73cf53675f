/**
 * What the command line says of the edge: who may come in, how many, and what proxies say of clients.
 *
 * @module
 */
import type { NetworkSet } from "../net/cidr.ts";
import type { AccessLists } from "./access.ts";
import type { ClientMemory } from "./client_counts.ts";
import type { ClientLimits } from "./limits.ts";
import { type PeerTimeouts, SYSTEM_TIMEOUTS } from "./peer_timeouts.ts";
import type { ProxyVersion } from "./proxy_message.ts";

/** How many clients may wait for a channel, and how long. */
export interface QueueLimits {
  /** Clients over all workers. */
  readonly most: number;
  /** Seconds. */
  readonly seconds: number;
}

/** The rules of the edge; plain data. */
export interface EdgeRules {
  /** Peers whose connections begin with a PROXY header (`--proxy-in`). */
  readonly proxies: NetworkSet | undefined;
  /** Version of the header that servers get (`--proxy-out`). */
  readonly proxyOut: ProxyVersion | undefined;
  /** Who may connect (`--allow`, `--deny`). */
  readonly lists: AccessLists;
  /** What each client may have (`--max-conns-per-client`, `--rate-per-client`). */
  readonly limits: ClientLimits;
  /** Clients at once over all workers (`--max-conns`); 0 is no limit. */
  readonly maxClients: number;
  /** Who may wait while every channel is full (`--queue`). */
  readonly queue: QueueLimits | undefined;
  /** How peers are noticed that have vanished (`--keepalive`, `--user-timeout`). */
  readonly timeouts: PeerTimeouts;
}

/** The rules, and the memory in which clients are counted; can be sent to a worker. */
export interface EdgeConfig extends EdgeRules {
  /** Without it nothing is limited. The program always has it, as limits may be set while running. */
  readonly clients: ClientMemory | undefined;
}

/** No rule. */
export const OPEN_EDGE: EdgeConfig = {
  proxies: undefined,
  proxyOut: undefined,
  lists: { allow: undefined, deny: undefined },
  limits: { connections: 0, rate: undefined },
  maxClients: 0,
  queue: undefined,
  timeouts: SYSTEM_TIMEOUTS,
  clients: undefined,
};

/** Whether the rules limit what a client may have, so that clients are counted. */
export function countsClients({ limits }: EdgeRules): boolean {
  return limits.connections > 0 || limits.rate !== undefined;
}

/** Whether the rules look at where a client comes from before it gets a channel. */
export function looksAtClients(rules: EdgeRules): boolean {
  const { proxies, lists } = rules;
  return proxies !== undefined || lists.allow !== undefined || lists.deny !== undefined ||
    countsClients(rules);
}
