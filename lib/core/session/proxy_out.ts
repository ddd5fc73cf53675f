/**
 * The PROXY header that a server gets.
 *
 * @module
 */
import type { Origin } from "../edge/origin.ts";
import { encodeProxyHeader } from "../edge/proxy_header.ts";
import type { ProxyVersion } from "../edge/proxy_message.ts";
import { decodeFlags } from "../table/flags.ts";
import { channelWord, type Table } from "../table/schema.ts";

/**
 * Which header a channel's server gets: what its destination says of itself (`proxy=`), else what the option says.
 *
 * @param byOption What `--proxy-out` says.
 * @returns `undefined` for none.
 */
export function proxyVersionFor(
  table: Table,
  slot: number,
  byOption: ProxyVersion | undefined,
): ProxyVersion | undefined {
  const { proxy } = decodeFlags(Atomics.load(table.words, channelWord(slot, "flags")));
  if (proxy === "default") return byOption;
  return proxy === "off" ? undefined : proxy;
}

/** The header that tells a server where its client comes from. */
export function proxyHeader(version: ProxyVersion, origin: Origin): Uint8Array {
  const { client: source, destination } = origin;
  return encodeProxyHeader(version, { kind: "proxied", source, destination });
}

/** The header of a connection that is for no client: a health check. */
export function localHeader(version: ProxyVersion): Uint8Array {
  return encodeProxyHeader(version, { kind: "local" });
}
