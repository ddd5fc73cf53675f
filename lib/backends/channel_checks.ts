/**
 * How each channel is checked: what its destination and the options say, and where it leads now.
 *
 * @module
 */
import { exchangeOf, type HealthOptions } from "../core/command_line/health_options.ts";
import type { Exchange } from "../core/health/exchange.ts";
import type { ProxyVersion } from "../core/edge/proxy_message.ts";
import { localHeader, proxyVersionFor } from "../core/session/proxy_out.ts";
import { type Endpoint, formatEndpoint, formatHost } from "../core/net/socket_address.ts";
import type { Table } from "../core/table/schema.ts";
import { viewChannel } from "../core/table/view.ts";
import { type RunningCheck, startCheck } from "./checks.ts";
import type { Directory } from "./directory.ts";

/** Where checks find what they need. */
export interface CheckPlace {
  /** The channel table. */
  readonly table: Table;
  /** What was typed for each channel, as far as it is known. */
  readonly directory: Directory;
  /** What the command line says. */
  readonly options: HealthOptions;
  /** Source address of checks, if one is wanted (`-B`). */
  readonly source: string | undefined;
  /** PROXY header that servers get, if no destination says anything else. */
  readonly proxyOut: ProxyVersion | undefined;
}

/** Says what is done in a channel's checks; nothing if it is not checked. */
export function channelExchange(place: CheckPlace, slot: number): Exchange | undefined {
  const destination = place.directory.get(slot)?.destination;
  const endpoint = endpointOf(place.table, slot);
  const port = endpoint === undefined || endpoint.family === "unix" ? 80 : endpoint.port;
  const host = destination?.address.text ?? (endpoint === undefined ? "" : formatHost(endpoint));
  return exchangeOf(place.options, destination?.attributes ?? {}, { host, port });
}

/** Starts a check of a channel; one without an address comes to no verdict. */
export function checkChannel(place: CheckPlace, slot: number): RunningCheck {
  const { table, directory, options, source } = place;
  const header = checkHeader(place, slot);
  const endpoint = endpointOf(table, slot);
  const exchange = channelExchange(place, slot);
  if (endpoint === undefined || exchange === undefined) {
    return { verdict: Promise.resolve(undefined), over: Promise.resolve() };
  }
  const port = directory.get(slot)?.destination.attributes.checkport;
  const timeoutMs = options.timeoutSeconds * 1000;
  return startCheck({ endpoint: atPort(endpoint, port), exchange, timeoutMs, source, header });
}

/** The PROXY header in front of a check, for a channel that gets one from clients too. */
export function checkHeader(
  { table, proxyOut }: Pick<CheckPlace, "table" | "proxyOut">,
  slot: number,
): Uint8Array | undefined {
  const version = proxyVersionFor(table, slot, proxyOut);
  return version === undefined ? undefined : localHeader(version);
}

/** What a channel is called: its name if it is known, else its address. */
export function nameOf({ table, directory }: CheckPlace, slot: number): string {
  const name = directory.get(slot)?.name;
  if (name !== undefined) return name;
  const endpoint = endpointOf(table, slot);
  return endpoint === undefined ? "?" : formatEndpoint(endpoint);
}

/** An endpoint with another port, if there is one. */
export function atPort(endpoint: Endpoint, port: number | undefined): Endpoint {
  return port === undefined || endpoint.family === "unix" ? endpoint : { ...endpoint, port };
}

/** Where a channel leads; undefined if its name has never had an address. */
function endpointOf(table: Table, slot: number): Endpoint | undefined {
  const { endpoint, observed } = viewChannel(table, slot);
  return observed === "unresolved" ? undefined : endpoint;
}
