/**
 * The threads that accept and relay: what an instance does with them, what a worker is told and what it tells.
 *
 * @module
 */
import type { Fields, Level, Sight } from "../core/events.ts";
import type { WorkerView } from "../core/report/report.ts";
import type { EngineConfig, ListenAddress } from "../traffic/engine_config.ts";
import type { Question, Questions, Reply } from "./questions.ts";

/** All threads that accept and relay. */
export interface Workers {
  /** Resolves when nothing listens any more and the last connection has ended. */
  readonly done: Promise<void>;
  /** The threads as they are now. */
  views(): WorkerView[];
  /** Stops listening; connections go on. Resolves when the port is free. */
  stopListening(): Promise<void>;
  /** Descriptors are out: no thread serves more clients than now for a while. */
  hold(): void;
  /** Ends every connection. */
  endAll(): void;
  /** Ends the connections of one channel. */
  endChannel(slot: number): void;
  /** What is asked of the engines. */
  readonly questions: Questions;
  /** Listens or refuses clients, soon; without effect after {@link stopListening}. */
  listen(on: boolean): void;
  /**
   * Obeys other rules, soon.
   *
   * @param given The options that say them, as words.
   * @param config What they ask of an engine.
   */
  configure(given: readonly string[], config: EngineConfig): void;
}

/** The first message to a worker. */
export interface StartCommand {
  /** Which order this is. */
  readonly kind: "start";
  /** What its engine is asked to do. */
  readonly config: EngineConfig;
  /** Where to listen, together with the others. */
  readonly address: ListenAddress;
  /** The channel table's memory. */
  readonly memory: SharedArrayBuffer;
  /** How many workers count in it. */
  readonly workers: number;
  /** This worker's number. */
  readonly worker: number;
  /** How many threads of this number have died. */
  readonly epoch: number;
  /** The descriptor of the socket that all threads accept from; without, each binds one of its own. */
  readonly socket: number | undefined;
  /** Whether nobody is accepted before an order to resume. */
  readonly standby: boolean;
  /** Whether `-d` lines are wanted. */
  readonly trace: boolean;
  /** Whether failed connects are to be told. */
  readonly failures: boolean;
}

/** What a worker is told. */
export type WorkerCommand =
  | StartCommand
  | { readonly kind: "stop" | "hold" | "end" | "pause" | "resume" }
  /** Somebody who shares the socket has gone, and may have been told of a client; native engine. */
  | { readonly kind: "look" }
  | { readonly kind: "end channel"; readonly slot: number }
  /** A piece of the options to obey from now on, see given.ts. */
  | { readonly kind: "given"; readonly piece: string; readonly last: boolean }
  /** Asks something; the answer has the same number. */
  | { readonly kind: "ask"; readonly id: number; readonly question: Question };

/** What a worker tells. */
export type WorkerMessage =
  /** It listens, or stands by. */
  | { readonly kind: "up" }
  /** It does not listen any more. */
  | { readonly kind: "stopped" }
  /** It ends by a failure of its own. */
  | { readonly kind: "died"; readonly reason: string }
  /** It has stopped and its last connection has ended. */
  | { readonly kind: "done" }
  | {
    readonly kind: "log";
    readonly level: Level;
    readonly message: string;
    readonly fields: Fields;
  }
  | { readonly kind: "out of descriptors" }
  /** A connect to the channel in this slot has failed. */
  | { readonly kind: "failed"; readonly slot: number }
  | { readonly kind: "seen"; readonly sight: Sight }
  /** It has paused or resumed, or cannot. */
  | { readonly kind: "switched"; readonly failure: string | undefined }
  | { readonly kind: "answer"; readonly id: number; readonly reply: Reply }
  | { readonly kind: "trace"; readonly line: string };
