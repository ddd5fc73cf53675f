/**
 * The entry of a worker thread: one engine, told what to do by messages.
 *
 * @module
 */
import { openTable } from "./core/layout.ts";
import type { Order, Start, Word } from "./crew.ts";
import { Engine } from "./engine.ts";
import type { Reporter } from "./events.ts";
import { bind } from "./listen.ts";

/** The part of a worker's global scope that is used here. */
interface Scope {
  onmessage: ((event: MessageEvent<Order>) => void) | null;
  postMessage(word: Word): void;
  close(): void;
}

const scope = globalThis as unknown as Scope;

function start(order: Start): Engine {
  const table = openTable(order.memory, order.workers);
  const reporter: Reporter = {
    log: (level, message, fields = {}) =>
      scope.postMessage({ kind: "log", level, message, fields }),
    starved: () => scope.postMessage({ kind: "starved" }),
    trace: order.trace ? (line) => scope.postMessage({ kind: "trace", line }) : undefined,
  };
  const listener = bind(order.address, true);
  return new Engine(listener, order.config, { table, worker: order.worker }, reporter);
}

async function announceEnd(engine: Engine): Promise<void> {
  await engine.done;
  scope.postMessage({ kind: "done" });
}

/** Ends this worker; the runtime's own words about it, a stack trace on stderr, stay unsaid. */
function die(event: Event, reason: unknown): void {
  event.preventDefault();
  scope.postMessage({ kind: "died", reason: String(reason) });
  scope.close();
}

globalThis.addEventListener("error", (event) => die(event, event.message));
globalThis.addEventListener("unhandledrejection", (event) => die(event, event.reason));

let engine: Engine | undefined;

scope.onmessage = async ({ data: order }) => {
  switch (order.kind) {
    case "start":
      engine = start(order);
      scope.postMessage({ kind: "up" });
      await announceEnd(engine);
      break;
    case "stop":
      await engine?.stopListening();
      scope.postMessage({ kind: "stopped" });
      break;
    case "end":
      engine?.endAll();
      break;
  }
};
