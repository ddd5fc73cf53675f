/** Documents and metrics from tables that are made up. */
import {
  healthDocuments,
  type Look,
  metricsView,
  stateDocument,
} from "../../../lib/core/report/state.ts";
import type { HealthView } from "../../../lib/core/report/health.ts";
import { add, claim } from "../../../lib/core/table/access.ts";
import { apply } from "../../../lib/core/table/change.ts";
import { countRefusal } from "../../../lib/core/table/clients.ts";
import { connectHistogram, countConnect, countEnd } from "../../../lib/core/table/ends.ts";
import { counterIndex, createTable, slotOf, type Table } from "../../../lib/core/table/schema.ts";
import { assert, assertEquals } from "../../kit/assert.ts";
import { makeTable } from "../../kit/make_table.ts";
import { faultsOf } from "../../kit/schema.ts";

const NOW = Date.parse("2026-11-25T14:05:25.500Z");

function look(table: Table, told: Partial<Look> = {}): Look {
  return {
    facts: {
      version: "1.1.0",
      pid: 4711,
      startedMs: NOW - 3_600_000,
      port: 8888,
      bind: "::",
      engine: "native",
    },
    table,
    nowMs: NOW,
    workers: [{ worker: 0, state: "running", c: 3, totalc: 9, restarts: 2 }],
    health: new Map(),
    recent: new Map(),
    ...told,
  };
}

function healthy(told: Partial<HealthView> = {}): HealthView {
  return {
    group: 0,
    channel: 0,
    name: "web",
    enabled: true,
    observed: "up",
    forMs: 1500,
    reason: undefined,
    check: undefined,
    last: undefined,
    late: false,
    failures: 0,
    trial: undefined,
    downs: 0,
    ejections: 0,
    checks: { good: 0, bad: 0 },
    transitions: { up: 0, down: 0, ejected: 0, unresolved: 0 },
    ...told,
  };
}

Deno.test("what the instance is, its threads and its times", () => {
  const state = stateDocument(look(createTable(1)));
  assertEquals(faultsOf("state", state), []);
  const { totals: _totals, groups, ...rest } = state;
  assertEquals(groups, []);
  assertEquals(rest, {
    version: "1.1.0",
    pid: 4711,
    started: "2026-11-25T13:05:25.500Z",
    now: "2026-11-25T14:05:25.500Z",
    port: 8888,
    bind: "::",
    engine: "native",
    listening: true,
    workers: [{ worker: 0, state: "running", connections: 3, totalConnections: 9, restarts: 2 }],
  });
});

Deno.test("it listens while one thread does", () => {
  const worker = { worker: 0, c: 0, totalc: 0, restarts: 0 };
  const listening = (...states: ("running" | "restarting" | "stopped")[]): boolean =>
    stateDocument(look(createTable(1), { workers: states.map((state) => ({ ...worker, state })) }))
      .listening;
  assertEquals(listening("stopped", "restarting"), false);
  assertEquals(listening("stopped", "running"), true);
});

Deno.test("a channel with everything that can be said of it", () => {
  const table = makeTable("10.0.0.1:70000:5,weight=4,backup,name=x ! 10.0.0.2 % 10.0.0.3", 2);
  const slot = slotOf(1, 0);
  claim(table, 0, slot);
  claim(table, 1, slot);
  for (const worker of [0, 1]) {
    add(table, counterIndex(worker, slot, "sent"), 100);
    add(table, counterIndex(worker, slot, "received"), 1000);
    add(table, counterIndex(worker, slot, "refused"), 3);
    add(table, counterIndex(worker, slot, "timedOut"), 4);
    countConnect(table, worker, slot, 10);
  }
  const check = { check: "tcp", last: { reason: "connected", tookMs: 0.4444, agoMs: 2000 } };
  const state = stateDocument(look(table, {
    health: new Map([[0, healthy({ name: "x", reason: "why", ...check })]]),
    recent: new Map([[slot, connectHistogram(table, slot)]]),
  }));
  assertEquals(faultsOf("state", state), []);
  assertEquals(state.groups.map(({ group, method }) => `${group} ${method}`), [
    "0 rr",
    "1 hash",
    "2 rr",
  ]);
  const [first] = state.groups[0]?.channels ?? [];
  assertEquals(first, {
    channel: 0,
    name: "x",
    address: "10.0.0.1",
    port: 70000,
    enabled: true,
    draining: false,
    state: "up",
    since: "2026-11-25T14:05:24.000Z",
    reason: "why",
    weight: 4,
    effectiveWeight: 4,
    backup: true,
    maxc: 5,
    connections: 0,
    totalConnections: 0,
    sentBytes: 0,
    receivedBytes: 0,
    connectFailures: { refused: 0, timeout: 0 },
    connectMs: { p50: null, p99: null },
    check: { kind: "tcp", result: "connected", ms: 0.4, at: "2026-11-25T14:05:23.500Z" },
  });
  const [second] = state.groups[1]?.channels ?? [];
  assertEquals([second?.connections, second?.totalConnections], [2, 2]);
  assertEquals([second?.sentBytes, second?.receivedBytes], [200, 2000]);
  assertEquals(second?.connectFailures, { refused: 6, timeout: 8 });
  const { p50, p99 } = second?.connectMs ?? {};
  assert(p50 && p99 && p50 > 8 && p50 < p99 && p99 < 12.9, `${p50} ${p99}`);
  assertEquals(p50, Number(p50.toPrecision(3)));
  const { totals } = state;
  assertEquals([totals.connections, totals.sentBytes, totals.receivedBytes], [2, 200, 2000]);
  assertEquals(totals.connectMs, { p50, p99 });
  // Bytes begin anew with a reset, failures do not.
  apply(table, [{ kind: "reset", slot }]);
  const after = stateDocument(look(table)).groups[1]?.channels[0];
  assertEquals([after?.sentBytes, after?.totalConnections, after?.connections], [0, 0, 2]);
  assertEquals(after?.connectFailures, { refused: 6, timeout: 8 });
});

