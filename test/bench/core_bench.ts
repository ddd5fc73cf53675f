/**
 * Micro-benchmarks of the pure core: `deno bench test/bench/core_bench.ts`.
 *
 * @module
 */
import { formatRecord } from "../../lib/core/dump.ts";
import { hashClient } from "../../lib/core/schedule/hash.ts";
import { type Client, Scheduler } from "../../lib/core/schedule/schedule.ts";
import { claim, release } from "../../lib/core/table/access.ts";
import { apply } from "../../lib/core/table/change.ts";
import {
  createTable,
  MAX_CHANNELS,
  MAX_GROUPS,
  type MethodName,
  METHODS,
  slotOf,
  type Table,
} from "../../lib/core/table/schema.ts";
import { viewTable } from "../../lib/core/table/view.ts";
import { ipv4Place } from "../kit/make_table.ts";

const CLIENT: Client = { address: "192.0.2.17", hashFailover: false };
const CLIENTS: readonly Client[] = Array.from({ length: 4096 }, (_, at) => ({
  address: `198.51.${at >> 8}.${at & 255}`,
  hashFailover: false,
}));
/** As many of IPv6. */
const IPV6_CLIENTS: readonly Client[] = CLIENTS.map(({ hashFailover }, at) => ({
  address: `2001:db8:${(at * 7919 & 0xffff).toString(16)}::${(at * 31 & 0xffff).toString(16)}:1`,
  hashFailover,
}));

interface TableShape {
  readonly groups: number;
  readonly channels: number;
  readonly method: MethodName;
  readonly enabled?: boolean;
  /** Whether the weights are 1 to 5 instead of all 1. */
  readonly weighted?: boolean;
  readonly workers?: number;
}

function makeTable(shape: TableShape): Table {
  const { groups, channels, method, enabled = true, weighted = false, workers = 1 } = shape;
  const table = createTable(workers);
  for (let group = 0; group < groups; group++) {
    apply(table, [{ kind: "method", group, method }]);
    for (let channel = 0; channel < channels; channel++) {
      const place = ipv4Place(0x7f000001, 1000 + channel);
      const weight = weighted ? 1 + channel * 7 % 5 : 1;
      apply(table, [{ kind: "create", group, place, maxc: 0, enabled, weight }]);
    }
  }
  return table;
}

/** A table in which only the last channel of the last group can be had. */
function makeExhausted(groups: number, channels: number): Table {
  const table = makeTable({ groups, channels, method: "rr", enabled: false });
  apply(table, [{ kind: "enabled", slot: slotOf(groups - 1, channels - 1), enabled: true }]);
  return table;
}

function makeScheduler(table: Table, loadBound?: number): Scheduler {
  return new Scheduler({ table, worker: 0, chance: Math.random, loadBound });
}

/** One client's way: a choice with its claim, then the release. Each time another client comes. */
function serveOne(table: Table, loadBound?: number, clients = CLIENTS): () => void {
  const scheduler = makeScheduler(table, loadBound);
  // Servers that have something to do, each its own number of connections.
  for (const { group, channel } of viewTable(table)) {
    for (let c = 0; c < channel * 13 % 40; c++) claim(table, 0, slotOf(group, channel));
  }
  let next = 0;
  return () => {
    const client = clients[next++ % clients.length] ?? CLIENT;
    release(table, 0, scheduler.first(client));
  };
}

for (const channels of [3, 16, 64]) {
  const group = `choose, claim and release, ${channels} channels`;
  for (const method of METHODS) {
    const shape = { groups: 1, channels, method };
    Deno.bench(method, { group }, serveOne(makeTable(shape)));
    if (method === "hash") continue;
    const weighted = { ...shape, weighted: true };
    Deno.bench(`${method}, weighted`, { group }, serveOne(makeTable(weighted)));
    Deno.bench(
      `${method}, weighted, 2 workers`,
      { group },
      serveOne(makeTable({ ...weighted, workers: 2 })),
    );
  }
  const shape = { groups: 1, channels, method: "rendezvous", weighted: true } as const;
  Deno.bench("rendezvous, weighted, load bound", { group }, serveOne(makeTable(shape), 125));
  Deno.bench(
    "rendezvous, weighted, IPv6 clients",
    { group },
    serveOne(makeTable(shape), undefined, IPV6_CLIENTS),
  );
}

for (const channels of [1, 2, 4, 8, 16, 32, 64]) {
  const exhausted = serveOne(makeExhausted(1, channels));
  Deno.bench(`round robin, last of ${channels}`, { group: "choose, one usable" }, exhausted);
}

const sixteen = { group: "choose, 16 groups of 64 channels" };
const full = { groups: MAX_GROUPS, channels: MAX_CHANNELS };
const fullTable = makeTable({ ...full, method: "rr" });
const fullScheduler = makeScheduler(fullTable);
const tried = new Set([0]);

Deno.bench("round robin, after one refusal", sixteen, () => {
  release(fullTable, 0, fullScheduler.next(CLIENT, 0, tried));
});
Deno.bench(
  "round robin, only the last of 1024 usable",
  sixteen,
  serveOne(makeExhausted(MAX_GROUPS, MAX_CHANNELS)),
);

Deno.bench("claim and release", { group: "table" }, () => {
  if (claim(fullTable, 0, 0)) release(fullTable, 0, 0);
});
Deno.bench("view of all 1024 channels", { group: "table" }, () => {
  viewTable(fullTable);
});

Deno.bench("IPv4 client", { group: "hash" }, () => {
  hashClient("192.0.2.17");
});
Deno.bench("IPv6 client", { group: "hash" }, () => {
  hashClient("2001:db8:8000::9c:fffe");
});

const text = new TextEncoder().encode("GET /index.html HTTP/1.1\r\n".repeat(40)).subarray(0, 1024);
const binary = Uint8Array.from({ length: 1024 }, (_, i) => (i * 37) & 0xff);

Deno.bench("1 KiB of text", { group: "dump" }, () => {
  formatRecord("sent", text);
});
Deno.bench("1 KiB of binary", { group: "dump" }, () => {
  formatRecord("received", binary);
});
