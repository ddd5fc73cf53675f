/**
 * Documents of an instance, made up.
 *
 * @module
 */
import type { ChannelDocument, StateDocument } from "../../lib/core/report/documents.ts";

/** What of a channel is told; its group and number are its place. */
export type MadeChannel = Partial<ChannelDocument> & { readonly name: string };

/** What of a state is told besides its channels. */
export type MadeState = Partial<Omit<StateDocument, "groups" | "totals">> & {
  readonly totals?: Partial<StateDocument["totals"]>;
};

/** A time of day of the day that everything made up happens on. */
export function at(time: string): string {
  return `2026-11-25T${time}Z`;
}

/** A state of these groups of channels; sums are those of the channels. */
export function makeState(
  groups: readonly (readonly MadeChannel[])[],
  { totals, ...rest }: MadeState = {},
): StateDocument {
  const made = groups.map((channels, group) => ({
    group,
    method: "rr" as const,
    channels: channels.map((channel, number) => makeChannel(group, number, channel)),
  }));
  const all = made.flatMap(({ channels }) => channels);
  const enabled = all.filter((channel) => channel.enabled);
  const sum = (name: "connections" | "totalConnections" | "sentBytes" | "receivedBytes"): number =>
    all.reduce((total, channel) => total + channel[name], 0);
  return {
    version: "1.1.0",
    pid: 4711,
    started: at("08:00:00").replace("25T", "19T"),
    now: at("14:05:25"),
    port: 8888,
    bind: "0.0.0.0",
    engine: "deno",
    listening: true,
    workers: [{ worker: 0, state: "running", connections: 0, totalConnections: 0, restarts: 0 }],
    groups: made,
    ...rest,
    totals: {
      channels: all.length,
      enabled: enabled.length,
      up: enabled.filter(({ state }) => state === "up").length,
      connections: sum("connections"),
      totalConnections: sum("totalConnections"),
      sentBytes: sum("sentBytes"),
      receivedBytes: sum("receivedBytes"),
      waiting: 0,
      refusedClients: {},
      connectMs: { p50: null, p99: null },
      ...totals,
    },
  };
}

function makeChannel(group: number, channel: number, told: MadeChannel): ChannelDocument {
  return {
    channel,
    address: `10.0.${group}.${11 + channel}`,
    port: 80,
    enabled: true,
    draining: false,
    state: "up",
    since: at("08:00:00"),
    reason: null,
    weight: 1,
    effectiveWeight: 1,
    backup: false,
    maxc: 0,
    connections: 0,
    totalConnections: 0,
    sentBytes: 0,
    receivedBytes: 0,
    connectFailures: { refused: 0, timeout: 0 },
    connectMs: { p50: null, p99: null },
    check: null,
    ...told,
  };
}
