/**
 * The JSON documents of an instance: what `show json` and its like answer, what the HTTP paths serve, and what the
 * full-screen view and the dashboard are drawn from. Their schema lies in `man/`.
 *
 * Keys are stable: new ones may come, none goes or changes its meaning. Times of day are RFC 3339 in UTC, durations are in
 * the unit that their name says, bytes are bytes of payload. What is not known is `null`.
 *
 * @module
 */
import type { MethodName, Observed } from "../table/schema.ts";

/** `show json`, `/api/state`. */
export interface StateDocument {
  /** Version of the program. */
  readonly version: string;
  /** Process id. */
  readonly pid: number;
  /** When the instance began. */
  readonly started: string;
  /** When this was written. */
  readonly now: string;
  /** The number that names the instance: where it listens. */
  readonly port: number;
  /** The address that it listens on. */
  readonly bind: string;
  /** What moves the bytes. */
  readonly engine: EngineName;
  /** Whether new clients are accepted. */
  readonly listening: boolean;
  /** The threads that accept and relay. */
  readonly workers: readonly WorkerDocument[];
  /** Sums over all channels. */
  readonly totals: TotalsDocument;
  /** The groups that have channels, ascending. */
  readonly groups: readonly GroupDocument[];
}

/** What moves the bytes. */
export type EngineName = "deno" | "native";

/** One thread. */
export interface WorkerDocument {
  /** Its number, from 0. */
  readonly worker: number;
  /** Whether it accepts. */
  readonly state: "running" | "restarting" | "stopped";
  /** Connections it carries now. */
  readonly connections: number;
  /** Connections it was ever given. */
  readonly totalConnections: number;
  /** How often it was started again. */
  readonly restarts: number;
}

/** Sums over all channels. */
export interface TotalsDocument {
  /** Channels, those that lead nowhere any more left out. */
  readonly channels: number;
  /** How many of them are enabled. */
  readonly enabled: number;
  /** How many of the enabled ones are up. */
  readonly up: number;
  /** Connections now, attempts included. */
  readonly connections: number;
  /** Connections ever given, since the start or the last `reset`. */
  readonly totalConnections: number;
  /** Bytes from clients to servers, as above. */
  readonly sentBytes: number;
  /** Bytes from servers to clients, as above. */
  readonly receivedBytes: number;
  /** Clients that wait because every channel is full. */
  readonly waiting: number;
  /** Clients that were refused since the start, by reason; reasons that never happened are left out. */
  readonly refusedClients: Readonly<Record<string, number>>;
  /** How long connects took. */
  readonly connectMs: QuantilesDocument;
}

/** Quantiles in milliseconds, over the last minute while somebody looks each second, else since the last look. */
export interface QuantilesDocument {
  /** Median; `null` if nothing was measured. */
  readonly p50: number | null;
  /** 99 of 100 were faster. */
  readonly p99: number | null;
}

/** One group. */
export interface GroupDocument {
  /** Its number, from 0. */
  readonly group: number;
  /** How it distributes. */
  readonly method: MethodName;
  /** Its channels, ascending. */
  readonly channels: readonly ChannelDocument[];
}

/** One channel. */
export interface ChannelDocument {
  /** Its number inside the group, from 0. */
  readonly channel: number;
  /** What it is called. */
  readonly name: string;
  /** IPv4 or IPv6 address, or `unix:` and the path of a socket. */
  readonly address: string;
  /** Port; 0 for a Unix socket. */
  readonly port: number;
  /** Whether the operator wants it to get clients. */
  readonly enabled: boolean;
  /** Whether the operator has it drained: disabled, and its connections are waited for. */
  readonly draining: boolean;
  /** What is observed of it. */
  readonly state: Observed;
  /** Since when. */
  readonly since: string;
  /** Why it is in this state, in few words; `null` if nothing has happened yet. */
  readonly reason: string | null;
  /** Share of new connections, 0 to 1000. */
  readonly weight: number;
  /** The share that counts now, during a slow start or while it is not up. */
  readonly effectiveWeight: number;
  /** Whether it is used only while no other channel of the group is usable. */
  readonly backup: boolean;
  /** Most connections at once; 0 is no limit. */
  readonly maxc: number;
  /** Connections now, attempts included. */
  readonly connections: number;
  /** Connections ever given, since the start or the last `reset`. */
  readonly totalConnections: number;
  /** Bytes from clients to the server, as above. */
  readonly sentBytes: number;
  /** Bytes from the server to clients, as above. */
  readonly receivedBytes: number;
  /** Connects that failed since the start, by reason. */
  readonly connectFailures: { readonly refused: number; readonly timeout: number };
  /** How long connects took. */
  readonly connectMs: QuantilesDocument;
  /** Its last check; `null` if it is not checked, or was not yet. */
  readonly check: CheckDocument | null;
}

