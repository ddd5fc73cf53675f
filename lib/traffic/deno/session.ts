/**
 * One client: an attempt's steps taken, its bytes relayed, its end told.
 *
 * @module
 */
import {
  Attempt,
  type AttemptRules,
  type Ending,
  type Lease,
  PROVEN_MS,
} from "../../core/session/attempt.ts";
import { isShortage, type Shortage } from "../../core/session/cause.ts";
import { counterIndex } from "../../core/table/schema.ts";
import { connect, setOptions } from "./connect.ts";
import type { Dump } from "./dump_writer.ts";
import { Relay, type RelayContext } from "./relay.ts";
import { type End, logEnd, type SessionLog, traceAttempt } from "./session_log.ts";
import { closeStream, type Stream } from "./stream.ts";
import type { Ticking } from "./ticker.ts";

/** What all sessions of a thread share. */
export interface SessionContext extends AttemptRules, RelayContext, SessionLog {
  /** Seconds that one connect may take. */
  readonly connectTimeout: number;
  /** Whether groups fail over inside themselves (`-H`). */
  readonly hashFailover: boolean;
  /** Source address of outgoing connections (`-B`). */
  readonly source: string | undefined;
  /** Where the packet dump goes (`-p`), if one is wanted. */
  readonly dump: Dump | undefined;
  /** The relays that live and the channels that they are on, so that they can be ended from outside. */
  readonly relays: Map<Relay, number>;
  /** Tells that something has run out; resolves when it is worth trying again. */
  exhausted(shortage: Shortage): Promise<void>;
  /** Whether every connection is to end. */
  ending(): boolean;
}

/** A server that is connected, and the lease that it takes. */
interface Reached {
  readonly lease: Lease;
  readonly server: Stream;
}

/**
 * Serves one client from its accept to its end. Closes both connections and gives the lease back on every path.
 *
 * @throws A fault of this program's own, never a failure of a peer.
 */
export async function serveClient(
  context: SessionContext,
  connection: Deno.TcpConn,
): Promise<void> {
  using stack = new DisposableStack();
  stack.defer(() => closeStream(connection));
  const { hostname: address, port } = connection.remoteAddr as Deno.NetAddr;
  context.reporter.trace?.(`connect from ${address} clilen=${address.includes(":") ? 28 : 16}`);
  setOptions(connection);
  const { hashFailover } = context;
  const attempt = stack.use(new Attempt(context, { address, hashFailover }));
  const reached = await reach(context, attempt, stack);
  if (reached === undefined) return;
  const end = await relayBetween(context, connection, { ...reached, attempt });
  attempt.ended(endingOf(end));
  stack.dispose();
  logEnd(context, `${address}:${port}`, end);
}

function endingOf({ cause, relay, lasted }: End): Ending {
  const byServer = cause === "server closed" || cause === "server reset";
  return { byServer, received: relay.received, ageMs: lasted };
}

/** Tells the attempt within two ticks when the connection has shown that its server works (`--eject`). */
function watchProof(
  { ticker, ejectAfter }: SessionContext,
  attempt: Attempt,
  relay: Relay,
): Disposable {
  if (ejectAfter <= 0) return new DisposableStack();
  const due = ticker.after(PROVEN_MS / 1000);
  const watch: Ticking = {
    onTick: (now) => {
      if (relay.received === 0 && now < due) return;
      attempt.proven();
      ticker.unwatch(watch);
    },
  };
  ticker.watch(watch);
  return { [Symbol.dispose]: () => ticker.unwatch(watch) };
}

/**
 * Connects to the attempt's first lease, or to those that failover leads to.
 *
 * @param stack Closes what was connected.
 */
async function reach(
  context: SessionContext,
  attempt: Attempt,
  stack: DisposableStack,
): Promise<Reached | undefined> {
  const { ticker, connectTimeout, reporter, source } = context;
  const patience = ticker.after(connectTimeout);
  for (let step = attempt.begin(); step.kind !== "refuse";) {
    if (step.kind === "queue") return undefined;
    const { lease } = step;
    const deadline = ticker.deadline(connectTimeout);
    const result = await connect(lease.endpoint, { deadline, source });
    if (result.kind === "connected") {
      stack.defer(() => closeStream(result.stream));
      if (context.ending()) return undefined;
      reporter.trace?.(traceAttempt(lease.slot, "connected"));
      attempt.connected();
      return { lease, server: result.stream };
    }
    const { reason } = result;
    const patient = isShortage(reason) && ticker.now < patience && !context.ending();
    if (patient) await context.exhausted(reason);
    else reporter.trace?.(traceAttempt(lease.slot, reason));
    // Whoever ends everything wants no other server tried.
    if (context.ending()) return undefined;
    step = attempt.failed(reason, patient);
  }
  return undefined;
}

async function relayBetween(
  context: SessionContext,
  connection: Stream,
  { lease, server, attempt }: Reached & { readonly attempt: Attempt },
): Promise<End> {
  const { dump, ejectAfter, logConnections, relays, table, worker } = context;
  const ends = dump === undefined ? [connection, server] as const : dump.tap(connection, server);
  const relay = new Relay(context, ...ends, {
    floats: table.floats,
    sent: counterIndex(worker, lease.slot, "sent"),
    received: counterIndex(worker, lease.slot, "received"),
  });
  relays.set(relay, lease.slot);
  const timed = logConnections || ejectAfter > 0;
  const began = timed ? performance.now() : 0;
  using _ = watchProof(context, attempt, relay);
  try {
    const cause = await relay.run();
    return { lease, relay, cause, lasted: timed ? performance.now() - began : 0 };
  } finally {
    relays.delete(relay);
  }
}
