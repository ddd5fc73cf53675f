/**
 * The real worker, whose second relay has a fault.
 *
 * @module
 */
import "../../lib/workers/worker.ts";
import { Relay } from "../../lib/traffic/deno/relay.ts";

const { run } = Relay.prototype;
let count = 0;

Relay.prototype.run = function (this: Relay): ReturnType<typeof run> {
  if (++count === 2) throw new Error("injected");
  return run.call(this);
};
