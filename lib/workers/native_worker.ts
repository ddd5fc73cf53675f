/**
 * The entry of a thread with the native engine.
 *
 * It loads what it needs of the system and gives the permission for that up, before anything else; then it waits for its
 * start command, and from then on works in a loop in which it hears orders from its mailbox only.
 *
 * @module
 */
import { openTable } from "../core/table/schema.ts";
import { Engine } from "../traffic/native/engine.ts";
import { type Libc, loadLibc } from "../traffic/native/libc.ts";
import { Inbox } from "./mailbox.ts";
import type { StartCommand, WorkerCommand } from "./messages.ts";
import { GivenReader } from "./given.ts";
import { reply } from "./questions.ts";
import { dieOfFaults, reporterTo, type Scope } from "./thread_words.ts";

/** The only message to such a thread. */
interface NativeStart extends StartCommand {
  /** Where its orders come. */
  readonly mailbox: SharedArrayBuffer;
  /** The eventfd that is written to when one has come. */
  readonly wake: number;
}

const scope = globalThis as unknown as Scope<NativeStart>;

dieOfFaults(scope);
const loaded = loadLibc();
Deno.permissions.revokeSync({ name: "ffi" });

scope.onmessage = ({ data: order }) => {
  if (loaded.kind === "failed") {
    scope.postMessage({ kind: "died", reason: loaded.reason });
    return;
  }
  const engine = open(loaded.libc, order);
  if (!order.standby) accept(engine, order);
  scope.postMessage({ kind: "up" });
  try {
    engine.run();
  } catch (fault) {
    // Nobody else can close what this thread has open.
    engine.abandon();
    throw fault;
  }
  scope.postMessage({ kind: "done" });
};

function open(libc: Libc, order: NativeStart): Engine {
  const { memory, workers, epoch, worker, wake, config } = order;
  const table = openTable(memory, workers, epoch);
  const engine = new Engine(libc, config, { table, worker, wake }, reporterTo(scope, order));
  const inbox = new Inbox(order.mailbox);
  const given = new GivenReader(config);
  engine.onWake = () => {
    for (let text = inbox.take(); text !== undefined; text = inbox.take()) {
      obey(engine, { start: order, given }, JSON.parse(text));
    }
  };
  return engine;
}

/** Accepts from the socket that the main thread has. */
function accept(engine: Engine, { socket, workers }: StartCommand): void {
  if (socket !== undefined) engine.accept(socket, workers > 1);
}

/** What orders refer to. */
interface Before {
  readonly start: NativeStart;
  readonly given: GivenReader;
}

function obey(engine: Engine, { start, given }: Before, order: WorkerCommand): void {
  switch (order.kind) {
    case "start":
      break;
    case "stop":
      engine.stopAccepting();
      scope.postMessage({ kind: "stopped" });
      break;
    case "hold":
      engine.hold();
      break;
    case "end":
      engine.endAll();
      break;
    case "end channel":
      engine.endChannel(order.slot);
      break;
    case "given": {
      const config = given.take(order);
      if (config !== undefined) engine.configure(config);
      break;
    }
    case "ask":
      scope.postMessage({ kind: "answer", id: order.id, reply: reply(engine, order.question) });
      break;
    case "pause":
      engine.pause();
      scope.postMessage({ kind: "switched", failure: undefined });
      break;
    case "look":
      engine.lookForClients();
      break;
    case "resume":
      accept(engine, start);
      scope.postMessage({ kind: "switched", failure: undefined });
      break;
  }
}
