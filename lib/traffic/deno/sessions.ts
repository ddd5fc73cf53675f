/**
 * The clients of one thread: listed, and ended.
 *
 * @module
 */
import {
  type CutTarget,
  type LiveConnection,
  type LiveConnections,
  MAX_LISTED,
} from "../../core/report/live.ts";
import { isMeant } from "../engine_rules.ts";
import type { Session } from "./session.ts";

/** The clients that are being served, in the order in which they were let in. */
export class Sessions {
  readonly #all: Set<Session> = new Set();

  /** Takes a client in, until the result is disposed of. */
  enter(session: Session): Disposable {
    this.#all.add(session);
    return { [Symbol.dispose]: () => void this.#all.delete(session) };
  }

  /** Ends all that have a server. */
  endAll(): void {
    for (const { relay } of [...this.#all]) relay?.end("ended by balance");
  }

  /** Ends the connections that a channel has. */
  endChannel(slot: number): void {
    for (const { relay, slot: on } of [...this.#all]) {
      if (on === slot) relay?.end("ended by balance");
    }
  }

  /**
   * Ends some, those included that have no server yet.
   *
   * @returns How many.
   */
  cut(target: CutTarget): number {
    const meant = [...this.#all].filter((session) => !session.cut && isMeant(session, target));
    for (const session of meant) session.end();
    return meant.length;
  }

  /**
   * Those that live, in their order.
   *
   * @param slot The channel whose are meant; those of all channels, and those without, if it is undefined.
   */
  list(nowMs: number, slot?: number): LiveConnections {
    const connections: LiveConnection[] = [];
    let omitted = 0;
    for (const session of this.#all) {
      if (slot !== undefined && session.slot !== slot) continue;
      if (connections.length < MAX_LISTED) connections.push(session.view(nowMs));
      else omitted++;
    }
    return { connections, omitted };
  }
}
