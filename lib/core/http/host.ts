/**
 * Whether a request was meant for this server, by its header `Host`.
 *
 * A page of a stranger can have its own name lead to an address of ours, and a browser then takes us for the page's server
 * (DNS rebinding). It sends that name in `Host`. So only names that are ours are answered, and IP addresses, which no page
 * of a stranger has for a name.
 *
 * @module
 */
import { parseCanonicalIpv4, parsePlainIpv6 } from "../net/ip_address.ts";

/**
 * Whether a request's `Host` is ours.
 *
 * @param hosts The values of all headers `Host` of the request. None is fine: every browser sends one.
 * @param ownName What the server was told to listen on, without a port.
 */
export function isOwnHost(hosts: readonly string[], ownName: string): boolean {
  const [host] = hosts;
  if (host === undefined) return true;
  if (hosts.length > 1) return false;
  const [, long, short = ""] = /^(?:\[([^[\]]*)\]|([^[\]:]+))(?::\d{0,5})?$/.exec(host.trim()) ??
    [];
  if (long !== undefined) return parsePlainIpv6(long) !== undefined;
  const name = short.toLowerCase();
  return name === "localhost" || name === ownName.toLowerCase() ||
    parseCanonicalIpv4(name) !== undefined;
}
