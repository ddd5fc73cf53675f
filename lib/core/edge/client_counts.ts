/**
 * Connections by client, counted over all threads in one piece of shared memory of a fixed size.
 *
 * The kernel spreads the connections of one client over the threads, so a count for each thread would allow it the limit
 * as many times as there are threads. The memory is a table of sets with {@link WAYS} entries each; a client's address and a
 * secret of the process choose its set. An entry is kept while the client has connections or its bucket is not full; when a
 * set has no room for a client, the one without connections that is nearest to a full bucket is forgotten, so that it
 * starts with a full one. A client that finds its set full of clients with connections is served and not counted: with
 * the sizes of the program that takes more than 100 000 clients at once.
 *
 * | words | content |
 * | --- | --- |
 * | 0 | the lock |
 * | 1 | the secret |
 * | then, for each entry | mark (hash of the address, 0 if never used), 4 words of address, connections, those of each thread |
 *
 * | floats | content |
 * | --- | --- |
 * | 0 | the latest time that any thread has had, in ms |
 * | then, for each entry | when the bucket is full again, in ms |
 *
 * Everything but the lock is read and written by its holder only.
 *
 * @module
 */
import { wordAt } from "../net/ip_address.ts";
import { type Admission, type ClientLimits, judge, takeToken } from "./limits.ts";
import { freeLock, lock, unlock } from "../lock.ts";

/** What a new connection came to. */
export interface Verdict {
  /** What the limits say. */
  readonly admission: Admission;
  /** The entry that it is counted in if it is admitted, for {@link ClientCounts.release}. */
  readonly place: number;
}

/** Entries of a set. */
const WAYS = 32;

/** Sets of the program: memory of 9 MB for one thread, and 1 MB more for each further one, as clients come. */
const SETS = 8192;

const LOCK = 0;
const SECRET = 1;
const ENTRIES = 2;

/** Place in an entry. */
const MARK = 0;
const ADDRESS = 1;
const CONNECTIONS = 5;
const SHARES = 6;

/** The place of a client that is not counted. */
const UNCOUNTED = -1;

const REFUSED = {
  connections: { admission: "connections", place: UNCOUNTED },
  rate: { admission: "rate", place: UNCOUNTED },
} as const;

/** The piece of memory, as every thread is handed it. */
export interface ClientMemory {
  /** The words, then the floats. */
  readonly memory: SharedArrayBuffer;
  /** How many threads count in it. */
  readonly workers: number;
  /** How many sets it has. */
  readonly sets: number;
}

/**
 * Makes the memory.
 *
 * @param workers Threads that will count in it, at least 1.
 * @param secret 32 random bits: nobody outside can choose addresses that fall into one set.
 * @param sets A power of 2.
 */
export function createClientMemory(workers: number, secret: number, sets = SETS): ClientMemory {
  const entries = sets * WAYS;
  const memory = new SharedArrayBuffer(floatsAt(workers, entries) + (1 + entries) * 8);
  new Int32Array(memory)[SECRET] = secret;
  return { memory, workers, sets };
}

/** Counts the connections of one thread's clients, together with all other threads. */
export class ClientCounts {
  readonly #words: Int32Array;
  readonly #floats: Float64Array;
  readonly #sets: number;
  readonly #size: number;
  readonly #worker: number;
  readonly #limits: ClientLimits;
  readonly #alive: () => boolean;
  /** What this thread's clock is behind the others'. */
  #behindMs = 0;

  /**
   * Opens the memory for a thread.
   *
   * @param worker Number of the thread, from 0.
   * @param alive Whether the thread still counts: a given up one must not.
   */
  constructor(
    { memory, workers, sets }: ClientMemory,
    worker: number,
    limits: ClientLimits,
    alive: () => boolean = () => true,
  ) {
    this.#size = SHARES + workers;
    this.#sets = sets;
    this.#worker = worker;
    this.#limits = limits;
    this.#alive = alive;
    const entries = sets * WAYS;
    this.#words = new Int32Array(memory, 0, ENTRIES + entries * this.#size);
    this.#floats = new Float64Array(memory, floatsAt(workers, entries));
  }

