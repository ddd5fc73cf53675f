/**
 * Where a channel's connections go: a socket address in shared memory that changes only as a whole.
 *
 * A seqlock: the main thread makes the version odd, writes, and makes it even again; a reader whose version was odd, or
 * changed while it read, reads once more. So no thread ever connects to the address of one server and the port of another.
 *
 * @module
 */
import { type Endpoint, readSocketAddress, SOCKET_ADDRESS_BYTES } from "../net/socket_address.ts";
import { channelWord, SLOTS, type Table } from "./schema.ts";

/** A copy of an endpoint, to be used again and again by one reader. */
export interface EndpointCopy {
  /** Changes whenever the endpoint does. */
  version: number;
  /** How many of the bytes count. */
  length: number;
  /** The socket address; {@link SOCKET_ADDRESS_BYTES} long. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Makes room for a copy. */
export function makeEndpointCopy(): EndpointCopy {
  return { version: -1, length: 0, bytes: new Uint8Array(SOCKET_ADDRESS_BYTES) };
}

/** The version of a channel's endpoint: a copy of the same version is still right. */
export function endpointVersion(table: Table, slot: number): number {
  return Atomics.load(table.words, channelWord(slot, "endpointVersion"));
}

/** Copies a channel's endpoint, whole. */
export function copyEndpoint(table: Table, slot: number, copy: EndpointCopy): void {
  const first = channelWord(slot, "endpoint");
  const words = new Int32Array(copy.bytes.buffer);
  for (;;) {
    const version = endpointVersion(table, slot);
    if ((version & 1) === 1) continue;
    const length = Atomics.load(table.words, channelWord(slot, "endpointLength"));
    for (let at = 0; at * 4 < length; at++) words[at] = Atomics.load(table.words, first + at);
    if (endpointVersion(table, slot) !== version) continue;
    copy.version = version;
    copy.length = length;
    return;
  }
}

/** Changes a channel's endpoint; to be called by the main thread only. */
export function writeEndpoint(table: Table, slot: number, address: Uint8Array): void {
  const { words } = table;
  const first = channelWord(slot, "endpoint");
  const padded = new Uint8Array(SOCKET_ADDRESS_BYTES);
  padded.set(address);
  const version = channelWord(slot, "endpointVersion");
  Atomics.add(words, version, 1);
  Atomics.store(words, channelWord(slot, "endpointLength"), address.length);
  for (const [at, word] of new Int32Array(padded.buffer).entries()) {
    Atomics.store(words, first + at, word);
  }
  Atomics.add(words, version, 1);
}

/**
 * Where a channel's connections go, as of now.
 *
 * @throws {Error} For a slot that no channel has.
 */
export function readEndpoint(table: Table, slot: number): Endpoint {
  const copy = makeEndpointCopy();
  copyEndpoint(table, slot, copy);
  return decode(copy);
}

function decode({ bytes, length }: EndpointCopy): Endpoint {
  const endpoint = readSocketAddress(bytes, length);
  if (endpoint === undefined) throw new Error("no socket address in this slot");
  return endpoint;
}

/** Endpoints as plain data for one thread: decoded once, and again after a change. */
export class EndpointReader {
  readonly #table: Table;
  readonly #copy = makeEndpointCopy();
  readonly #known: ({ readonly version: number; readonly endpoint: Endpoint } | undefined)[] = Array
    .from({ length: SLOTS });

  /** Starts with nothing known. */
  constructor(table: Table) {
    this.#table = table;
  }

  /**
   * Where a channel's connections go, as of now.
   *
   * @throws {Error} For a slot that no channel has.
   */
  read(slot: number): Endpoint {
    const known = this.#known[slot];
    if (known?.version === endpointVersion(this.#table, slot)) return known.endpoint;
    copyEndpoint(this.#table, slot, this.#copy);
    const endpoint = decode(this.#copy);
    this.#known[slot] = { version: this.#copy.version, endpoint };
    return endpoint;
  }
}
