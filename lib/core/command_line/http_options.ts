/**
 * The options of watching by HTTP.
 *
 * @module
 */
import { EXIT, ExitError } from "../errors.ts";
import { parseCanonicalIpv4, parsePlainIpv6 } from "../net/ip_address.ts";
import { refuseValue, wholeNumber } from "../option_value.ts";
import type { Text } from "./edge_options.ts";

/** What HTTP is served with. */
export interface HttpOptions {
  /** An IPv4 or IPv6 address, or a name, without brackets. */
  readonly host: string;
  /** The port, 1 to 65535. */
  readonly port: number;
  /** The file of the token that changes need; undefined if nothing can be changed. */
  readonly tokenFile: string | undefined;
}

/** Where it listens unless told otherwise: nobody outside of the machine gets there. */
const LOOPBACK = "127.0.0.1";

const FORMS = "a port, 1 to 65535, with an address in front if it is not 127.0.0.1, " +
  "like 9000, 192.0.2.1:9000 or [2001:db8::1]:9000";

/** A host's name. */
const NAME = /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/;

/**
 * Reads `--http` and `--http-token`.
 *
 * @returns `undefined` without `--http`.
 * @throws {ExitError} 64, for a bad value: one line that names it and says what is accepted.
 */
export function parseHttpOptions(text: Text): HttpOptions | undefined {
  const given = text("http");
  const tokenFile = text("http-token");
  if (tokenFile === "") throw new ExitError(EXIT.usage, "balance: --http-token takes a file");
  if (given === undefined) {
    if (tokenFile === undefined) return undefined;
    throw new ExitError(EXIT.usage, "balance: --http-token needs --http");
  }
  const address = parseAddress(given);
  return address === undefined ? refuseValue("--http", FORMS, given) : { ...address, tokenFile };
}

function parseAddress(text: string): { host: string; port: number } | undefined {
  const [, long, short, digits = ""] = /^(?:(?:\[([^[\]]*)\]|([^[\]:]*)):)?(\d+)$/.exec(text) ?? [];
  const port = wholeNumber(digits, 1, 65535, 5);
  if (port === undefined) return undefined;
  if (long !== undefined) {
    return parsePlainIpv6(long) === undefined ? undefined : { host: long, port };
  }
  const host = short ?? LOOPBACK;
  return isHost(host) ? { host, port } : undefined;
}

/** Whether a text is an IPv4 address or a name; digits and dots alone are no name. */
function isHost(text: string): boolean {
  return /^[\d.]*$/.test(text) ? parseCanonicalIpv4(text) !== undefined : NAME.test(text);
}