Deno.test("totals count what is there, what is wanted, and what is up of it", () => {
  const table = makeTable("10.0.0.1 10.0.0.2 10.0.0.3 10.0.0.4 10.0.0.5");
  apply(table, [
    { kind: "observed", slot: 0, observed: "down" },
    { kind: "enabled", slot: 1, enabled: false },
    { kind: "presence", slot: 2, presence: "leaving" },
    { kind: "observed", slot: 3, observed: "ejected" },
  ]);
  countRefusal(table, 0, "denied");
  countRefusal(table, 0, "denied");
  const { totals, groups } = stateDocument(look(table));
  assertEquals([totals.channels, totals.enabled, totals.up], [4, 3, 1]);
  assertEquals(totals.refusedClients, { denied: 2 });
  assertEquals(groups[0]?.channels.map(({ enabled }) => enabled), [true, false, false, true, true]);
  assertEquals(groups[0]?.channels.map(({ effectiveWeight }) => effectiveWeight), [0, 1, 0, 0, 1]);
});

Deno.test("a channel is draining while it is disabled and has connections", () => {
  const table = makeTable("10.0.0.1 10.0.0.2");
  claim(table, 0, 0);
  const draining = (): unknown =>
    stateDocument(look(table)).groups[0]?.channels.map((channel) => channel.draining);
  assertEquals(draining(), [false, false]);
  apply(table, [{ kind: "drain", slot: 0 }, { kind: "drain", slot: 1 }]);
  assertEquals(draining(), [true, false]);
  apply(table, [{ kind: "enabled", slot: 0, enabled: true }]);
  assertEquals(draining(), [false, false]);
  apply(table, [{ kind: "enabled", slot: 0, enabled: false }]);
  assertEquals(draining(), [false, false]);
});

Deno.test("health tells seconds until a trial: none, now, due, and the time", () => {
  const trials = [undefined, "now", 0, 12_345] as const;
  const channels = healthDocuments(
    trials.map((trial, channel) =>
      healthy({ channel, trial, failures: channel, downs: 2, ejections: 3, observed: "ejected" })
    ),
    NOW,
  );
  assertEquals(faultsOf("health", { channels }), []);
  assertEquals(channels.map(({ trialInSeconds }) => trialInSeconds), [null, 0, 0, 12.3]);
  assertEquals(channels[3], {
    group: 0,
    channel: 3,
    name: "web",
    enabled: true,
    state: "ejected",
    since: "2026-11-25T14:05:24.000Z",
    reason: null,
    check: null,
    failuresInARow: 3,
    trialInSeconds: 12.3,
    downs: 2,
    ejections: 3,
  });
});

Deno.test("metrics are since the start, whatever was reset, and in seconds", () => {
  const table = makeTable("10.0.0.1 10.0.0.2,name=web2", 2);
  claim(table, 0, 1);
  add(table, counterIndex(1, 1, "sent"), 5);
  countConnect(table, 1, 1, 10);
  countConnect(table, 0, 0, 20);
  countEnd(table, 0, 1, "client reset", 3000);
  apply(table, [{ kind: "reset", slot: 1 }]);
  const health = new Map([[1, healthy({ name: "web2", checks: { good: 7, bad: 2 } })]]);
  const { channels, ...view } = metricsView(look(table, { health }));
  assertEquals([view.startedSeconds, view.connections, view.totalConnections], [
    (NOW - 3_600_000) / 1000,
    1,
    1,
  ]);
  assertEquals(view.ends["client reset"], 1);
  assertEquals(channels.map(({ name, sentBytes, checks }) => [name, sentBytes, checks]), [
    ["10.0.0.1", 0, { good: 0, bad: 0 }],
    ["web2", 5, { good: 7, bad: 2 }],
  ]);
  assert(Math.abs(view.connectSeconds.sum - 0.03) < 1e-9);
  assertEquals(view.durationSeconds.sum, 3);
  assertEquals(view.durationSeconds.bounds[0], 0.001);
  assertEquals(view.connectSeconds.counts.reduce((sum, count) => sum + count, 0), 2);
});
