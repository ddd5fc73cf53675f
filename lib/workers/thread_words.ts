/**
 * What a worker thread says to the main thread, whichever engine it has.
 *
 * @module
 */
import { ExitError } from "../core/errors.ts";
import type { Reporter } from "../core/events.ts";
import type { StartCommand, WorkerMessage } from "./messages.ts";

/** The part of a worker's global scope that is used here. */
export interface Scope<Command> {
  /** Told what the main thread says. */
  onmessage: ((event: MessageEvent<Command>) => void) | null;
  /** Tells the main thread something. */
  postMessage(word: WorkerMessage): void;
  /** Ends the thread. */
  close(): void;
}

/** How often it is tried to bind the port: a process that tries it may lose its processor. */
export const BIND_ATTEMPTS = 50;
/** The pause between, in ms. */
export const BIND_PAUSE_MS = 20;

/** Sends the engine's words to the main thread. */
export function reporterTo(
  scope: Pick<Scope<unknown>, "postMessage">,
  { failures, trace }: Pick<StartCommand, "failures" | "trace">,
): Reporter {
  return {
    log: (level, message, fields = {}) =>
      scope.postMessage({ kind: "log", level, message, fields }),
    outOfDescriptors: () => scope.postMessage({ kind: "out of descriptors" }),
    connectFailed: failures ? (slot) => scope.postMessage({ kind: "failed", slot }) : undefined,
    seen: (sight) => scope.postMessage({ kind: "seen", sight }),
    trace: trace ? (line) => scope.postMessage({ kind: "trace", line }) : undefined,
  };
}

/**
 * Has a fault that nobody caught end this thread; the runtime's own words about it, a stack trace on stderr, stay unsaid.
 *
 * The main thread gives its places back when it hears of the death, and lets it claim no more.
 */
export function dieOfFaults(scope: Pick<Scope<unknown>, "postMessage" | "close">): void {
  const die = (event: Event, error: unknown): void => {
    event.preventDefault();
    const reason = error instanceof ExitError ? error.message : String(error);
    scope.postMessage({ kind: "died", reason });
    scope.close();
  };
  globalThis.addEventListener("error", (event) => die(event, event.message));
  globalThis.addEventListener("unhandledrejection", (event) => die(event, event.reason));
}
