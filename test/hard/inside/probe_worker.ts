/**
 * A worker that tries what a worker must not do, and tells what it got as a log line.
 *
 * @module
 */
import type { Order, Word } from "../../../lib/workers/pool.ts";
import { attempts } from "./attempts.ts";

interface Scope {
  onmessage: ((event: MessageEvent<Order>) => void) | null;
  postMessage(word: Word): void;
}

const scope = globalThis as unknown as Scope;

scope.onmessage = ({ data }) => {
  if (data.kind !== "start") return scope.postMessage({ kind: "done" });
  const message = JSON.stringify(attempts("/tmp"));
  scope.postMessage({ kind: "log", level: "info", message, fields: {} });
  scope.postMessage({ kind: "up" });
};
