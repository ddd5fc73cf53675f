/**
 * The services database, and the address to listen on.
 *
 * @module
 */
import { formatIpv4, parseIpv4, parseIpv6 } from "../core/net/address.ts";
import { EXIT, ExitError } from "../core/errors.ts";
import { COMMON_SERVICES, parseServices, type Services } from "../core/net/services.ts";
import { printable } from "../core/text.ts";
import { granted } from "../system/permissions.ts";

const SERVICES_FILE = "/etc/services";

/** The services database, read when it is needed first: for a text that is no number. */
export interface LateServices extends Services {
  /** Reads it now, while that is still permitted. */
  load(): void;
}

/** Opens the services database. */
export function openServices(): LateServices {
  let services: Services | undefined;
  const load = (): Services => services ??= loadServices();
  return { load, get: (name) => /^\d*$/.test(name) ? undefined : load().get(name) };
}

/** Loads the services database, or the usual names where there is none or it may not be read. */
function loadServices(): Services {
  if (!granted({ name: "read", path: SERVICES_FILE })) return COMMON_SERVICES;
  try {
    return parseServices(Deno.readTextFileSync(SERVICES_FILE));
  } catch {
    return COMMON_SERVICES;
  }
}

/**
 * The address to listen on.
 *
 * @param text Text of `-b`, if given.
 * @param ipv6 Whether it must be IPv6 (`-6`).
 * @throws {ExitError} 71 with the resolver's text.
 */
export async function resolveBind(text: string | undefined, ipv6: boolean): Promise<string> {
  if (text === undefined) return ipv6 ? "::" : "0.0.0.0";
  const quad = parseIpv4(text);
  if (quad !== undefined && ipv6) {
    throw resolverError("Address family for hostname not supported");
  }
  if (quad !== undefined) return formatIpv4(quad);
  // The runtime cannot listen on an address with a zone.
  if (text.includes("%")) throw resolverError("Address family for hostname not supported");
  if (parseIpv6(text) !== undefined) return text;
  requireLookup(text);
  const address = await lookup(text, ipv6 ? 6 : 0);
  if (address === undefined) throw resolverError(complaint(text));
  return address;
}

/** The failure of making a listening address. */
export function resolverError(text: string): ExitError {
  return new ExitError(EXIT.os, `error at getaddrinfo: ${text}\nexiting.`);
}

/**
 * Fails with a clear line where a name needs a grant to be looked up.
 *
 * @throws {ExitError} 71, naming the grant.
 */
export function requireLookup(host: string): void {
  if (parseIpv4(host) !== undefined || !isName(host) || granted({ name: "net", host })) return;
  throw new ExitError(
    EXIT.os,
    `balance: no permission to look up ${printable(host)}, needs --allow-net=${printable(host)}`,
  );
}

/** Looks up a name to listen on; undefined if it has no address of the family (0 is any). */
export async function lookup(name: string, family: 0 | 4 | 6): Promise<string | undefined> {
  // The runtime answers an empty name with nothing at all, and cuts a name at a NUL.
  if (!isName(name) || !granted({ name: "net", host: name })) return undefined;
  const { lookup } = await import("node:dns/promises");
  try {
    return (await lookup(name, { family, verbatim: true })).address;
  } catch {
    return undefined;
  }
}

/** What the system's resolver says of a name that it does not know; only listening tells its words. */
function complaint(name: string): string {
  try {
    if (name !== "" && !name.includes("\0")) Deno.listen({ hostname: name, port: 0 }).close();
  } catch (error) {
    const match = /^failed to lookup address information: (.*)$/.exec(String(error).slice(7));
    if (match?.[1] !== undefined) return match[1];
  }
  return "Name or service not known";
}

/** Whether the runtime takes a text for a host's name at all. */
export function isName(text: string): boolean {
  if (text === "" || text.includes("\0")) return false;
  try {
    Deno.permissions.querySync({ name: "net", host: text });
    return true;
  } catch {
    return false;
  }
}
