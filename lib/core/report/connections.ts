/**
 * Live connections, and how others ended: for people and as documents.
 *
 * @module
 */
import { formatDuration } from "../health/duration.ts";
import { endCount } from "../table/ends.ts";
import { CAUSES, channelOf, groupOf, type Table } from "../table/schema.ts";
import { printable } from "../text.ts";
import { formatTime } from "../time_of_day.ts";
import type { CauseDocument, ConnectionDocument, ConnectionsDocument } from "./documents.ts";
import type { LastEnd, LiveConnections } from "./live.ts";
import { formatTable } from "./table.ts";

/** The document of `conns json`. */
export function connectionsDocument(
  { connections, omitted }: LiveConnections,
): ConnectionsDocument {
  return {
    connections: connections.map(({ slot, server, ...each }) => ({
      client: each.client,
      group: slot === undefined ? null : groupOf(slot),
      channel: slot === undefined ? null : channelOf(slot),
      server: server ?? null,
      ageSeconds: seconds(each.ageMs),
      idleSeconds: seconds(each.idleMs),
      sentBytes: each.sent,
      receivedBytes: each.received,
      phase: each.phase,
    })),
    omitted,
  };
}

function seconds(ms: number): number {
  return Number((Math.max(0, ms) / 1000).toFixed(3));
}

const CONNECTIONS_HEADER = ["client", "channel", "server", "age", "idle", "sent", "rcvd", "state"];

/** The answer of `conns`: a header, one line a connection, and how many more there are if there are more. */
export function formatConnections({ connections, omitted }: ConnectionsDocument): string[] {
  const rows = connections.map((each) => [
    printable(each.client),
    each.channel === null ? "-" : `${each.group}.${each.channel}`,
    each.server === null ? "-" : printable(each.server),
    ageOf(each.ageSeconds),
    ageOf(each.idleSeconds),
    String(each.sentBytes),
    String(each.receivedBytes),
    each.phase,
  ]);
  const lines = formatTable([CONNECTIONS_HEADER, ...rows], ["", "", "", "r", "r", "r", "r", ""]);
  return omitted === 0 ? lines : [...lines, `and ${omitted} more`];
}

function ageOf(ageSeconds: ConnectionDocument["ageSeconds"]): string {
  return formatDuration(ageSeconds * 1000);
}

/**
 * How connections of some channels ended, the most frequent cause first.
 *
 * @param ends The last connections that are known, of any channels.
 */
export function causeDocuments(
  table: Table,
  slots: readonly number[],
  ends: readonly LastEnd[],
): CauseDocument[] {
  const meant = new Set(slots);
  return CAUSES.map((cause) => {
    const count = slots.reduce((sum, slot) => sum + endCount(table, slot, cause), 0);
    const [last] = ends.filter((end) => end.cause === cause && meant.has(end.slot))
      .toSorted((a, b) => b.atMs - a.atMs);
    return { cause, count, last: last === undefined ? null : endDocument(last) };
  }).filter(({ count }) => count > 0).toSorted((a, b) => b.count - a.count);
}

function endDocument({ slot, atMs, client, server }: LastEnd): NonNullable<CauseDocument["last"]> {
  return { at: formatTime(atMs), client, group: groupOf(slot), channel: channelOf(slot), server };
}

const CAUSES_HEADER = ["cause", "count", "last", "client", "channel", "server"];

/** The answer of `causes`: a header and one line a cause. */
export function formatCauses(causes: readonly CauseDocument[]): string[] {
  const rows = causes.map(({ cause, count, last }) => [
    cause,
    String(count),
    last?.at ?? "-",
    last === null ? "-" : printable(last.client),
    last === null ? "-" : `${last.group}.${last.channel}`,
    last === null ? "-" : printable(last.server),
  ]);
  return formatTable([CAUSES_HEADER, ...rows], ["", "r", "", "", "", ""]);
}
