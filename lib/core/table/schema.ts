/**
 * The channel table: where listeners, control and reports meet.
 *
 * One piece of shared memory, used alike by one thread or by many. This module says what is in it and where: each field is
 * declared once, with its size, its unit and who writes it; offsets follow from that. A **slot** is a channel's number over
 * the whole table: `group * MAX_CHANNELS + channel`.
 *
 * The memory holds, in this order, 32-bit words and then 64-bit floats:
 *
 * | part | rows | row |
 * | --- | --- | --- |
 * | words | one a group | {@link GROUP_FIELDS} |
 * | words | one a slot | {@link CHANNEL_FIELDS} |
 * | words | one a worker | {@link WORKER_FIELDS}, then its share of each slot's connections |
 * | words | one | {@link INSTANCE_FIELDS} |
 * | floats | one a worker and slot | {@link COUNTER_FIELDS}; one writer each, so no step is atomic and a reader sums them |
 * | floats | one a slot | {@link COUNTER_FIELDS}: what `reset` subtracts; main |
 * | floats | one a worker | {@link REFUSAL_FIELDS}; one writer each, as above |
 * | floats | one a worker and slot | {@link CAUSES}: how connections ended; one writer each, as above |
 * | floats | one a worker and slot | how long connects took, see histogram.ts; one writer each, as above |
 * | floats | one a worker | how long connections lasted, as above |
 *
 * @module
 */
import { CONNECT_SCALE, DURATION_SCALE } from "./histogram.ts";

/** Most groups of an instance. */
export const MAX_GROUPS = 16;
/** Most channels of a group. */
export const MAX_CHANNELS = 64;
/** Most channels of the whole table. */
export const SLOTS: number = MAX_GROUPS * MAX_CHANNELS;

/** One field of a row. */
export interface Field {
  /** What it says. */
  readonly content: string;
  /** Who writes it. */
  readonly writer: string;
  /** Its size, if it is more than one word or float. */
  readonly size?: number;
}

/** What the table knows of a group, in words. */
export const GROUP_FIELDS = {
  channels: { content: "number of rows: channels, and free rows between them", writer: "main" },
  backups: { content: "how many of them are backups", writer: "main" },
  method: { content: "how it distributes: index in METHODS", writer: "main" },
  cursor: {
    content: "channel at which the next round robin choice begins",
    writer: "any thread, atomic",
  },
  weighted: {
    content: "1 while the effective weights of its channels differ, those of 0 apart",
    writer: "main",
  },
  doubt: { content: "1 while suspects come behind the others, see suspicion.ts", writer: "main" },
  lock: {
    content: "0, or the number of the worker that chooses alone, plus 1",
    writer: "any thread, atomic; main frees a dead worker's",
  },
} as const satisfies Record<string, Field>;

/** What the table knows of a channel, in words. */
export const CHANNEL_FIELDS = {
  presence: { content: "whether it is a channel: index in PRESENCES", writer: "main" },
  flags: { content: "what it is used for: see flags.ts", writer: "main" },
  enabled: {
    content: "what the operator wants: 1 enabled, 0 disabled",
    writer: "main; a worker may clear it (-a)",
  },
  draining: {
    content: "1 while the operator waits for its connections to end",
    writer: "main",
  },
  observed: { content: "what was observed: index in OBSERVED", writer: "main" },
  suspect: { content: "1 while its check is late or has failed, though it is up", writer: "main" },
  weight: { content: "share of new connections, 0 to 1000", writer: "main" },
  growth: {
    content: "part of the weight that a slow start has reached, in thousandths",
    writer: "main",
  },
  effectiveWeight: {
    content: "the weight that counts now, in thousandths of a unit of weight; 0 gets nobody",
    writer: "main",
  },
  current: {
    content: "smooth weighted turns: how far it is from its next turn",
    writer: "whoever holds the group's lock; main, before the turns begin",
  },
  nameHash: { content: "hash of its name, high half first", writer: "main", size: 2 },
  failures: {
    content: "failures in a row, see ejection.ts",
    writer: "any thread, atomic",
  },
  ejection: {
    content: "0 in service, 1 waiting, 2 trial due, 3 + worker on trial",
    writer: "any thread, atomic",
  },
  maxc: {
    content: "most connections at once; 0 is no limit, a negative number admits none",
    writer: "main",
  },
  port: { content: "port as typed, which may lie outside 0..65535", writer: "main" },
  connections: {
    content: "c: connections now, attempts included",
    writer: "any thread, atomic",
  },
  endpointVersion: { content: "odd while the endpoint is being written", writer: "main" },
  endpointLength: { content: "bytes of the endpoint that count", writer: "main" },
  endpoint: { content: "where it is: a socket address as bytes", writer: "main", size: 32 },
} as const satisfies Record<string, Field>;

