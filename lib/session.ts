/**
 * One client: choose a channel, claim it, connect, fail over, relay, account.
 *
 * @module
 */
import { formatIpv4 } from "./core/address.ts";
import { chooseFirst, chooseNext, type HashTrace, NOTHING, settle } from "./core/schedule.ts";
import { channelOf, counterIndex, groupOf, type Table } from "./core/layout.ts";
import { autodisable, claim, destination, release } from "./core/table.ts";
import { Clock } from "./clock.ts";
import { connect, type ConnectFailure, setOptions } from "./connect.ts";
import type { Dump } from "./dump_writer.ts";
import type { Reporter } from "./events.ts";
import { closeStream, Relay, type RelayContext, type Stream } from "./relay.ts";

/** What all sessions of a thread share. */
export interface SessionContext extends RelayContext {
  /** The channel table. */
  readonly table: Table;
  /** Number of this thread in the table. */
  readonly worker: number;
  /** Seconds that one connect may take. */
  readonly connectTimeout: number;
  /** Whether a channel whose connect fails is disabled (`-a`). */
  readonly autodisable: boolean;
  /** Whether groups fail over inside themselves (`-H`). */
  readonly hashFailover: boolean;
  /** Source address of outgoing connections (`-B`). */
  readonly source: string | undefined;
  /** Whether each connection's end is logged. */
  readonly logConnections: boolean;
  /** Where the packet dump goes (`-p`), if one is wanted. */
  readonly dump: Dump | undefined;
  /** Where words go. */
  readonly reporter: Reporter;
  /** The relays that live, so that a drain that has lasted too long can end them. */
  readonly relays: Set<Relay>;
  /** Tells the listener that descriptors have run out; resolves when it is worth trying again. */
  exhausted(): Promise<void>;
  /** Whether every connection is to end. */
  ending(): boolean;
}

/** A server that is connected, and the channel whose place it takes. */
interface Reached {
  readonly slot: number;
  readonly server: Stream;
}

interface Client {
  readonly address: string;
  readonly port: number;
  readonly hashFailover: boolean;
}

/** Serves one client from its accept to its end. Closes the connection on every path; never rejects. */
export async function serveClient(
  context: SessionContext,
  connection: Deno.TcpConn,
): Promise<void> {
  const { hostname: address, port } = connection.remoteAddr as Deno.NetAddr;
  const client = { address, port, hashFailover: context.hashFailover };
  context.reporter.trace?.(`connect from ${address} clilen=${address.includes(":") ? 28 : 16}`);
  setOptions(connection);
  const first = claimFirst(context, client);
  const reached = first === NOTHING ? undefined : await reach(context, client, first);
  if (reached !== undefined) {
    const relay = startRelay(context, connection, reached);
    const began = context.logConnections ? performance.now() : 0;
    await relay.run();
    closeStream(reached.server);
    release(context.table, context.worker, reached.slot);
    context.relays.delete(relay);
    logEnd(context, client, reached.slot, relay, began);
  }
  closeStream(connection);
}

/** Connects to the claimed channel, or to the ones that failover leads to. */
async function reach(
  context: SessionContext,
  client: Client,
  first: number,
): Promise<Reached | undefined> {
  const { clock, connectTimeout, source, table } = context;
  const patience = clock.now + Clock.beats(connectTimeout);
  let tried: Set<number> | undefined;
  for (let slot = first;;) {
    const { address, port } = destination(table, slot);
    const result = await connect(address, port, {
      deadline: clock.deadline(connectTimeout),
      source,
    });
    if (typeof result !== "string" && context.ending()) {
      closeStream(result);
      release(table, context.worker, slot);
      return undefined;
    }
    if (typeof result !== "string") {
      context.reporter.trace?.(traceAttempt(slot, "connected"));
      if (slot !== first) settle(table, slot);
      return { slot, server: result };
    }
    if (result === "exhausted" && clock.now < patience && !context.ending()) {
      // Not the channel's fault: keep its place, and try again when descriptors are free.
      await context.exhausted();
      continue;
    }
    context.reporter.trace?.(traceAttempt(slot, result));
    release(table, context.worker, slot);
    if (context.ending()) return undefined;
    if (context.autodisable && result !== "exhausted") disable(context, slot);
    tried = (tried ?? new Set()).add(slot);
    slot = claimNext(context, client, slot, tried);
    if (slot === NOTHING) return undefined;
  }
}

function startRelay(context: SessionContext, client: Stream, reached: Reached): Relay {
  const sent = counterIndex(context.worker, reached.slot) + 1;
  const ends = context.dump === undefined
    ? [client, reached.server] as const
    : context.dump.tap(client, reached.server);
  const relay = new Relay(context, ...ends, { floats: context.table.floats, sent });
  context.relays.add(relay);
  return relay;
}

function logEnd(
  context: SessionContext,
  client: Client,
  slot: number,
  relay: Relay,
  began: number,
): void {
  const { reporter, idleTimeout } = context;
  if (relay.cause === "idle timeout") {
    reporter.log("info", "timed out after {seconds} seconds", { seconds: idleTimeout });
  }
  if (!context.logConnections) return;
  const { address, port } = destination(context.table, slot);
  reporter.log("info", "connection ended", {
    client: `${client.address}:${client.port}`,
    group: groupOf(slot),
    channel: channelOf(slot),
    server: `${formatIpv4(address)}:${port}`,
    sent: relay.sent,
    rcvd: relay.received,
    seconds: Number(((performance.now() - began) / 1000).toFixed(3)),
    cause: relay.cause ?? "client closed",
  });
}

function claimFirst(context: SessionContext, client: Client): number {
  const { table, worker } = context;
  for (;;) {
    const slot = chooseFirst(table, client, hashTracer(context, client));
    if (slot === NOTHING || claim(table, worker, slot)) return slot;
  }
}

function claimNext(
  context: SessionContext,
  client: Client,
  failed: number,
  tried: ReadonlySet<number>,
): number {
  const { table, worker } = context;
  for (;;) {
    const slot = chooseNext(table, client, failed, tried, hashTracer(context, client));
    if (slot === NOTHING || claim(table, worker, slot)) return slot;
  }
}

function disable(context: SessionContext, slot: number): void {
  if (!autodisable(context.table, slot)) return;
  const { address, port } = destination(context.table, slot);
  const { reporter } = context;
  const group = groupOf(slot);
  const channel = channelOf(slot);
  reporter.log("notice", "connection failed group {group} channel {channel}", { group, channel });
  reporter.log(
    "notice",
    "{address}:{port} needs to be enabled manually using balance -i after the problem is solved",
    { address: formatIpv4(address), port },
  );
}

function traceAttempt(slot: number, result: ConnectFailure | "connected"): string {
  const group = groupOf(slot);
  const channel = channelOf(slot);
  const ends = {
    connected: `connect to channel ${channel} successful`,
    refused: `connection refused group ${group} channel ${channel}`,
    exhausted: `out of descriptors group ${group} channel ${channel}`,
    timeout: `timeout group ${group} channel ${channel}`,
  };
  return `trying group ${group} channel ${channel} ... ${ends[result]}`;
}

function hashTracer(
  context: SessionContext,
  client: Client,
): ((trace: HashTrace) => void) | undefined {
  const { trace } = context.reporter;
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
