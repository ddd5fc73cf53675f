/**
 * A client's way in, as plain steps: its PROXY header if its peer must send one, the lists, and its limits.
 *
 * Whoever moves the bytes calls {@link Entry.begin} once, then {@link Entry.received} each time that bytes have come while the
 * step was to read, or {@link Entry.missed} if they do not come, and disposes of the entry when the client has gone. No step
 * waits, so that every engine takes the same ones.
 *
 * ```
 * begin → enter, refuse, or read ─ received → read more, enter or refuse
 *                             └──── missed → refuse
 * ```
 *
 * @module
 */
import { type AccessLists, decideAccess } from "../edge/access.ts";
import type { ClientCounts, Verdict } from "../edge/client_counts.ts";
import { learnOrigin, type Origin } from "../edge/origin.ts";
import { decodeProxyHeader } from "../edge/proxy_header.ts";
import { contains, type NetworkSet } from "../net/cidr.ts";
import { countRefusal } from "../table/clients.ts";
import type { Refusal, Table } from "../table/schema.ts";

/** What all entries of a thread share. */
export interface EntryRules {
  /** Where refused clients are counted. */
  readonly table: Table;
  /** Number of this thread in the table. */
  readonly worker: number;
  /** Whose connections begin with a PROXY header; `undefined` is nobody's. */
  readonly proxies: NetworkSet | undefined;
  /** Who may connect. */
  readonly lists: AccessLists;
  /** What each client may have; `undefined` is without limit. */
  readonly counts: ClientCounts | undefined;
}

/** What is to be done next. */
export type EntryStep =
  /** Read, and tell all that was received so far; the header ends soon or the client is refused. */
  | { readonly kind: "read" }
  /** The client is in. */
  | {
    readonly kind: "enter";
    /** Where it comes from. */
    readonly origin: Origin;
    /** How many of the bytes received are the header; what follows is the client's. */
    readonly header: number;
  }
  /** Close the client. */
  | { readonly kind: "refuse" };

/** Why a header has not come. */
export type Miss =
  /** Its time is over. */
  | "late"
  /** The peer has closed, reset or broken the connection. */
  | "gone";

const READ: EntryStep = { kind: "read" };
const REFUSE: EntryStep = { kind: "refuse" };

/** One client's way in. */
export class Entry implements Disposable {
  readonly #rules: EntryRules;
  readonly #origin: Origin;
  #verdict: Verdict | undefined;

  /**
   * Prepares the entry.
   *
   * @param origin The ends of the client's socket.
   */
  constructor(rules: EntryRules, origin: Origin) {
    this.#rules = rules;
    this.#origin = origin;
  }

  /**
   * Says what the client must do first.
   *
   * @param nowMs Time in ms, for the limits; see {@link ClientCounts.admit}.
   */
  begin(nowMs: number): EntryStep {
    const { proxies } = this.#rules;
    if (proxies !== undefined && contains(proxies, this.#origin.client.address)) return READ;
    return this.#judge(this.#origin, 0, nowMs);
  }

  /**
   * Bytes have come.
   *
   * @param bytes All that was received so far.
   * @param nowMs As for {@link begin}.
   */
  received(bytes: Uint8Array, nowMs: number): EntryStep {
    const decoded = decodeProxyHeader(bytes);
    if (decoded.kind === "need more") return READ;
    if (decoded.kind === "malformed") return this.#refuse("bad header");
    return this.#judge(learnOrigin(this.#origin, decoded), decoded.length, nowMs);
  }

  /**
   * The header does not come.
   *
   * A peer that leaves without a byte, as one does that only looks whether somebody listens, is no refused client.
   *
   * @param received How many bytes have come.
   */
  missed(miss: Miss, received: number): EntryStep {
    if (miss === "late") return this.#refuse("no header");
    return received === 0 ? REFUSE : this.#refuse("bad header");
  }

  /** The client has gone: what it had of its limits is free again. */
  [Symbol.dispose](): void {
    if (this.#verdict !== undefined) this.#rules.counts?.release(this.#verdict);
    this.#verdict = undefined;
  }

  #judge(origin: Origin, header: number, nowMs: number): EntryStep {
    const { lists, counts } = this.#rules;
    const access = decideAccess(lists, origin.client.address);
    if (access !== "allowed") return this.#refuse(access);
    this.#verdict = counts?.admit(origin.client.address, nowMs);
    const admission = this.#verdict?.admission ?? "admitted";
    if (admission !== "admitted") return this.#refuse(admission);
    return { kind: "enter", origin, header };
  }

  #refuse(reason: Refusal): EntryStep {
    countRefusal(this.#rules.table, this.#rules.worker, reason);
    return REFUSE;
  }
}