/** What the table knows of a worker, in words. */
export const WORKER_FIELDS = {
  epoch: { content: "how many threads of this number have died", writer: "main" },
  clients: { content: "its share of the instance's clients", writer: "that worker; main" },
  waiting: { content: "its share of the clients that wait", writer: "that worker; main" },
  oldest: {
    content: "ticket of its client that has waited longest and might be served; 0 is none",
    writer: "that worker; main",
  },
  served: { content: "clients that it serves now; native engine", writer: "that worker; main" },
} as const satisfies Record<string, Field>;

/** What the table knows of the whole instance, in words. */
export const INSTANCE_FIELDS = {
  clients: {
    content: "clients now, from their accept to their end",
    writer: "any thread, atomic",
  },
  waiting: { content: "clients that wait for a channel", writer: "any thread, atomic" },
  ticket: { content: "ticket of the client that began to wait last", writer: "any thread, atomic" },
  room: {
    content: "changes when a client that waits may be served; threads sleep on it",
    writer: "any thread, atomic",
  },
} as const satisfies Record<string, Field>;

/** What each worker counts for a channel, in floats. */
export const COUNTER_FIELDS = {
  totalc: { content: "connections ever claimed, attempts included", writer: "that worker" },
  sent: { content: "bytes from clients to the server", writer: "that worker" },
  received: { content: "bytes from the server to clients", writer: "that worker" },
  refused: { content: "connects that were refused or impossible", writer: "that worker" },
  timedOut: { content: "connects that took too long", writer: "that worker" },
} as const satisfies Record<string, Field>;

/** Why clients are refused, as each worker counts them, in floats. */
export const REFUSAL_FIELDS = {
  "denied": { content: "in a network of --deny", writer: "that worker" },
  "not allowed": { content: "in no network of --allow", writer: "that worker" },
  "connections": { content: "has --max-conns-per-client already", writer: "that worker" },
  "rate": { content: "comes faster than --rate-per-client", writer: "that worker" },
  "bad header": { content: "began with no PROXY header of --proxy-in", writer: "that worker" },
  "no header": { content: "sent none in time", writer: "that worker" },
  "queue full": { content: "more than --queue would wait", writer: "that worker" },
  "queue timeout": { content: "has waited as long as --queue says", writer: "that worker" },
  "no channel": { content: "no channel could have it", writer: "that worker" },
} as const satisfies Record<string, Field>;

/** Why a client is refused. */
export type Refusal = keyof typeof REFUSAL_FIELDS;

/** All reasons, in the order of reports. */
export const REFUSALS = Object.keys(REFUSAL_FIELDS) as readonly Refusal[];

/** How a connection can end; the index is the column in the table. */
export const CAUSES = [
  "client closed",
  "server closed",
  "client reset",
  "server reset",
  "idle timeout",
  "half-close timeout",
  "ended by balance",
] as const;

/** How a connection ended: which side ended it first, or why the relay did. */
export type Cause = typeof CAUSES[number];

/** How a group can distribute; the index is the number in the table. */
export const METHODS = ["rr", "hash", "least", "random", "rendezvous"] as const;

