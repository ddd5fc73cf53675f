/**
 * What an instance asks its engines while they run, whichever thread they are in.
 *
 * @module
 */
import {
  type CutTarget,
  type LastEnd,
  type LiveConnections,
  mergeConnections,
} from "../core/report/live.ts";
import { within } from "../system/time_limit.ts";

/** What can be asked of an engine. */
export type Question =
  | { readonly kind: "connections"; readonly slot: number | undefined }
  | { readonly kind: "last ends" }
  | { readonly kind: "cut"; readonly target: CutTarget };

/** What an engine answers. */
export type Reply =
  | { readonly kind: "connections"; readonly live: LiveConnections }
  | { readonly kind: "last ends"; readonly ends: readonly LastEnd[] }
  | { readonly kind: "cut"; readonly count: number };

/** An engine, as far as questions go. */
export interface Answering {
  /** The connections that live, of a channel or all. */
  connections(slot?: number): LiveConnections;
  /** The last connection of each channel and cause. */
  lastEnds(): LastEnd[];
  /** Ends some connections; how many. */
  cut(target: CutTarget): number;
}

/** Has an engine answer. */
export function reply(engine: Answering, question: Question): Reply {
  switch (question.kind) {
    case "connections":
      return { kind: "connections", live: engine.connections(question.slot) };
    case "last ends":
      return { kind: "last ends", ends: engine.lastEnds() };
    case "cut":
      return { kind: "cut", count: engine.cut(question.target) };
  }
}

/** Time that a thread has for an answer, in ms; without one it counts as having nothing to say. */
const ANSWER_MS = 2000;

/** Puts the answers of all threads together. */
export class Questions {
  readonly #ask: (question: Question) => readonly Promise<Reply | undefined>[];

  /**
   * Has somebody to ask.
   *
   * @param ask Asks every thread; a thread that has gone gives `undefined`.
   */
  constructor(ask: (question: Question) => readonly Promise<Reply | undefined>[]) {
    this.#ask = ask;
  }

  /** The connections that live, of a channel or all, the oldest first. */
  async connections(slot?: number): Promise<LiveConnections> {
    const replies = await this.#replies({ kind: "connections", slot });
    return mergeConnections(
      replies.flatMap((each) => each.kind === "connections" ? [each.live] : []),
    );
  }

  /** The last connections of each channel and cause, of every thread. */
  async lastEnds(): Promise<LastEnd[]> {
    const replies = await this.#replies({ kind: "last ends" });
    return replies.flatMap((each) => each.kind === "last ends" ? each.ends : []);
  }

  /** Ends some connections; how many. */
  async cut(target: CutTarget): Promise<number> {
    const replies = await this.#replies({ kind: "cut", target });
    return replies.reduce((sum, each) => sum + (each.kind === "cut" ? each.count : 0), 0);
  }

  async #replies(question: Question): Promise<Reply[]> {
    const replies = this.#ask(question).map((each) => within(each, ANSWER_MS));
    return (await Promise.all(replies)).filter((each) => each !== undefined);
  }
}
