/**
 * How many clients the whole instance has, how many of them wait, and how many were refused.
 *
 * Every function may be called by any thread at any time, unless it says otherwise.
 *
 * @module
 */
import { epochOf } from "./access.ts";
import {
  instanceWord,
  type Refusal,
  refusalIndex,
  REFUSALS,
  type Table,
  workerWord,
} from "./schema.ts";

/** What is counted for the instance, with each worker's share. */
type Counted = "clients" | "waiting";

/** Clients now, from their accept to their end; counted with `--max-conns` only. */
export function clientCount(table: Table): number {
  return Atomics.load(table.words, instanceWord(table, "clients"));
}

/**
 * Counts a client that was accepted, if there are fewer than so many.
 *
 * @returns Whether it was counted; if so it is given back with {@link leave}.
 */
export function enter(table: Table, worker: number, most: number): boolean {
  return take(table, worker, "clients", most);
}

/** A client that was counted has gone. */
export function leave(table: Table, worker: number): void {
  give(table, worker, "clients");
  Atomics.notify(table.words, instanceWord(table, "clients"));
}

/** Tells the other workers how many clients this one serves. */
export function publishServed(table: Table, worker: number, count: number): void {
  Atomics.store(table.words, workerWord(worker, "served"), count);
}

/** Whether a worker serves clearly more clients than the workers do on average, so that others should have the next ones. */
export function isAhead(table: Table, worker: number): boolean {
  const { words, workers } = table;
  let sum = 0;
  for (let each = 0; each < workers; each++) sum += Atomics.load(words, workerWord(each, "served"));
  return Atomics.load(words, workerWord(worker, "served")) > sum / workers + LEAD;
}

/** How many more than the average are no reason yet to leave clients to others. */
const LEAD = 1;

/** A worker begins to count its clients, and has so many, or it counts none any more. */
export function recount(table: Table, worker: number, clients: number): void {
  const before = Atomics.exchange(table.words, workerWord(worker, "clients"), clients);
  const total = instanceWord(table, "clients");
  Atomics.add(table.words, total, clients - before);
  Atomics.notify(table.words, total);
}

/** Clients that wait for a channel. */
export function waitingCount(table: Table): number {
  return Atomics.load(table.words, instanceWord(table, "waiting"));
}

/**
 * Counts a client that begins to wait, if fewer than so many do.
 *
 * @returns Its ticket: whoever began earlier has an older one. 0 if it may not wait.
 */
export function beginWait(table: Table, worker: number, most: number): number {
  if (!take(table, worker, "waiting", most)) return NO_TICKET;
  const at = instanceWord(table, "ticket");
  // Tickets start anew after 2^32 of them, without the one that means none.
  return (Atomics.add(table.words, at, 1) + 1 | 0) || (Atomics.add(table.words, at, 1) + 1 | 0);
}

/** A client has stopped to wait. */
export function endWait(table: Table, worker: number): void {
  give(table, worker, "waiting");
}

/** No ticket. */
export const NO_TICKET = 0;

/**
 * Tells the other workers who of this worker's clients has waited longest.
 *
 * @param ticket {@link NO_TICKET} if nobody does, or nobody who could have what is free.
 */
export function publishOldest(table: Table, worker: number, ticket: number): void {
  Atomics.store(table.words, workerWord(worker, "oldest"), ticket);
}

/**
 * Whether a client of another worker comes first.
 *
 * @param ticket Compared with this one; {@link NO_TICKET} is younger than all.
 */
export function olderWaits(table: Table, worker: number, ticket: number): boolean {
  for (let other = 0; other < table.workers; other++) {
    const oldest = other === worker
      ? NO_TICKET
      : Atomics.load(table.words, workerWord(other, "oldest"));
    if (oldest === NO_TICKET) continue;
    if (ticket === NO_TICKET || (oldest - ticket | 0) < 0) return true;
  }
  return false;
}

/** Counts a client that was refused. */
export function countRefusal(table: Table, worker: number, reason: Refusal): void {
  const at = refusalIndex(table, worker, reason);
  table.floats[at] = (table.floats[at] ?? 0) + 1;
}

/** How many clients were refused since the start, by reason, over all workers. */
export function refusalCounts(table: Table): Record<Refusal, number> {
  const sum = (reason: Refusal): number => {
    let count = 0;
    for (let worker = 0; worker < table.workers; worker++) {
      count += table.floats[refusalIndex(table, worker, reason)] ?? 0;
    }
    return count;
  };
  return Object.fromEntries(REFUSALS.map((reason) => [reason, sum(reason)])) as Record<
    Refusal,
    number
  >;
}

/** Gives back what a dead worker has counted; to be called by the main thread only, behind `releaseAll`. */
export function forgetClients(table: Table, worker: number): void {
  publishOldest(table, worker, NO_TICKET);
  publishServed(table, worker, 0);
  for (const what of ["clients", "waiting"] as const) {
    const share = Atomics.exchange(table.words, workerWord(worker, what), 0);
    Atomics.sub(table.words, instanceWord(table, what), share);
    Atomics.notify(table.words, instanceWord(table, what));
  }
}

function take(table: Table, worker: number, what: Counted, most: number): boolean {
  const { words } = table;
  const total = instanceWord(table, what);
  for (;;) {
    const now = Atomics.load(words, total);
    if (now >= most) return false;
    if (Atomics.compareExchange(words, total, now, now + 1) === now) break;
  }
  Atomics.add(words, workerWord(worker, what), 1);
  if (epochOf(table, worker) === table.epoch) return true;
  // This thread is given up already, so nobody would give its place back.
  give(table, worker, what);
  return false;
}

function give(table: Table, worker: number, what: Counted): void {
  const { words } = table;
  const share = workerWord(worker, what);
  if (Atomics.sub(words, share, 1) > 0) Atomics.sub(words, instanceWord(table, what), 1);
  // What a dead worker had has been given back already.
  else Atomics.add(words, share, 1);
}
