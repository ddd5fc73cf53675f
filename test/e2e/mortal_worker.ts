/**
 * A worker that dies on demand: the real one, with a second door.
 *
 * A message of kind `die` makes it throw; everything else goes to the real worker.
 *
 * @module
 */
import "../../lib/workers/worker.ts";

const scope = globalThis as unknown as { onmessage: ((event: MessageEvent) => void) | null };
const real = scope.onmessage;

/** Channel on which tests name the worker that is to die. */
const orders = new BroadcastChannel("mortal worker");

scope.onmessage = (event) => {
  const { kind, worker } = event.data;
  if (kind === "start") {
    orders.onmessage = ({ data }): void => {
      if (data !== worker) return;
      setTimeout(() => {
        throw new Error("told to die");
      });
    };
  }
  real?.(event);
};
