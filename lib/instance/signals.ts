/**
 * What signals do.
 *
 * @module
 */
import type { Options } from "../core/command_line/options.ts";

/** A signal that ends a process by itself. */
export type Ending = "SIGHUP" | "SIGINT" | "SIGTERM";

/** Their numbers. */
const ENDINGS: Readonly<Record<Ending, number>> = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 };

/**
 * The signals that end a process, for one that the system does not end by them: the first of a PID namespace, as in a
 * container.
 */
export class FirstProcess {
  /** Resolves with the exit code when such a signal has come. */
  readonly ended: Promise<number>;
  readonly #listeners: ReadonlyMap<Ending, () => void>;

  /** Listens for all of them. */
  constructor() {
    const { promise, resolve } = Promise.withResolvers<number>();
    this.ended = promise;
    const signals = Object.keys(ENDINGS) as Ending[];
    this.#listeners = new Map(
      signals.map((signal) => [signal, () => resolve(128 + ENDINGS[signal])]),
    );
    for (const signal of signals) this.listen(signal);
  }

  /** Lets a signal end the process. */
  listen(signal: Ending): void {
    const listener = this.#listeners.get(signal);
    if (listener !== undefined) Deno.addSignalListener(signal, listener);
  }

  /** Leaves a signal to somebody else. */
  release(signal: Ending): void {
    const listener = this.#listeners.get(signal);
    if (listener !== undefined) Deno.removeSignalListener(signal, listener);
  }
}

/** What an instance does on signals. */
export interface SignalActions {
  /** Goes on in a new log file. */
  readonly reopenLog: () => void;
  /** Begins to drain. */
  readonly stop: () => Promise<void>;
  /** Whoever listens for signals that end the process, if that must be done. */
  readonly first: FirstProcess | undefined;
}

/** SIGQUIT drains, with `--drain` SIGTERM too; with `--log-file` SIGHUP opens the file again. */
export function watchSignals(options: Options, { reopenLog, stop, first }: SignalActions): void {
  if (Deno.build.os === "windows") return;
  Deno.addSignalListener("SIGQUIT", stop);
  if (options.logFile !== undefined) {
    first?.release("SIGHUP");
    Deno.addSignalListener("SIGHUP", reopenLog);
  }
  if (options.drain === undefined) return;
  const drain = (): Promise<void> => {
    // Without a listener the signal has its default action again: a second one ends the process.
    Deno.removeSignalListener("SIGTERM", drain);
    // Not now: a listener that is added while listeners are called is called as well.
    queueMicrotask(() => first?.listen("SIGTERM"));
    return stop();
  };
  first?.release("SIGTERM");
  Deno.addSignalListener("SIGTERM", drain);
}