/** The last check of a channel. */
export interface CheckDocument {
  /** How it is checked: `tcp`, `http:/PATH`. */
  readonly kind: string;
  /** What the last check found, in few words: `connected`, `http 503`, `timed out`. */
  readonly result: string;
  /** How long it took. */
  readonly ms: number;
  /** When it ended. */
  readonly at: string;
}

/** `conns json`, `/api/conns`. */
export interface ConnectionsDocument {
  /** The connections that live, the oldest first. */
  readonly connections: readonly ConnectionDocument[];
  /** How many more there are. */
  readonly omitted: number;
}

/** What becomes of a client right now. */
export type Phase = "queued" | "connecting" | "relaying" | "half-closed";

/** One live connection. */
export interface ConnectionDocument {
  /** Address and port of the client, from its PROXY header if there was one. */
  readonly client: string;
  /** Group of its channel; `null` while it has none. */
  readonly group: number | null;
  /** Its channel; `null` while it has none. */
  readonly channel: number | null;
  /** Address and port of the server, or `unix:` and the path of a socket; `null` while it has none. */
  readonly server: string | null;
  /** Time since its accept. */
  readonly ageSeconds: number;
  /** Time since the last byte in either direction, or since its accept. */
  readonly idleSeconds: number;
  /** Bytes from the client to the server. */
  readonly sentBytes: number;
  /** Bytes from the server to the client. */
  readonly receivedBytes: number;
  /** What becomes of it right now. */
  readonly phase: Phase;
}

/** `causes json`, `/api/causes`. */
export interface CausesDocument {
  /** How connections ended since the start, the most frequent first; causes that never happened are left out. */
  readonly causes: readonly CauseDocument[];
}

/** One way to end. */
export interface CauseDocument {
  /** Which one, as in the log. */
  readonly cause: string;
  /** How many have ended so. */
  readonly count: number;
  /** The last one; `null` if the thread that saw it has died. */
  readonly last: EndDocument | null;
}

/** One connection that has ended. */
export interface EndDocument {
  /** When. */
  readonly at: string;
  /** Address and port of the client. */
  readonly client: string;
  /** Group of its channel. */
  readonly group: number;
  /** Its channel. */
  readonly channel: number;
  /** Address and port of the server, or `unix:` and the path of a socket. */
  readonly server: string;
}

/** `health json`, `/api/health`. */
export interface HealthDocument {
  /** All channels, ascending. */
  readonly channels: readonly ChannelHealthDocument[];
}

/** What is known of one channel's health. */
export interface ChannelHealthDocument {
  /** Group it belongs to. */
  readonly group: number;
  /** Number inside its group. */
  readonly channel: number;
  /** What it is called. */
  readonly name: string;
  /** Whether the operator wants it to get clients. */
  readonly enabled: boolean;
  /** What is observed of it. */
  readonly state: Observed;
  /** Since when. */
  readonly since: string;
  /** Why it is in this state, in few words; `null` if nothing has happened yet. */
  readonly reason: string | null;
  /** Its last check; `null` if it is not checked, or was not yet. */
  readonly check: CheckDocument | null;
  /** Failed connects of clients in a row. */
  readonly failuresInARow: number;
  /** Seconds until a client may try it; `null` unless it is ejected. */
  readonly trialInSeconds: number | null;
  /** How often it went down since the start. */
  readonly downs: number;
  /** How often it was ejected since the start. */
  readonly ejections: number;
}

/** One thing that has happened, as `watch json` and `/api/events` tell it. */
export interface EventDocument {
  /** When. */
  readonly at: string;
  /**
   * `transition`: what is observed of a channel changed; `operator`: an operator changed something; `instance`: anything else
   * that the log says.
   */
  readonly kind: "transition" | "operator" | "instance";
  /** How important it is. */
  readonly level: "info" | "notice" | "warning" | "error";
  /** What has happened, as one line for people. */
  readonly text: string;
  /** The channel that it is about, if it is about one. */
  readonly group?: number;
  /** See `group`. */
  readonly channel?: number;
  /** See `group`. */
  readonly name?: string;
  /** What is observed of it from now on, of a transition. */
  readonly to?: Observed;
}