/** How a group distributes. */
export type MethodName = typeof METHODS[number];

/** What a row can be; the index is the number in the table. */
export const PRESENCES = ["free", "present", "leaving"] as const;

/**
 * What a row is: `free` is no channel; `leaving` is one whose record is gone: it gets nobody, and its row is free when its
 * last connection has ended.
 */
export type Presence = typeof PRESENCES[number];

/** What can be observed of a channel; the index is the number in the table. */
export const OBSERVED = ["up", "down", "ejected", "unresolved"] as const;

/** What is observed of a channel. */
export type Observed = typeof OBSERVED[number];

/** Places of the fields in their row. */
type Offsets<Fields> = { readonly [Name in keyof Fields]: number };

function offsetsOf<Fields extends Record<string, Field>>(fields: Fields): Offsets<Fields> {
  let at = 0;
  const entries = Object.entries(fields).map(([name, { size = 1 }]) => {
    const entry = [name, at] as const;
    at += size;
    return entry;
  });
  return Object.fromEntries(entries) as Offsets<Fields>;
}

function sizeOf(fields: Record<string, Field>): number {
  return Object.values(fields).reduce((sum, { size = 1 }) => sum + size, 0);
}

const GROUP = offsetsOf(GROUP_FIELDS);
const CHANNEL = offsetsOf(CHANNEL_FIELDS);
const WORKER = offsetsOf(WORKER_FIELDS);
const COUNTER = offsetsOf(COUNTER_FIELDS);
const INSTANCE = offsetsOf(INSTANCE_FIELDS);
const REFUSAL = offsetsOf(REFUSAL_FIELDS);

const GROUP_SIZE = sizeOf(GROUP_FIELDS);
const CHANNEL_SIZE = sizeOf(CHANNEL_FIELDS);
const COUNTER_SIZE = sizeOf(COUNTER_FIELDS);

const WORKER_SIZE = sizeOf(WORKER_FIELDS);

const CHANNELS_AT = MAX_GROUPS * GROUP_SIZE;
const WORKERS_AT = CHANNELS_AT + SLOTS * CHANNEL_SIZE;

/** A counter of a channel. */
export type CounterName = keyof typeof COUNTER_FIELDS;

/** All counters of a channel. */
export const COUNTERS = Object.keys(COUNTER_FIELDS) as readonly CounterName[];

/** The table as every thread sees it. */
export interface Table {
  /** Whether channels that are down or ejected are taken as if they were up, see {@link asIfUp}. */
  readonly lastResort?: true;
  /** How many threads count in it. */
  readonly workers: number;
  /** The epoch of its worker when this thread began; once that has passed, what the thread claims does not count. */
  readonly epoch: number;
  /** The memory itself, to hand to a thread. */
  readonly memory: SharedArrayBuffer;
  /** The 32-bit part. */
  readonly words: Int32Array<SharedArrayBuffer>;
  /** The 64-bit part. */
  readonly floats: Float64Array<SharedArrayBuffer>;
}

/**
 * Makes an empty table.
 *
 * @param workers Threads that will count in it, at least 1.
 */
export function createTable(workers: number): Table {
  const floats = durationsAt(workers) + workers * DURATION_SCALE.size;
  return openTable(new SharedArrayBuffer(floatsAt(workers) + floats * 8), workers);
}

/**
 * Opens a table that another thread made.
 *
 * @param memory Its {@link Table.memory}.
 * @param workers Its {@link Table.workers}.
 * @param epoch The epoch of the worker that this thread is.
 */
export function openTable(memory: SharedArrayBuffer, workers: number, epoch = 0): Table {
  return {
    workers,
    epoch,
    memory,
    words: new Int32Array(memory, 0, wordCount(workers)),
    floats: new Float64Array(memory, floatsAt(workers)),
  };
}

/** The same table, for a thread that has found nothing usable: what was observed of channels does not count. */
export function asIfUp(table: Table): Table {
  return { ...table, lastResort: true };
}

