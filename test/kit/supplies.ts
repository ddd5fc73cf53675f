/**
 * Documents of an instance that does not run, for commands that ask for them.
 *
 * @module
 */
import type { Supplies } from "../../lib/core/control/commands/command.ts";
import type { StateDocument } from "../../lib/core/report/documents.ts";
import type { InstanceView } from "../../lib/core/report/instance_view.ts";

/** The state of an instance without channels. */
export const EMPTY_STATE: StateDocument = {
  version: "1.1.0",
  pid: 4711,
  started: "2026-11-25T14:00:00.000Z",
  now: "2026-11-25T14:03:12.345Z",
  port: 8888,
  bind: "0.0.0.0",
  engine: "deno",
  listening: true,
  workers: [],
  totals: {
    channels: 0,
    enabled: 0,
    up: 0,
    connections: 0,
    totalConnections: 0,
    sentBytes: 0,
    receivedBytes: 0,
    waiting: 0,
    refusedClients: {},
    connectMs: { p50: null, p99: null },
  },
  groups: [],
};

/** Everything that a command may ask for to answer, with nothing in it. */
export const NO_SUPPLIES: Required<Omit<Supplies, "followed" | "configured">> = {
  state: EMPTY_STATE,
  connections: { connections: [], omitted: 0 },
  causes: { causes: [] },
  health: { channels: [] },
  start: { options: [], port: "8888", destinations: new Map() },
  cut: 0,
};

/** The view of an instance in which nothing is and nothing happens. */
export const EMPTY_VIEW: InstanceView = {
  state: () => EMPTY_STATE,
  connections: () => Promise.resolve(NO_SUPPLIES.connections),
  causes: () => Promise.resolve(NO_SUPPLIES.causes),
  health: () => NO_SUPPLIES.health,
  metrics: () => ({
    version: EMPTY_STATE.version,
    engine: "deno",
    startedSeconds: 0,
    connections: 0,
    totalConnections: 0,
    waiting: 0,
    refused: {},
    ends: {},
    channels: [],
    connectSeconds: { bounds: [1], counts: [0, 0], sum: 0 },
    durationSeconds: { bounds: [1], counts: [0, 0], sum: 0 },
  }),
  servable: () => false,
  recentEvents: () => [],
  subscribe: () => ({ [Symbol.dispose]: () => {} }),
};
