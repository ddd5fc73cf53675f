/**
 * The PROXY header that a server gets.
 *
 * @module
 */
import type { Origin } from "../edge/origin.ts";
import { encodeProxyHeader } from "../edge/proxy_header.ts";
import type { ProxyVersion } from "../edge/proxy_message.ts";
import type { Table } from "../table/schema.ts";

/**
 * Which header a channel's server gets.
 *
 * The one place to ask: what a destination says of itself (`proxy=`) will stand in the table and count before the option.
 *
 * @param byOption What `--proxy-out` says.
 * @returns `undefined` for none.
 */
export function proxyVersionFor(
  _table: Table,
  _slot: number,
  byOption: ProxyVersion | undefined,
): ProxyVersion | undefined {
  return byOption;
}

/** The header that tells a server where its client comes from. */
export function proxyHeader(version: ProxyVersion, origin: Origin): Uint8Array {
  const { client: source, destination } = origin;
  return encodeProxyHeader(version, { kind: "proxied", source, destination });
}
