/**
 * One active check: connect, say something, judge the answer, and part without a reset.
 *
 * A socket that is closed with data unread, or before data that are still to come, resets its peer, and a server that logs
 * resets would log every check. So after the verdict the end of file is sent, and what the server still has to say is read
 * up to its own end of file, within bounds.
 *
 * @module
 */
import { close } from "../system/close.ts";
import { ANSWER_LIMIT, type Judgement } from "../core/health/check_kinds.ts";
import type { Exchange } from "../core/health/exchange.ts";
import type { Endpoint } from "../core/net/socket_address.ts";
import { type ConnectFailure, isShortage } from "../core/session/cause.ts";
import { connect, type Connected } from "../traffic/deno/connect.ts";
import type { Stream } from "../traffic/deno/stream.ts";

/** What is to be checked. */
export interface CheckOrder {
  /** Where the server is. */
  readonly endpoint: Endpoint;
  /** What is said. */
  readonly exchange: Exchange;
  /** Milliseconds that the verdict may take, and that parting may take after it. */
  readonly timeoutMs: number;
  /** Source address, if one is wanted. */
  readonly source: string | undefined;
  /** PROXY header that goes first, if one is wanted. */
  readonly header?: Uint8Array | undefined;
}

/** What a check found. */
export interface Verdict {
  /** Whether the server did what was asked. */
  readonly ok: boolean;
  /** What it did, in few words. */
  readonly reason: string;
  /** Milliseconds until that was known. */
  readonly tookMs: number;
}

/** A check that is under way. Neither promise rejects. */
export interface RunningCheck {
  /** What it found; undefined if this machine could not connect, which says nothing of the server. */
  readonly verdict: Promise<Verdict | undefined>;
  /** Resolves when its connection is closed. */
  readonly over: Promise<void>;
}

/** Most bytes that are read after the verdict. */
const PARTING_BYTES = 1 << 20;

/** Starts a check. */
export function startCheck(order: CheckOrder): RunningCheck {
  const began = performance.now();
  const talk = converse(order);
  const verdict = talk.then(({ found }) => {
    if (found === undefined) return undefined;
    const { verdict, reason } = found;
    return { ok: verdict === "ok", reason, tookMs: performance.now() - began };
  });
  return { verdict, over: talk.then((end) => part(order, end)) };
}

/** Where a talk has got to: what was found, and the connection if it is still open. */
interface TalkEnd {
  readonly found: Judgement & { readonly verdict: "ok" | "bad" } | undefined;
  readonly stream?: Stream;
}

type Found = NonNullable<TalkEnd["found"]>;

const bad = (reason: string): Found => ({ verdict: "bad", reason });
const LATE = Symbol("late");

async function converse(order: CheckOrder): Promise<TalkEnd> {
  const late = new AbortController();
  const over = new Promise<typeof LATE>((resolve) => {
    late.signal.addEventListener("abort", () => resolve(LATE));
  });
  const timer = setTimeout(() => late.abort(), order.timeoutMs);
  const { endpoint, header, source } = order;
  const connecting = connect(endpoint, { deadline: late.signal, source, header });
  try {
    const connected = await Promise.race([connecting, over]);
    if (connected === LATE) {
      closeWhenOpen(connecting);
      return { found: bad("timed out") };
    }
    if (connected.kind === "failed") return { found: foundOf(connected.reason) };
    const { stream } = connected;
    const found = await Promise.race([exchange(stream, order.exchange), over]);
    if (found !== LATE) return { found, stream };
    close(stream);
    return { found: bad("timed out") };
  } finally {
    clearTimeout(timer);
  }
}

function foundOf(failure: ConnectFailure): Found | undefined {
  if (isShortage(failure)) return undefined;
  return bad(failure === "timeout" ? "timed out" : failure);
}

/** The runtime cannot take every connect back: one that is done late is closed then. */
async function closeWhenOpen(connecting: Promise<Connected>): Promise<void> {
  const connected = await connecting;
  if (connected.kind === "connected") close(connected.stream);
}

async function exchange(stream: Stream, { send, judge }: Exchange): Promise<Found> {
  try {
    for (let rest = send; rest !== undefined && rest.length > 0;) {
      rest = rest.subarray(await stream.write(rest));
    }
    if (judge === undefined) return { verdict: "ok", reason: "connected" };
    const answer = new Uint8Array(ANSWER_LIMIT);
    for (let length = 0;;) {
      const count = await stream.read(answer.subarray(length));
      if (count === null) return bad("closed without the answer");
      length += count;
      const found = judge(answer.subarray(0, length));
      if (found.verdict !== "more") return found;
    }
  } catch {
    return bad("reset");
  }
}

/** Closes the connection as a client does that has got what it wanted. */
async function part({ exchange, timeoutMs }: CheckOrder, { stream }: TalkEnd): Promise<void> {
  if (stream === undefined) return;
  const timer = setTimeout(() => close(stream), timeoutMs);
  try {
    // A server that closes by itself may take an end of file in the middle of its answer for a client that has gone.
    if (!exchange.serverCloses) await stream.closeWrite();
    await readOut(stream);
    if (exchange.serverCloses) await stream.closeWrite();
  } catch {
    // It was reset, or took too long.
  }
  clearTimeout(timer);
  close(stream);
}

async function readOut(stream: Stream): Promise<void> {
  const buffer = new Uint8Array(16_384);
  for (let left = PARTING_BYTES; left > 0;) {
    const count = await stream.read(buffer);
    if (count === null) return;
    left -= count;
  }
}
