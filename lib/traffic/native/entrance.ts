/**
 * Lets a client in: receives its PROXY header where one is wanted, and asks the rules.
 *
 * @module
 */
import { MAX_PROXY_HEADER } from "../../core/edge/proxy_header.ts";
import { Entry, type EntryRules, type EntryStep } from "../../core/session/entry.ts";
import { ERRNO } from "./abi.ts";
import type { End } from "./end.ts";
import type { Guest } from "./guest.ts";
import type { Libc } from "./libc.ts";

/** Seconds that a PROXY header may take. */
export const HEADER_SECONDS = 3;

/** One client's way in. */
export class Entrance implements Disposable {
  readonly #libc: Libc;
  readonly #end: End;
  readonly #entry: Entry;
  #early: Uint8Array<ArrayBuffer> = new Uint8Array(0);

  /** Prepares it. */
  constructor(libc: Libc, rules: EntryRules, end: End, guest: Guest) {
    this.#libc = libc;
    this.#end = end;
    this.#entry = new Entry(rules, guest.origin);
  }

  /** Says what the client must do first. */
  begin(): EntryStep {
    return this.#entry.begin(now());
  }

  /**
   * Something may have come.
   *
   * @param buffer Where it is received, for a moment; at least {@link MAX_PROXY_HEADER} long.
   */
  receive(buffer: Uint8Array<ArrayBuffer>): EntryStep {
    const end = this.#end;
    while (end.readable) {
      const room = MAX_PROXY_HEADER - this.#early.length;
      if (room === 0) return this.#entry.missed("gone", this.#early.length);
      const count = this.#libc.recv(end.fd, buffer, room);
      if (count === -ERRNO.EAGAIN) {
        end.readable = false;
        break;
      }
      if (count <= 0) return this.#entry.missed("gone", this.#early.length);
      if (count < room && !end.last) end.readable = false;
      this.#append(buffer.subarray(0, count));
      const step = this.#entry.received(this.#early, now());
      if (step.kind === "read") continue;
      if (step.kind === "enter") this.#early = this.#early.slice(step.header);
      return step;
    }
    return { kind: "read" };
  }

  /** The header's time is over. */
  late(): EntryStep {
    return this.#entry.missed("late", this.#early.length);
  }

  /** What came behind the header; to be asked for once. */
  takeEarly(): Uint8Array | undefined {
    const early = this.#early;
    this.#early = new Uint8Array(0);
    return early.length === 0 ? undefined : early;
  }

  /** The client has gone: what it had of its limits is free again. */
  [Symbol.dispose](): void {
    this.#entry[Symbol.dispose]();
  }

  #append(bytes: Uint8Array): void {
    const all = new Uint8Array(this.#early.length + bytes.length);
    all.set(this.#early);
    all.set(bytes, this.#early.length);
    this.#early = all;
  }
}

/** A time that all threads have much alike, in ms. */
function now(): number {
  return performance.timeOrigin + performance.now();
}
