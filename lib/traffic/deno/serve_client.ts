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
  type Lease,
  PROVEN_MS,
  type Step,
} from "../../core/session/attempt.ts";
import { isShortage, type Shortage } from "../../core/session/cause.ts";
import type { EntryRules } from "../../core/session/entry.ts";
import { proxyHeader, proxyVersionFor } from "../../core/session/proxy_out.ts";
import type { LastEnds } from "../../core/report/live.ts";
import { formatEndpoint } from "../../core/net/socket_address.ts";
import { counterIndex } from "../../core/table/schema.ts";
import { connect, type Connected, setOptions } from "./connect.ts";
import type { Dump } from "./dump_writer.ts";
import { type Guest, letIn } from "./entrance.ts";
import type { Queue } from "./queue.ts";
import { Relay, type RelayContext } from "./relay.ts";
import { Session } from "./session.ts";
import { type End, logEnd, type SessionLog, traceAttempt } from "../session_log.ts";
import type { Sessions } from "./sessions.ts";
import type { Stream } from "./stream.ts";
import type { Ticking } from "./ticker.ts";

/** What all clients of a thread share. */
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
  /** The clients that are being served. */
  readonly sessions: Sessions;
  /** Remembers how connections ended. */
  readonly lastEnds: LastEnds;
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
  /** Time that the connect took, in ms. */
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
  const acceptedMs = performance.now();
  stack.defer(() => close(connection));
  const { hostname } = connection.remoteAddr as Deno.NetAddr;
  context.reporter.trace?.(`connect from ${hostname} clilen=${hostname.includes(":") ? 28 : 16}`);
  setOptions(connection);
  const guest = await letIn(context, connection, stack);
  if (guest === undefined) return;
  const { hashFailover } = context;
  const attempt = stack.use(new Attempt(context, { address: guest.address, hashFailover }));
  const session = new Session(guest, attempt, acceptedMs, context.queue);
  stack.use(context.sessions.enter(session));
  const reached = await reach(context, session, stack);
  // It may have been ended between two turns of the queue of microtasks.
  if (reached === undefined || session.cut) return;
  const end = await relayBetween(context, session, reached);
  attempt.ended({ cause: end.cause, received: end.relay.received, ageMs: end.lasted });
  stack.dispose();
  noteEnd(context, guest, end);
  logEnd(context, guest, end);
}

function noteEnd({ lastEnds }: SessionContext, { client }: Guest, { lease, cause }: End): void {
  const server = formatEndpoint(lease.endpoint);
  lastEnds.note({ slot: lease.slot, cause, atMs: Date.now(), client, server });
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
  session: Session,
  stack: DisposableStack,
): Promise<Reached | undefined> {
  const { ticker, connectTimeout, reporter, source, queue } = context;
  const { attempt, guest } = session;
  // Whoever ends a connection wants no other server tried.
  const over = (): boolean => session.cut || context.ending();
  let patience = ticker.after(connectTimeout);
  for (let step = attempt.begin(); step.kind !== "refuse";) {
    if (step.kind === "queue") {
      session.queued = true;
      step = await queue?.wait(attempt, guest.early()) ?? REFUSE;
      session.queued = false;
      patience = ticker.after(connectTimeout);
      continue;
    }
    const { lease } = step;
    const deadline = ticker.deadline(connectTimeout);
    const began = performance.now();
    const header = headerFor(context, lease, guest);
    const connecting = connect(lease.endpoint, { deadline, source, header });
    const result = await session.unlessCut(connecting);
    if (result === undefined) {
      void closeLate(connecting);
      return undefined;
    }
    if (result.kind === "connected") {
      stack.defer(() => close(result.stream));
      if (over()) return undefined;
      reporter.trace?.(traceAttempt(lease.slot, "connected"));
      const connectMs = performance.now() - began;
      attempt.connected(connectMs);
      return { lease, server: result.stream, connectMs };
    }
    const { reason } = result;
    const patient = isShortage(reason) && ticker.now < patience && !over();
    if (patient) await session.unlessCut(context.exhausted(reason));
    else reporter.trace?.(traceAttempt(lease.slot, reason));
    if (over()) return undefined;
    step = attempt.failed(reason, patient);
  }
  return undefined;
}

/** The runtime cannot take a connect back: what comes of it is closed. */
async function closeLate(connecting: Promise<Connected>): Promise<void> {
  const result = await connecting;
  if (result.kind === "connected") close(result.stream);
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
  session: Session,
  { lease, server, connectMs }: Reached,
): Promise<End> {
  const { dump, table, worker } = context;
  const connection = session.guest.stream;
  const ends = dump === undefined ? [connection, server] as const : dump.tap(connection, server);
  const relay = new Relay(context, ...ends, {
    floats: table.floats,
    sent: counterIndex(worker, lease.slot, "sent"),
    received: counterIndex(worker, lease.slot, "received"),
  });
  session.relay = relay;
  const began = performance.now();
  using _ = watchProof(context, session.attempt, relay);
  const cause = await relay.run();
  return { lease, relay, cause, connectMs, lasted: performance.now() - began };
}
