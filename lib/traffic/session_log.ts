/**
 * What a session says: its lines of the log and of the trace.
 *
 * @module
 */
import type { Reporter } from "../core/events.ts";
import { formatEndpoint } from "../core/net/socket_address.ts";
import { type HashTrace, NOTHING, type Tracer } from "../core/schedule/schedule.ts";
import type { AttemptObserver, Lease } from "../core/session/attempt.ts";
import type { ConnectFailure } from "../core/session/cause.ts";
import { type Cause, channelOf, groupOf } from "../core/table/schema.ts";

/** What is to be said, and where. */
export interface SessionLog {
  /** Where words go. */
  readonly reporter: Reporter;
  /** Seconds of silence after which a connection is ended; 0 is never. */
  readonly idleTimeout: number;
  /** Whether each connection's end is logged. */
  readonly logConnections: boolean;
}

/** What a connection has moved. */
export interface Moved {
  /** Bytes from the client to the server. */
  readonly sent: number;
  /** Bytes from the server to the client. */
  readonly received: number;
  /** Whether bytes that the client has sent were lost although the server may live. */
  readonly undelivered: boolean;
}

/** How a connection that had a server ended. */
export interface End {
  /** The place that it had. */
  readonly lease: Lease;
  /** Its counts. */
  readonly relay: Moved;
  /** How it ended. */
  readonly cause: Cause;
  /** Time that the connect to its server took, in ms. */
  readonly connectMs: number;
  /** How long it lasted, in ms. */
  readonly lasted: number;
}

/** Who a connection was for. */
export interface Subject {
  /** Address and port of the client, from its PROXY header if there was one. */
  readonly client: string;
  /** Address and port of the peer that sent the header. */
  readonly proxy: string | undefined;
}

/** Logs the end of a connection that had a server. */
export function logEnd(to: SessionLog, { client, proxy }: Subject, end: End): void {
  const { lease, relay, cause, connectMs, lasted } = end;
  const { reporter, idleTimeout } = to;
  const server = formatEndpoint(lease.endpoint);
  if (cause === "idle timeout") {
    reporter.log("info", "timed out after {seconds} seconds", { seconds: idleTimeout });
  }
  if (relay.undelivered) reporter.log("warning", "upload to {server} cut short", { server });
  if (!to.logConnections) return;
  reporter.log("info", "connection ended", {
    client,
    ...(proxy === undefined ? {} : { proxy }),
    group: groupOf(lease.slot),
    channel: channelOf(lease.slot),
    server,
    connectMs: Number(connectMs.toFixed(3)),
    sent: relay.sent,
    rcvd: relay.received,
    seconds: Number((lasted / 1000).toFixed(3)),
    cause,
  });
}

/** Tells the log and the main thread what attempts do. */
export function observeAttempts(reporter: Reporter): AttemptObserver {
  return {
    disabled: (lease) => {
      logDisabled(reporter, lease);
      reporter.seen?.({ kind: "disabled", slot: lease.slot });
    },
    failed: tellFailures(reporter),
    found: (slot, kind, reason) => reporter.seen?.({ kind, slot, reason }),
    lastResort: () => reporter.seen?.({ kind: "last resort" }),
  };
}

/** Least time between two words about failed connects of one channel, in ms. */
const FAILURES_MS = 1000;

/** Tells of failed connects, of each channel once a second: many clients may fail at once. */
function tellFailures({ connectFailed }: Reporter): AttemptObserver["failed"] {
  if (connectFailed === undefined) return undefined;
  const told = new Map<number, number>();
  return ({ slot }) => {
    const now = performance.now();
    if (now - (told.get(slot) ?? -Infinity) < FAILURES_MS) return;
    told.set(slot, now);
    connectFailed(slot);
  };
}

/** Tells the `-d` trace what hash groups make of clients, if one is wanted. */
export function observeHashes({ trace }: Reporter, hashFailover: boolean): Tracer | undefined {
  return trace === undefined ? undefined : (hash) => traceHash(trace, hash, hashFailover);
}

function logDisabled(reporter: Reporter, { slot, endpoint }: Lease): void {
  const group = groupOf(slot);
  const channel = channelOf(slot);
  reporter.log("notice", "connection failed group {group} channel {channel}", { group, channel });
  reporter.log(
    "notice",
    "{server} needs to be enabled manually using balance -i after the problem is solved",
    { server: formatEndpoint(endpoint) },
  );
}

/** The trace's line about an attempt. */
export function traceAttempt(slot: number, result: ConnectFailure | "connected"): string {
  const group = groupOf(slot);
  const channel = channelOf(slot);
  const ends = {
    connected: `connect to channel ${channel} successful`,
    refused: `connection refused group ${group} channel ${channel}`,
    exhausted: `out of descriptors group ${group} channel ${channel}`,
    "out of ports": `out of local ports group ${group} channel ${channel}`,
    timeout: `timeout group ${group} channel ${channel}`,
  };
  return `trying group ${group} channel ${channel} ... ${ends[result]}`;
}

function traceHash(
  trace: (line: string) => void,
  { group, hash, channels, named, given }: HashTrace,
  hashFailover: boolean,
): void {
  trace(`HASH-method: fold returns ${hash}`);
  trace(`modulo ${channels} gives ${named}`);
  if (given === named) return;
  if (!hashFailover) return trace(`no valid channel in group ${group}. Failover?`);
  trace("channel disabled - hashfailover.");
  if (given === NOTHING) trace(`no valid channel in group ${group}.`);
  else trace(`channel choosen: ${given} in group ${group}.`);
}
