/**
 * The real thread of the native engine, whose second relay has a fault.
 *
 * @module
 */
import "../../../lib/workers/native_worker.ts";
import { Relay } from "../../../lib/traffic/native/relay.ts";

const { start } = Relay.prototype;
let count = 0;

Relay.prototype.start = function (this: Relay, early?: Uint8Array): void {
  if (++count === 2) throw new Error("planted");
  start.call(this, early);
};
