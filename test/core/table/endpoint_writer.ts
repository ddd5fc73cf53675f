/**
 * A thread that changes the first channel's endpoint all the time, between two addresses whose bytes are all alike.
 *
 * @module
 */
import { writeEndpoint } from "../../../lib/core/table/endpoint.ts";
import { openTable } from "../../../lib/core/table/schema.ts";

/** The part of a worker's global scope that is used here. */
interface Scope {
  onmessage: ((event: MessageEvent<SharedArrayBuffer>) => void) | null;
  postMessage(word: string): void;
}

const scope = globalThis as unknown as Scope;

scope.onmessage = ({ data }) => {
  const table = openTable(data, 1);
  scope.postMessage("writing");
  for (let round = 0;; round++) {
    writeEndpoint(table, 0, new Uint8Array(round % 2 === 0 ? 28 : 110).fill(round % 2 + 1));
  }
};
