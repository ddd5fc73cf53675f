/**
 * `--try`: looks whether each channel of a command line works, without an instance.
 *
 * @module
 */
import { exchangeOf } from "../core/command_line/health_options.ts";
import { channelName } from "../core/command_line/destination.ts";
import type { Options } from "../core/command_line/options.ts";
import { parseGroups, parsePort } from "../core/command_line/spec.ts";
import { exchangeFor } from "../core/health/exchange.ts";
import { type Endpoint, formatEndpoint } from "../core/net/socket_address.ts";
import { formatTry, type TryView } from "../core/report/try.ts";
import { createTable, slotOf, type Table } from "../core/table/schema.ts";
import { viewTable } from "../core/table/view.ts";
import { atPort, checkHeader } from "../backends/channel_checks.ts";
import { startCheck } from "../backends/checks.ts";
import { Directory, type Member } from "../backends/directory.ts";
import { fillTable } from "../backends/fill.ts";
import { Lookups } from "../backends/lookups.ts";
import type { Membership } from "../backends/membership.ts";
import { openServices } from "../backends/resolve.ts";

/** What trying came to. */
export interface TryReport {
  /** The table. */
  readonly lines: readonly string[];
  /** Whether every channel works. */
  readonly ok: boolean;
}

/**
 * Connects to each channel once, or checks it as the options say; nothing is bound.
 *
 * @throws {ExitError} For a command line with which no instance could start, unknown hosts apart.
 */
export async function tryChannels(options: Options): Promise<TryReport> {
  const services = openServices();
  const port = parsePort(options.port, services).number;
  const groups = parseGroups(options.destinations, port, services);
  const table = createTable(1);
  const directory = new Directory();
  const backends = { table, directory, lookups: new Lookups(options.dns) };
  const { memberships } = await fillTable(groups, backends, true);
  const views = await Promise.all(
    viewTable(table).map(async (view): Promise<TryView> => {
      const { group, channel, observed } = view;
      const member = directory.get(slotOf(group, channel));
      if (member === undefined) throw new Error("a channel that the directory does not know");
      const port = member.destination.attributes.checkport;
      const endpoint = observed === "unresolved" ? undefined : atPort(view.endpoint, port);
      return {
        group,
        channel,
        name: member.name,
        ...await tryOne(options, member, table, endpoint),
      };
    }),
  );
  const empty = memberships.filter(({ size }) => size === 0).map(unanswered);
  const all = [...views, ...empty];
  return { lines: formatTry(all), ok: all.every(({ found }) => found.ok) };
}

/** A destination that follows records, and has none. */
function unanswered({ destination, group }: Membership): TryView {
  return {
    group,
    channel: undefined,
    name: channelName(destination),
    address: undefined,
    check: "-",
    found: failure("no records"),
  };
}

async function tryOne(
  { health, edge }: Options,
  { slot, destination }: Member,
  table: Table,
  endpoint: Endpoint | undefined,
): Promise<Pick<TryView, "address" | "check" | "found">> {
  const target = { host: destination.address.text, port: destination.port & 0xffff };
  const exchange = exchangeOf(health, destination.attributes, target) ??
    exchangeFor({ kind: "tcp" }, { send: undefined, expect: undefined }, target);
  if (exchange === undefined) throw new Error("a connect is always possible");
  const check = exchange.name;
  if (endpoint === undefined) {
    return { address: undefined, check, found: failure("unknown or invalid address") };
  }
  const timeoutMs = health.timeoutSeconds * 1000;
  const header = checkHeader({ table, proxyOut: edge.proxyOut }, slot);
  const order = { endpoint, exchange, timeoutMs, source: undefined, header };
  const { verdict, over } = startCheck(order);
  const found = await verdict ?? failure("this machine is out of descriptors or ports");
  await over;
  return { address: formatEndpoint(endpoint), check, found };
}

function failure(reason: string): TryView["found"] {
  return { ok: false, reason, tookMs: 0 };
}
