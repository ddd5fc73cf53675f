/**
 * IP addresses for tests, as text.
 *
 * @module
 */
import type { IpAddress } from "../../../lib/core/names/answer.ts";
import { parseEndpoint } from "../../../lib/core/net/socket_address.ts";

/** Reads an address. */
export function ip(text: string): IpAddress {
  const endpoint = parseEndpoint(text.includes(":") ? `[${text}]:0` : `${text}:0`);
  if (endpoint === undefined || endpoint.family === "unix") throw new Error(`no address: ${text}`);
  return endpoint;
}
