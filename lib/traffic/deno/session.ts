/**
 * One client: choose a channel, claim it, connect, fail over, relay, account.
 *
 * @module
 */
import { chooseFirst, chooseNext, NOTHING, settle } from "../../core/schedule/schedule.ts";
import { counterIndex, type Table } from "../../core/table/layout.ts";
import { claim } from "../../core/table/access.ts";
import { Clock } from "./ticker.ts";
import { connect, type ConnectFailure, isShortage, setOptions, type Shortage } from "./connect.ts";
import type { Dump } from "./dump_writer.ts";
import { Lease } from "./lease.ts";
import { Relay, type RelayContext } from "./relay.ts";
import {
  type Client,
  hashTracer,
  logDisabled,
  logEnd,
  type SessionLog,
  traceAttempt,
} from "./session_log.ts";
import { closeStream, type Stream } from "./stream.ts";

/** What all sessions of a thread share. */
export interface SessionContext extends RelayContext, SessionLog {
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
  /** Where the packet dump goes (`-p`), if one is wanted. */
  readonly dump: Dump | undefined;
  /** The relays that live, so that a drain that has lasted too long can end them. */
  readonly relays: Set<Relay>;
  /** Tells that something has run out; resolves when it is worth trying again. */
  exhausted(shortage: Shortage): Promise<void>;
  /** Whether every connection is to end. */
  ending(): boolean;
}

/** A server that is connected, and the place that it takes. */
interface Reached extends Disposable {
  readonly lease: Lease;
  readonly server: Stream;
}

/**
 * Serves one client from its accept to its end. Closes both connections and gives the place back on every path.
 *
 * @throws A fault of this program's own, never a failure of a peer.
 */
export async function serveClient(
  context: SessionContext,
  connection: Deno.TcpConn,
): Promise<void> {
  try {
    const { hostname: address, port } = connection.remoteAddr as Deno.NetAddr;
    const client = { address, port, hashFailover: context.hashFailover };
    context.reporter.trace?.(`connect from ${address} clilen=${address.includes(":") ? 28 : 16}`);
    setOptions(connection);
    const reached = await reach(context, client);
    if (reached !== undefined) await relayBetween(context, client, connection, reached);
  } finally {
    closeStream(connection);
  }
}

/** Connects to the first choice, or to the channels that failover leads to. */
async function reach(context: SessionContext, client: Client): Promise<Reached | undefined> {
  const { clock, connectTimeout, reporter, table, worker } = context;
  const patience = clock.now + Clock.beats(connectTimeout);
  const first = claimFirst(context, client);
  let tried: Set<number> | undefined;
  for (let slot = first; slot !== NOTHING;) {
    using stack = new DisposableStack();
    const lease = stack.use(new Lease(table, worker, slot));
    const result = await attempt(context, lease, patience);
    if (typeof result !== "string") {
      stack.defer(() => closeStream(result));
      if (context.ending()) return undefined;
      reporter.trace?.(traceAttempt(slot, "connected"));
      if (slot !== first) settle(table, slot);
      const owned = stack.move();
      return { lease, server: result, [Symbol.dispose]: () => owned.dispose() };
    }
    reporter.trace?.(traceAttempt(slot, result));
    // The next choice must see this place free.
    stack.dispose();
    if (context.ending()) return undefined;
    if (context.autodisable && !isShortage(result) && lease.disableChannel()) {
      logDisabled(reporter, lease);
    }
    tried = (tried ?? new Set()).add(slot);
    slot = claimNext(context, client, slot, tried);
  }
  return undefined;
}

/** Connects to one server; without descriptors or ports it keeps the place and tries again for a while. */
async function attempt(
  context: SessionContext,
  { address, port }: Lease,
  patience: number,
): Promise<Stream | ConnectFailure> {
  const { clock, connectTimeout, source } = context;
  for (;;) {
    const deadline = clock.deadline(connectTimeout);
    const result = await connect(address, port, { deadline, source });
    if (typeof result !== "string" || !isShortage(result)) return result;
    if (clock.now >= patience || context.ending()) return result;
    // Not the channel's fault: keep its place, and try again when there is what is lacking.
    await context.exhausted(result);
  }
}

async function relayBetween(
  context: SessionContext,
  client: Client,
  connection: Stream,
  reached: Reached,
): Promise<void> {
  const { dump, logConnections, relays, table, worker } = context;
  using stack = new DisposableStack();
  const { lease, server } = stack.use(reached);
  const sent = counterIndex(worker, lease.slot) + 1;
  const ends = dump === undefined ? [connection, server] as const : dump.tap(connection, server);
  const relay = new Relay(context, ...ends, { floats: table.floats, sent });
  relays.add(relay);
  stack.defer(() => relays.delete(relay));
  const began = logConnections ? performance.now() : 0;
  const cause = await relay.run();
  stack.dispose();
  const lasted = logConnections ? performance.now() - began : 0;
  logEnd(context, client, { lease, relay, cause, lasted });
}

function claimFirst(context: SessionContext, client: Client): number {
  const { table, worker } = context;
  for (;;) {
    const slot = chooseFirst(table, client, hashTracer(context.reporter, client));
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
    const slot = chooseNext(table, client, failed, tried, hashTracer(context.reporter, client));
    if (slot === NOTHING || claim(table, worker, slot)) return slot;
  }
}