  /**
   * Counts a new connection, if the limits allow it; {@link release} gives it back.
   *
   * @param client 16 bytes of address; IPv4 is mapped.
   * @param nowMs Time in ms of a clock that all threads have much alike: the latest time of any of them counts.
   */
  admit(client: Uint8Array, nowMs: number): Verdict {
    const owner = this.#worker + 1;
    lock(this.#words, LOCK, owner);
    try {
      return this.#admit(client, this.#advance(nowMs));
    } finally {
      unlock(this.#words, LOCK, owner);
    }
  }

  /** Counts the end of a connection that was admitted. */
  release({ place }: Verdict): void {
    if (place === UNCOUNTED) return;
    const owner = this.#worker + 1;
    lock(this.#words, LOCK, owner);
    // What a dead worker had has been given back already.
    if (this.#word(place, SHARES + this.#worker) > 0) this.#add(place, -1);
    unlock(this.#words, LOCK, owner);
  }

  /** Gives back what a dead worker has counted; to be called by the main thread only. */
  forget(worker: number): void {
    const owner = this.#worker + 1;
    freeLock(this.#words, LOCK, worker + 1);
    lock(this.#words, LOCK, owner);
    for (let entry = 0; entry < this.#sets * WAYS; entry++) {
      const share = this.#word(entry, SHARES + worker);
      // Memory that is not written to is not there either.
      if (share === 0) continue;
      this.#set(entry, SHARES + worker, 0);
      this.#set(entry, CONNECTIONS, this.#word(entry, CONNECTIONS) - share);
    }
    unlock(this.#words, LOCK, owner);
  }

  #admit(client: Uint8Array, nowMs: number): Verdict {
    const mark = this.#markOf(client);
    let place = UNCOUNTED;
    let earliest = Infinity;
    const first = (mark >>> 1) % this.#sets * WAYS;
    for (let entry = first; entry < first + WAYS; entry++) {
      if (this.#word(entry, MARK) === mark && this.#isOf(entry, client)) {
        return this.#judge(entry, nowMs);
      }
      const fullAt = this.#floats[1 + entry] ?? 0;
      if (this.#word(entry, CONNECTIONS) > 0 || fullAt >= earliest) continue;
      place = entry;
      earliest = fullAt;
    }
    if (place === UNCOUNTED) return { admission: "admitted", place };
    this.#set(place, MARK, mark);
    for (let word = 0; word < 4; word++) this.#set(place, ADDRESS + word, wordAt(client, 4 * word));
    this.#floats[1 + place] = 0;
    return this.#judge(place, nowMs);
  }

  #judge(entry: number, nowMs: number): Verdict {
    const fullAt = this.#floats[1 + entry] ?? 0;
    const admission = judge(this.#limits, this.#word(entry, CONNECTIONS), fullAt, nowMs);
    if (admission !== "admitted") return REFUSED[admission];
    if (!this.#alive()) return { admission, place: UNCOUNTED };
    this.#floats[1 + entry] = takeToken(this.#limits, fullAt, nowMs);
    this.#add(entry, 1);
    return { admission, place: entry };
  }

  /** This thread's time, brought up to the latest of any thread. */
  #advance(nowMs: number): number {
    const latest = this.#floats[0] ?? 0;
    this.#behindMs = Math.max(this.#behindMs, latest - nowMs);
    const now = nowMs + this.#behindMs;
    this.#floats[0] = now;
    return now;
  }

  /** The hash of an address and the secret; never 0. */
  #markOf(client: Uint8Array): number {
    let hash = this.#words[SECRET] ?? 0;
    for (let at = 0; at < 16; at += 4) hash = mix(hash ^ wordAt(client, at));
    return hash | 1;
  }

  #isOf(entry: number, client: Uint8Array): boolean {
    for (let word = 0; word < 4; word++) {
      if (this.#word(entry, ADDRESS + word) !== wordAt(client, 4 * word)) return false;
    }
    return true;
  }

  #add(entry: number, change: number): void {
    const share = SHARES + this.#worker;
    this.#set(entry, share, this.#word(entry, share) + change);
    this.#set(entry, CONNECTIONS, this.#word(entry, CONNECTIONS) + change);
  }

  #word(entry: number, field: number): number {
    return this.#words[ENTRIES + entry * this.#size + field] ?? 0;
  }

  #set(entry: number, field: number, value: number): void {
    this.#words[ENTRIES + entry * this.#size + field] = value;
  }
}

function floatsAt(workers: number, entries: number): number {
  return Math.ceil((ENTRIES + entries * (SHARES + workers)) / 2) * 8;
}

/** Spreads every bit over the word: the finaliser of MurmurHash3, in the public domain. */
function mix(word: number): number {
  let hash = word;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
