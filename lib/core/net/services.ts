/**
 * The services database: TCP service names to port numbers.
 *
 * @module
 */
import { atoi32 } from "./address.ts";

/** TCP service names and aliases with their port numbers; a map is one. */
export interface Services {
  /** The port of a name or alias; undefined if there is none. */
  get(name: string): number | undefined;
}

/** The usual names, for a machine that has no services database or does not let it be read. */
export const COMMON_SERVICES: Services = new Map([
  ["ftp", 21],
  ["ssh", 22],
  ["telnet", 23],
  ["smtp", 25],
  ["mail", 25],
  ["domain", 53],
  ["http", 80],
  ["www", 80],
  ["pop3", 110],
  ["nntp", 119],
  ["imap", 143],
  ["imap2", 143],
  ["ldap", 389],
  ["https", 443],
  ["submissions", 465],
  ["submission", 587],
  ["ldaps", 636],
  ["imaps", 993],
  ["pop3s", 995],
  ["mysql", 3306],
  ["postgresql", 5432],
  ["redis", 6379],
]);

/**
 * Reads names out of the text of `/etc/services`, when they are asked for: a map of all of them would take a megabyte.
 *
 * The first line that has a name wins, as with `getservbyname(3)`. Lines of other protocols are skipped.
 */
export function parseServices(text: string): Services {
  return {
    get(name: string): number | undefined {
      for (const line of text.split("\n")) {
        if (!line.includes(name)) continue;
        const [official, port, ...aliases] = (line.split("#", 1)[0] ?? "").trim().split(/\s+/);
        const match = /^(\d+)\/tcp$/.exec(port ?? "");
        if (match !== null && [official, ...aliases].includes(name)) return Number(match[1]);
      }
      return undefined;
    },
  };
}

/**
 * Reads the port of a destination: a service name, else as `atoi`.
 *
 * @returns The number as the classic keeps and shows it, kept within 32 bit; it may lie outside 0..65535.
 */
export function destinationPort(text: string, services: Services): number {
  return services.get(text) ?? atoi32(text);
}
