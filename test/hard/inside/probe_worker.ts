/**
 * A worker that tries what a worker must not do, and tells what it got as a log line.
 *
 * @module
 */
import type { WorkerCommand, WorkerMessage } from "../../../lib/workers/messages.ts";
import { attempts } from "./attempts.ts";

interface Scope {
  onmessage: ((event: MessageEvent<WorkerCommand>) => void) | null;
  postMessage(word: WorkerMessage): void;
}

const scope = globalThis as unknown as Scope;

scope.onmessage = ({ data }) => {
  if (data.kind !== "start") return scope.postMessage({ kind: "done" });
  const message = JSON.stringify(attempts("/tmp"));
  scope.postMessage({ kind: "log", level: "info", message, fields: {} });
  scope.postMessage({ kind: "up" });
};
