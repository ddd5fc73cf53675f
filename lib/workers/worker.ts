/**
 * The entry of a worker thread: one engine, told what to do by messages.
 *
 * @module
 */
import { ExitError } from "../core/errors.ts";
import { openTable } from "../core/table/schema.ts";
import type { StartCommand, WorkerCommand, WorkerMessage } from "./messages.ts";
import { Engine } from "../traffic/deno/engine.ts";
import type { Reporter } from "../core/events.ts";
import { reply } from "./questions.ts";
import { bind } from "../traffic/deno/listener.ts";
import type { ListenAddress } from "../traffic/engine_config.ts";

/** The part of a worker's global scope that is used here. */
interface Scope {
  onmessage: ((event: MessageEvent<WorkerCommand>) => void) | null;
  postMessage(word: WorkerMessage): void;
  close(): void;
}

const scope = globalThis as unknown as Scope;

/** How often it is tried to bind the port, and the pause between, in ms: a process that tries it may lose its processor. */
const BIND_ATTEMPTS = 50;
const BIND_PAUSE_MS = 20;

async function start(order: StartCommand): Promise<Engine> {
  const listener = await bindShared(order.address);
  const table = openTable(order.memory, order.workers, order.epoch);
  const reporter: Reporter = {
    log: (level, message, fields = {}) =>
      scope.postMessage({ kind: "log", level, message, fields }),
    outOfDescriptors: () => scope.postMessage({ kind: "out of descriptors" }),
    connectFailed: order.failures
      ? (slot) => scope.postMessage({ kind: "failed", slot })
      : undefined,
    seen: (sight) => scope.postMessage({ kind: "seen", sight }),
    trace: order.trace ? (line) => scope.postMessage({ kind: "trace", line }) : undefined,
  };
  return new Engine(listener, order.config, { table, worker: order.worker }, reporter);
}

/** Binds the shared port; another start that looks whether it can have it alone takes it for a moment. */
async function bindShared(address: ListenAddress): Promise<Deno.TcpListener> {
  for (let attempt = 1;; attempt++) {
    try {
      return bind(address, true);
    } catch (error) {
      if (attempt === BIND_ATTEMPTS) throw error;
      await new Promise((resolve) => setTimeout(resolve, BIND_PAUSE_MS));
    }
  }
}

async function announceEnd(engine: Engine): Promise<void> {
  await engine.done;
  scope.postMessage({ kind: "done" });
}

/**
 * Ends this worker; the runtime's own words about it, a stack trace on stderr, stay unsaid.
 *
 * The main thread gives its places back when it hears of the death, and lets it claim no more.
 */
function die(event: Event, error: unknown): void {
  event.preventDefault();
  const reason = error instanceof ExitError ? error.message : String(error);
  scope.postMessage({ kind: "died", reason });
  scope.close();
}

globalThis.addEventListener("error", (event) => die(event, event.message));
globalThis.addEventListener("unhandledrejection", (event) => die(event, event.reason));

/** Stops listening for a while, or listens again; tells what came of it. */
async function switchListening(engine: Engine, on: boolean): Promise<void> {
  let failure: string | undefined;
  try {
    if (!on) await engine.pause();
    else if (engine.paused && address !== undefined) engine.resume(await bindShared(address));
  } catch (error) {
    failure = error instanceof Error ? error.message : String(error);
  }
  scope.postMessage({ kind: "switched", failure });
}

let engine: Promise<Engine> | undefined;
let address: ListenAddress | undefined;

scope.onmessage = async ({ data: order }) => {
  switch (order.kind) {
    case "start":
      engine = start(order);
      address = order.address;
      await engine;
      scope.postMessage({ kind: "up" });
      await announceEnd(await engine);
      break;
    case "stop":
      await (await engine)?.stopListening();
      scope.postMessage({ kind: "stopped" });
      break;
    case "hold":
      (await engine)?.hold();
      break;
    case "end":
      (await engine)?.endAll();
      break;
    case "end channel":
      (await engine)?.endChannel(order.slot);
      break;
    case "ask": {
      const asked = await engine;
      if (asked === undefined) break;
      scope.postMessage({ kind: "answer", id: order.id, reply: reply(asked, order.question) });
      break;
    }
    case "pause":
    case "resume":
      if (engine !== undefined) await switchListening(await engine, order.kind === "resume");
      break;
  }
};
