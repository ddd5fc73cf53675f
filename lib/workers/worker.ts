/**
 * The entry of a worker thread: one engine, told what to do by messages.
 *
 * @module
 */
import { openTable } from "../core/table/schema.ts";
import type { StartCommand, WorkerCommand } from "./messages.ts";
import { Engine } from "../traffic/deno/engine.ts";
import {
  BIND_ATTEMPTS,
  BIND_PAUSE_MS,
  dieOfFaults,
  reporterTo,
  type Scope,
} from "./thread_words.ts";
import { GivenReader } from "./given.ts";
import { reply } from "./questions.ts";
import { bind } from "../traffic/deno/listener.ts";
import type { ListenAddress } from "../traffic/engine_config.ts";
import { pause } from "../system/pause.ts";

const scope = globalThis as unknown as Scope<WorkerCommand>;

async function start(order: StartCommand): Promise<Engine> {
  const listener = await bindShared(order.address);
  const table = openTable(order.memory, order.workers, order.epoch);
  const reporter = reporterTo(scope, order);
  return new Engine(listener, order.config, { table, worker: order.worker }, reporter);
}

/** Binds the shared port; another start that looks whether it can have it alone takes it for a moment. */
async function bindShared(address: ListenAddress): Promise<Deno.TcpListener> {
  for (let attempt = 1;; attempt++) {
    try {
      return bind(address, true);
    } catch (error) {
      if (attempt === BIND_ATTEMPTS) throw error;
      await pause(BIND_PAUSE_MS);
    }
  }
}

async function announceEnd(engine: Engine): Promise<void> {
  await engine.done;
  scope.postMessage({ kind: "done" });
}

dieOfFaults(scope);

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
let given: GivenReader | undefined;
let address: ListenAddress | undefined;

scope.onmessage = async ({ data: order }) => {
  switch (order.kind) {
    case "start":
      engine = start(order);
      address = order.address;
      given = new GivenReader(order.config);
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
    case "given": {
      const running = await engine;
      const config = given?.take(order);
      if (config !== undefined) running?.configure(config);
      break;
    }
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
