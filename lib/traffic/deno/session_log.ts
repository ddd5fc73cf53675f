/**
 * What a session says: its lines of the log and of the trace.
 *
 * @module
 */
import { formatIpv4 } from "../../core/net/address.ts";
import { channelOf, groupOf } from "../../core/table/layout.ts";
import { type HashTrace, NOTHING } from "../../core/schedule/schedule.ts";
import type { ConnectFailure } from "./connect.ts";
import type { Reporter } from "../../core/events.ts";
import type { Lease } from "./lease.ts";
import type { Cause, Relay } from "./relay.ts";

/** Who is served. */
export interface Client {
  /** IP address as text. */
  readonly address: string;
  /** Port number. */
  readonly port: number;
  /** Whether groups fail over inside themselves (`-H`). */
  readonly hashFailover: boolean;
}

/** What is to be said, and where. */
export interface SessionLog {
  /** Where words go. */
  readonly reporter: Reporter;
  /** Seconds of silence after which a connection is ended; 0 is never. */
  readonly idleTimeout: number;
  /** Whether each connection's end is logged. */
  readonly logConnections: boolean;
}

/** How a connection that had a server ended. */
export interface End {
  /** The place that it had. */
  readonly lease: Lease;
  /** Its counts. */
  readonly relay: Relay;
  /** How it ended. */
  readonly cause: Cause;
  /** How long it lasted, in ms. */
  readonly lasted: number;
}

/** Logs the end of a connection that had a server. */
export function logEnd(to: SessionLog, client: Client, { lease, relay, cause, lasted }: End): void {
  const { reporter, idleTimeout } = to;
  const { slot, port } = lease;
  const address = formatIpv4(lease.address);
  if (cause === "idle timeout") {
    reporter.log("info", "timed out after {seconds} seconds", { seconds: idleTimeout });
  }
  if (relay.undelivered) {
    reporter.log("warning", "upload to {address}:{port} cut short", { address, port });
  }
  if (!to.logConnections) return;
  reporter.log("info", "connection ended", {
    client: `${client.address}:${client.port}`,
    group: groupOf(slot),
    channel: channelOf(slot),
    server: `${address}:${port}`,
    sent: relay.sent,
    rcvd: relay.received,
    seconds: Number((lasted / 1000).toFixed(3)),
    cause,
  });
}

/** Logs that `-a` has disabled a channel. */
export function logDisabled(reporter: Reporter, { slot, address, port }: Lease): void {
  const group = groupOf(slot);
  const channel = channelOf(slot);
  reporter.log("notice", "connection failed group {group} channel {channel}", { group, channel });
  reporter.log(
    "notice",
    "{address}:{port} needs to be enabled manually using balance -i after the problem is solved",
    { address: formatIpv4(address), port },
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

/** What traces the choice of a hash group; `undefined` when tracing is off. */
export function hashTracer(
  { trace }: Reporter,
  client: Client,
): ((trace: HashTrace) => void) | undefined {
  if (trace === undefined) return undefined;
  return ({ group, hash, channels, named, given }) => {
    trace(`HASH-method: fold returns ${hash}`);
    trace(`modulo ${channels} gives ${named}`);
    if (given === named) return;
    if (!client.hashFailover) return trace(`no valid channel in group ${group}. Failover?`);
    trace("channel disabled - hashfailover.");
    if (given === NOTHING) trace(`no valid channel in group ${group}.`);
    else trace(`channel choosen: ${given} in group ${group}.`);
  };
}
