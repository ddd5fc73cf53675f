/**
 * Addresses as the system and the operator write them, and whether they may be connected to.
 *
 * @module
 */
import type { Address } from "../core/command_line/destination.ts";
import { EXIT, ExitError } from "../core/errors.ts";
import { parseIpv4 } from "../core/net/address.ts";
import { parseCanonicalIpv4, parsePlainIpv6 } from "../core/net/ip_address.ts";
import { type Endpoint, formatEndpoint, unixPathFault } from "../core/net/socket_address.ts";
import type { IpAddress } from "../core/names/answer.ts";
import { printable } from "../core/text.ts";
import { granted } from "../system/permissions.ts";

/** Reads an address as a resolver writes it; `undefined` for anything else. */
export function readIpAddress(text: string): IpAddress | undefined {
  const ipv4 = parseCanonicalIpv4(text);
  if (ipv4 !== undefined) return { family: "ipv4", address: ipv4, port: 0 };
  const [, bare = "", zone = "0"] = /^([^%]*)(?:%(.+))?$/.exec(text) ?? [];
  const address = parsePlainIpv6(bare);
  const scope = zoneNumber(zone);
  if (address === undefined || scope === undefined) return undefined;
  return { family: "ipv6", address, port: 0, scope };
}

/** The number of a zone: itself, or that of the interface of this name while interfaces may be looked at. */
function zoneNumber(zone: string): number | undefined {
  if (/^\d{1,9}$/.test(zone)) return Number(zone);
  if (!granted({ name: "sys", kind: "networkInterfaces" })) return undefined;
  const found = Deno.networkInterfaces().find((each) =>
    each.name === zone && each.family === "IPv6"
  );
  return found?.scopeid ?? undefined;
}

/**
 * The address of a destination that needs no look-up: an address of its own, or a path.
 *
 * @returns `undefined` for a name.
 * @throws {ExitError} 64 for a path that is too long once it is absolute, 65 for an interface that there is not.
 */
export function literalEndpoint({ kind, text }: Address): Endpoint | undefined {
  if (kind === "unix") return { family: "unix", path: absolutePath(text) };
  if (kind === "ipv6") {
    const address = readIpAddress(text);
    if (address !== undefined) return address;
    throw new ExitError(EXIT.data, `unknown or invalid address [${printable(text)}]`);
  }
  const address = kind === "host" ? parseIpv4(text) : undefined;
  return address === undefined ? undefined : { family: "ipv4", address, port: 0 };
}

/** A background instance leaves the folder that relative paths are meant from. */
function absolutePath(path: string): string {
  const absolute = path.startsWith("/") ? path : `${Deno.cwd()}/${path}`;
  const fault = unixPathFault(absolute);
  if (fault === undefined) return absolute;
  throw new ExitError(
    EXIT.usage,
    `balance: destination unix:${printable(path)}: the path ${fault}`,
  );
}

/**
 * The grants that are missing for connecting, as flags; none are missing if it is permitted.
 *
 * @param port As typed.
 */
export function missingGrants(endpoint: Endpoint, port: number): string[] {
  if (endpoint.family === "unix") {
    const { path } = endpoint;
    return (["read", "write"] as const).filter((name) => !granted({ name, path }))
      .map((name) => `--allow-${name}=${path}`);
  }
  const host = formatEndpoint({ ...endpoint, port: port & 0xffff });
  return granted({ name: "net", host }) ? [] : [`--allow-net=${host}`];
}

/**
 * Fails with a clear line where a destination of the command line needs a grant that is missing.
 *
 * @param typed The destination as typed.
 * @throws {ExitError} 71, naming the grants.
 */
export function requireReach(typed: string, endpoint: Endpoint, port: number): void {
  const missing = missingGrants(endpoint, port);
  if (missing.length === 0) return;
  throw new ExitError(
    EXIT.os,
    `balance: no permission to connect to ${printable(typed)}, needs ${
      printable(missing.join(" "))
    }`,
  );
}
