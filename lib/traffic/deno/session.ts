/**
 * One client: an attempt's steps taken, its bytes relayed, its end told.
 *
 * @module
 */
import { close } from "../../system/close.ts";
import type { ProxyVersion } from "../../core/edge/proxy_message.ts";
import {
  Attempt,
  type AttemptRules,
  type Ending,
  type Lease,
  PROVEN_MS,
  type Step,
} from "../../core/session/attempt.ts";
import { isShortage, type Shortage } from "../../core/session/cause.ts";
import type { EntryRules } from "../../core/session/entry.ts";
import { proxyHeader, proxyVersionFor } from "../../core/session/proxy_out.ts";
import { counterIndex } from "../../core/table/schema.ts";
import { connect, setOptions } from "./connect.ts";
import type { Dump } from "./dump_writer.ts";
import { type Guest, letIn } from "./entrance.ts";
import type { Queue } from "./queue.ts";
import { Relay, type RelayContext } from "./relay.ts";
import { type End, logEnd, type SessionLog, traceAttempt } from "./session_log.ts";
import type { Stream } from "./stream.ts";
import type { Ticking } from "./ticker.ts";

/** What all sessions of a thread share. */
export interface SessionContext extends AttemptRules, RelayContext, SessionLog {
  /** Seconds that one connect may take. */
  readonly connectTimeout: number;
  /** Whether groups fail over inside themselves (`-H`). */
  readonly hashFailover: boolean;
  /** Source address of outgoing connections (`-B`). */
  readonly source: string | undefined;
  /** What a client must pass to come in; nothing if everybody may. */
  readonly entry: EntryRules | undefined;
  /** Version of the PROXY header that servers get. */
  readonly proxyOut: ProxyVersion | undefined;
  /** Where clients wait while every channel is full, if they may. */
  readonly queue: Queue | undefined;
  /** Where the packet dump goes (`-p`), if one is wanted. */
  readonly dump: Dump | undefined;
  /** The relays that live and the channels that they are on, so that they can be ended from outside. */
  readonly relays: Map<Relay, number>;
  /** Tells that something has run out; resolves when it is worth trying again. */
  exhausted(shortage: Shortage): Promise<void>;
  /** Whether every connection is to end. */
  ending(): boolean;
}

const REFUSE: Step = { kind: "refuse" };

/** A server that is connected, and the lease that it takes. */
interface Reached {
  readonly lease: Lease;
  readonly server: Stream;
  /** Time that the connect took, in ms; 0 if nobody wants to know. */
  readonly connectMs: number;
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
  stack.defer(() => close(connection));
  const { hostname } = connection.remoteAddr as Deno.NetAddr;
  context.reporter.trace?.(`connect from ${hostname} clilen=${hostname.includes(":") ? 28 : 16}`);
  setOptions(connection);
  const guest = await letIn(context, connection, stack);
  if (guest === undefined) return;
  const { hashFailover } = context;
  const attempt = stack.use(new Attempt(context, { address: guest.address, hashFailover }));
  const reached = await reach(context, attempt, guest, stack);
  if (reached === undefined) return;
  const end = await relayBetween(context, guest.stream, { ...reached, attempt });
  attempt.ended(endingOf(end));
  stack.dispose();
  logEnd(context, guest, end);
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
  guest: Guest,
  stack: DisposableStack,
): Promise<Reached | undefined> {
  const { ticker, connectTimeout, reporter, source, queue } = context;
  let patience = ticker.after(connectTimeout);
  for (let step = attempt.begin(); step.kind !== "refuse";) {
    if (step.kind === "queue") {
      step = await queue?.wait(attempt, guest.early()) ?? REFUSE;
      patience = ticker.after(connectTimeout);
      continue;
    }
    const { lease } = step;
    const deadline = ticker.deadline(connectTimeout);
    const began = context.logConnections ? performance.now() : 0;
    const header = headerFor(context, lease, guest);
    const result = await connect(lease.endpoint, { deadline, source, header });
    if (result.kind === "connected") {
      stack.defer(() => close(result.stream));
      if (context.ending()) return undefined;
      reporter.trace?.(traceAttempt(lease.slot, "connected"));
      attempt.connected();
      const connectMs = context.logConnections ? performance.now() - began : 0;
      return { lease, server: result.stream, connectMs };
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

/** The PROXY header for the server of a lease, if it gets one. */
function headerFor(
  { table, proxyOut }: SessionContext,
  { slot }: Lease,
  guest: Guest,
): Uint8Array | undefined {
  const version = proxyVersionFor(table, slot, proxyOut);
  return version === undefined ? undefined : proxyHeader(version, guest.origin());
}

async function relayBetween(
  context: SessionContext,
  connection: Stream,
  { lease, server, connectMs, attempt }: Reached & { readonly attempt: Attempt },
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
    const lasted = timed ? performance.now() - began : 0;
    return { lease, relay, cause, connectMs, lasted };
  } finally {
    relays.delete(relay);
  }
}
