/**
 * What goes on after a command's answer: events as they happen, and the wait for a channel's last connection.
 *
 * @module
 */
import type { Follow } from "../core/control/commands/command.ts";
import { formatLines, formatProgress } from "../core/control/protocol.ts";
import { EXIT } from "../core/errors.ts";
import type { EventDocument } from "../core/report/documents.ts";
import { formatEvent } from "../core/report/event.ts";
import type { InstanceView } from "../core/report/instance_view.ts";
import { formatJson } from "../core/text.ts";
import { connections } from "../core/table/access.ts";
import { channelOf, groupOf, type Table } from "../core/table/schema.ts";
import { viewChannel } from "../core/table/view.ts";

/** Longest silence, in ms: a client knows then that somebody is there. */
const KEEPALIVE_MS = 5000;
/** How often a drain looks, in ms. */
const LOOK_MS = 50;
/** How often a drain tells how far it is, in ms. */
const PROGRESS_MS = 1000;
/** Events that wait for their reader; with more of them it is let go. */
const MAX_WAITING = 1000;

/** Where a session that goes on takes place. */
export interface FollowPlace {
  /** The channel table. */
  readonly table: Table;
  /** Where events come from. */
  readonly view: Pick<InstanceView, "recentEvents" | "subscribe">;
  /** Sends a text; rejects when the client does not take it. */
  send(text: string): Promise<void>;
  /** Resolves when the client has said something, or has gone. */
  readonly interrupted: Promise<unknown>;
}

/**
 * Goes on until it is over or interrupted.
 *
 * @returns What the command exits with.
 */
export async function follow(place: FollowPlace, what: Follow): Promise<number> {
  return what.kind === "watch" ? await watch(place, what) : await drain(place, what);
}

async function watch(
  place: FollowPlace,
  { past, json }: Follow & { readonly kind: "watch" },
): Promise<number> {
  const waiting: EventDocument[] = past ? [...place.view.recentEvents()] : [];
  let wake = Promise.withResolvers<void>();
  let over = false;
  using _ = place.view.subscribe((event) => {
    if (waiting.push(event) > MAX_WAITING) over = true;
    wake.resolve();
  });
  const stop = place.interrupted.then(() => {
    over = true;
    wake.resolve();
  });
  while (!over) {
    const events = waiting.splice(0);
    const lines = events.map((event) => json ? formatJson(event) : formatEvent(event));
    await place.send(lines.length === 0 ? formatProgress("") : formatLines(lines));
    if (waiting.length > 0 || over) continue;
    wake = Promise.withResolvers();
    await pause(wake.promise, KEEPALIVE_MS);
  }
  if (waiting.length > MAX_WAITING) return EXIT.unfinished;
  await stop;
  return EXIT.ok;
}

async function drain(
  place: FollowPlace,
  { slot, seconds }: Follow & { readonly kind: "drain" },
): Promise<number> {
  const { table } = place;
  const label = `channel ${groupOf(slot)}.${channelOf(slot)}`;
  const until = performance.now() + (seconds ?? Infinity) * 1000;
  let interrupted = false;
  const stop = place.interrupted.then(() => interrupted = true);
  let toldAt = -Infinity;
  for (;;) {
    const left = connections(table, slot);
    const now = performance.now();
    const result = viewChannel(table, slot).enabled
      ? `${label} was enabled again`
      : left === 0
      ? `${label} is drained`
      : now >= until || interrupted
      ? `${label} still has ${counted(left)}`
      : undefined;
    if (result !== undefined) {
      await place.send(formatLines([result]));
      return result.endsWith("drained") ? EXIT.ok : EXIT.unfinished;
    }
    if (now - toldAt >= PROGRESS_MS) {
      toldAt = now;
      await place.send(formatProgress(`${label}: ${counted(left)} left`));
    }
    await pause(stop, Math.min(LOOK_MS, until - now));
  }
}

function counted(connections: number): string {
  return connections === 1 ? "1 connection" : `${connections} connections`;
}

/** Waits until something has happened, so many ms at most. */
async function pause(event: Promise<unknown>, ms: number): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(late.resolve, ms);
  await Promise.race([event, late.promise]);
  clearTimeout(timer);
}