function wordCount(workers: number): number {
  return instanceAt(workers) + sizeOf(INSTANCE_FIELDS);
}

function instanceAt(workers: number): number {
  return WORKERS_AT + workers * (WORKER_SIZE + SLOTS);
}

function refusalsAt(workers: number): number {
  return (workers + 1) * SLOTS * COUNTER_SIZE;
}

function causesAt(workers: number): number {
  return refusalsAt(workers) + workers * REFUSALS.length;
}

function connectsAt(workers: number): number {
  return causesAt(workers) + workers * SLOTS * CAUSES.length;
}

function durationsAt(workers: number): number {
  return connectsAt(workers) + workers * SLOTS * CONNECT_SCALE.size;
}

function floatsAt(workers: number): number {
  return Math.ceil(wordCount(workers) / 2) * 8;
}

/** The number of a channel over the whole table. */
export function slotOf(group: number, channel: number): number {
  return group * MAX_CHANNELS + channel;
}

/** The group that a slot belongs to. */
export function groupOf(slot: number): number {
  return Math.floor(slot / MAX_CHANNELS);
}

/** The number of a slot inside its group. */
export function channelOf(slot: number): number {
  return slot % MAX_CHANNELS;
}

/** The index in {@link Table.words} of a field of a group. */
export function groupWord(group: number, field: keyof typeof GROUP_FIELDS): number {
  return group * GROUP_SIZE + GROUP[field];
}

/** The index in {@link Table.words} of a field of a channel, of its first word if it has more. */
export function channelWord(slot: number, field: keyof typeof CHANNEL_FIELDS): number {
  return CHANNELS_AT + slot * CHANNEL_SIZE + CHANNEL[field];
}

/** The index in {@link Table.words} of a field of a worker. */
export function workerWord(worker: number, field: keyof typeof WORKER_FIELDS): number {
  return WORKERS_AT + worker * (WORKER_SIZE + SLOTS) + WORKER[field];
}

/** The index in {@link Table.words} of the connections that a worker has on a channel. */
export function shareWord(worker: number, slot: number): number {
  return WORKERS_AT + worker * (WORKER_SIZE + SLOTS) + WORKER_SIZE + slot;
}

/**
 * The index in {@link Table.floats} of a counter.
 *
 * @param worker The worker that counts; {@link Table.workers} names what `reset` subtracts.
 */
export function counterIndex(worker: number, slot: number, counter: CounterName): number {
  return (worker * SLOTS + slot) * COUNTER_SIZE + COUNTER[counter];
}

/** The index in {@link Table.words} of a field of the instance. */
export function instanceWord(table: Table, field: keyof typeof INSTANCE_FIELDS): number {
  return instanceAt(table.workers) + INSTANCE[field];
}

/** The index in {@link Table.floats} of how many clients a worker has refused for a reason. */
export function refusalIndex(table: Table, worker: number, reason: Refusal): number {
  return refusalsAt(table.workers) + worker * REFUSALS.length + REFUSAL[reason];
}

/** The index in {@link Table.floats} of how many connections of a channel a worker has seen end in a way. */
export function causeIndex(table: Table, worker: number, slot: number, cause: Cause): number {
  return causesAt(table.workers) + (worker * SLOTS + slot) * CAUSES.length + CAUSES.indexOf(cause);
}

/** The index in {@link Table.floats} of a worker's histogram of a channel's connects, of {@link CONNECT_SCALE}. */
export function connectsIndex(table: Table, worker: number, slot: number): number {
  return connectsAt(table.workers) + (worker * SLOTS + slot) * CONNECT_SCALE.size;
}

/** The index in {@link Table.floats} of a worker's histogram of how long connections lasted, of {@link DURATION_SCALE}. */
export function durationsIndex(table: Table, worker: number): number {
  return durationsAt(table.workers) + worker * DURATION_SCALE.size;
}
