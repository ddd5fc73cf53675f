/**
 * Options on their way to threads, as words: in pieces, as the mailbox of a native thread has little room.
 *
 * @module
 */
import { readOptions } from "../core/command_line/live_options.ts";
import { type EngineConfig, engineConfigOf } from "../traffic/engine_config.ts";
import type { WorkerCommand } from "./messages.ts";

/** A piece of options. */
export type Piece = WorkerCommand & { readonly kind: "given" };

/** Characters of a piece: in JSON none takes more than six bytes. */
const LENGTH = 2000;

/** Any port: a thread listens where it did. */
const PORT = "1";

/** Cuts options into pieces, in order. */
export function piecesOf(given: readonly string[]): Piece[] {
  const text = JSON.stringify(given);
  const count = Math.ceil(text.length / LENGTH);
  return Array.from({ length: count }, (_, at) => ({
    kind: "given",
    piece: text.slice(at * LENGTH, (at + 1) * LENGTH),
    last: at === count - 1,
  }));
}

/** Puts pieces together on the other side. */
export class GivenReader {
  #text = "";
  #config: EngineConfig;

  /**
   * Begins with nothing.
   *
   * @param config What the engine was asked to do at first.
   */
  constructor(config: EngineConfig) {
    this.#config = config;
  }

  /** Takes a piece; what is asked of the engine from now on, if it was the last one. */
  take({ piece, last }: Piece): EngineConfig | undefined {
    this.#text += piece;
    if (!last) return undefined;
    const given: string[] = JSON.parse(this.#text);
    this.#text = "";
    this.#config = engineConfigOf(readOptions(given, PORT), this.#config);
    return this.#config;
  }
}
