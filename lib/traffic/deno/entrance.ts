/**
 * Lets a client in: reads its PROXY header where one is wanted, and asks the rules.
 *
 * @module
 */
import { close } from "../../system/close.ts";
import { formatPeer, formatSocketEnd, type Origin, socketOrigin } from "../../core/edge/origin.ts";
import { formatAddress } from "../../core/net/ip_address.ts";
import { Entry, type EntryRules, type EntryStep } from "../../core/session/entry.ts";
import { EarlyStream } from "./early_stream.ts";
import type { Subject } from "../session_log.ts";
import type { Stream } from "./stream.ts";
import type { Ticker } from "./ticker.ts";

/** Seconds that a PROXY header may take. */
const HEADER_SECONDS = 3;

/** What letting clients in takes. */
export interface EntranceContext {
  /** What timeouts hang on. */
  readonly ticker: Ticker;
  /** What a client must pass; nothing if everybody may come in. */
  readonly entry: EntryRules | undefined;
  /** Whether every connection is to end. */
  ending(): boolean;
}

/** A client that was let in. */
export class Guest implements Subject {
  /** Its address as text, by which hash groups choose. */
  readonly address: string;
  /** Address and port, for the log. */
  readonly client: string;
  /** The peer that has said so. */
  readonly proxy: string | undefined;
  /** Its bytes. */
  stream: Stream;
  readonly #connection: Deno.TcpConn;
  #origin: Origin | undefined;

  /**
   * Knows a client by its socket, or by what a header named.
   *
   * @param connection Its socket.
   * @param origin Where it comes from, if that was asked for.
   * @param early What was read of it already.
   */
  constructor(connection: Deno.TcpConn, origin?: Origin, early?: EarlyStream) {
    const peer = connection.remoteAddr as Deno.NetAddr;
    const learnt = origin?.proxy === undefined ? undefined : origin;
    this.#connection = connection;
    this.#origin = origin;
    this.stream = early ?? connection;
    this.address = learnt === undefined ? peer.hostname : formatAddress(learnt.client.address);
    this.client = learnt === undefined ? formatSocketEnd(peer) : formatPeer(learnt.client);
    this.proxy = learnt === undefined ? undefined : formatSocketEnd(peer);
  }

  /** Where it comes from and what it connected to. */
  origin(): Origin {
    return this.#origin ??= originOf(this.#connection);
  }

  /** Its stream as one that can be read ahead. */
  early(): EarlyStream {
    if (this.stream instanceof EarlyStream) return this.stream;
    const early = new EarlyStream(this.stream);
    this.stream = early;
    return early;
  }
}

/**
 * Lets a client in, or counts why not.
 *
 * @param stack Gives back what the client takes of its limits.
 */
export async function letIn(
  context: EntranceContext,
  connection: Deno.TcpConn,
  stack: DisposableStack,
): Promise<Guest | undefined> {
  if (context.entry === undefined) return new Guest(connection);
  const entry = stack.use(new Entry(context.entry, originOf(connection)));
  let step = entry.begin(now());
  let early: EarlyStream | undefined;
  if (step.kind === "read") {
    early = new EarlyStream(connection);
    step = await readHeader(context, entry, early);
  }
  if (step.kind !== "enter") return undefined;
  early?.skip(step.header);
  return new Guest(connection, step.origin, early);
}

async function readHeader(
  context: EntranceContext,
  entry: Entry,
  stream: EarlyStream,
): Promise<EntryStep> {
  const deadline = context.ticker.deadline(HEADER_SECONDS);
  const stop = (): void => close(stream);
  deadline.addEventListener("abort", stop);
  try {
    while (await readSome(stream)) {
      const step = entry.received(stream.early, now());
      if (step.kind !== "read") return step;
    }
  } finally {
    deadline.removeEventListener("abort", stop);
  }
  // Whoever ends everything blames nobody.
  if (context.ending()) return { kind: "refuse" };
  return entry.missed(deadline.aborted ? "late" : "gone", stream.early.length);
}

/** Whether something has come; a failure of the peer is its end. */
async function readSome(stream: EarlyStream): Promise<boolean> {
  try {
    return await stream.readAhead();
  } catch {
    return false;
  }
}

function originOf({ remoteAddr, localAddr }: Deno.TcpConn): Origin {
  return socketOrigin(remoteAddr as Deno.NetAddr, localAddr as Deno.NetAddr);
}

/** A time that all threads have much alike, in ms. */
function now(): number {
  return performance.timeOrigin + performance.now();
}
