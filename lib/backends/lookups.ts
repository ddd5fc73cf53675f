/**
 * Look-ups of destinations' names: by the system's resolver, or by a name server of one's own.
 *
 * Every look-up ends in bounded time, and never rejects: what failed is an answer that knows nothing.
 *
 * @module
 */
import type { Address } from "../core/command_line/destination.ts";
import type { NameServer } from "../core/command_line/name_server.ts";
import { hostsAddresses } from "../core/net/hosts.ts";
import { formatEndpoint } from "../core/net/socket_address.ts";
import type { AddressAnswer, IpAddress, ServiceRecord } from "../core/names/answer.ts";
import { doubtMissing, type Memory, NO_MEMORY } from "../core/names/doubt.ts";
import { granted } from "../system/permissions.ts";
import { readIpAddress } from "./addresses.ts";
import { isName } from "./resolve.ts";

/** Where names and addresses are found without asking a server. */
export const HOSTS_FILE = "/etc/hosts";

/** Time that the system's resolver may take, in ms. */
const SYSTEM_MS = 8000;
/** Time that one question to a name server may take, in ms, and how often it is asked while it is silent. */
const QUESTION_MS = 2000;
const QUESTIONS = 3;
/** Look-ups at once. */
const MAX_RUNNING = 32;
/** Names whose answers are remembered; SRV records can bring new ones for ever. */
const MAX_REMEMBERED = 4096;

const NOTHING_KNOWN: AddressAnswer = { addresses: [], failed: ["ipv4", "ipv6"] };

/** Looks names up. Two callers that want the same name at the same time share one look-up. */
export class Lookups {
  readonly #server: NameServer | undefined;
  readonly #running = new Map<string, Promise<AddressAnswer>>();
  readonly #memories = new Map<string, Memory>();
  readonly #waiting: (() => void)[] = [];
  #places = MAX_RUNNING;

  /**
   * Prepares look-ups.
   *
   * @param server The name server to ask, after the hosts file; the system's resolver if there is none.
   */
  constructor(server?: NameServer) {
    this.#server = server;
  }

  /** The addresses of a host, both families. */
  async addresses(name: string): Promise<AddressAnswer> {
    if (!isName(name) || this.missingGrant({ kind: "host", text: name }) !== undefined) {
      return NOTHING_KNOWN;
    }
    const running = this.#running.get(name) ?? this.#start(name);
    return await inTime(running, SYSTEM_MS, NOTHING_KNOWN);
  }

  /** The SRV records of a service; none if there are none, or nothing is known. */
  services(name: string): Promise<readonly ServiceRecord[]> {
    if (!isName(name) || this.missingGrant({ kind: "srv", text: name }) !== undefined) {
      return Promise.resolve([]);
    }
    return this.#inTurn(async () =>
      await ask((options) => Deno.resolveDns(name, "SRV", options), this.#server) ?? []
    );
  }

  /** The flag of the grant that is missing for looking an address up; `undefined` if none is. */
  missingGrant({ kind, text }: Address): string | undefined {
    if (this.#server !== undefined) {
      const host = formatEndpoint(this.#server);
      return granted({ name: "net", host }) ? undefined : `--allow-net=${host}`;
    }
    // Which servers the system asks is known to the system alone.
    if (kind === "srv") return granted({ name: "net" }) ? undefined : "--allow-net";
    return !isName(text) || granted({ name: "net", host: text })
      ? undefined
      : `--allow-net=${text}`;
  }

  /** A look-up stays the running one until it really ends: one that hangs is not started over and over. */
  #start(name: string): Promise<AddressAnswer> {
    const server = this.#server;
    const run = async (): Promise<AddressAnswer> => {
      try {
        return this.#doubt(
          name,
          await this.#inTurn(() =>
            server === undefined ? askSystem(name) : askServer(name, server)
          ),
        );
      } finally {
        this.#running.delete(name);
      }
    };
    const running = run();
    this.#running.set(name, running);
    return running;
  }

  #doubt(name: string, fresh: AddressAnswer): AddressAnswer {
    const { answer, memory } = doubtMissing(this.#memories.get(name) ?? NO_MEMORY, fresh);
    if (this.#memories.size >= MAX_REMEMBERED) this.#memories.clear();
    this.#memories.set(name, memory);
    return answer;
  }

  /** Runs something when fewer than the most look-ups run. */
  async #inTurn<Result>(run: () => Promise<Result>): Promise<Result> {
    if (this.#places > 0) this.#places--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await run();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#places++;
      else next();
    }
  }
}

async function askSystem(name: string): Promise<AddressAnswer> {
  const { lookup } = await import("node:dns/promises");
  try {
    const found = await lookup(name, { all: true, verbatim: true });
    return { addresses: readAddresses(found.map(({ address }) => address)), failed: [] };
  } catch {
    // The reason is not told apart: the name is unknown, or its servers are silent.
    return NOTHING_KNOWN;
  }
}

async function askServer(name: string, server: NameServer): Promise<AddressAnswer> {
  const known = readAddresses(hostsAddresses(await readHosts(), name));
  if (known.length > 0) return { addresses: known, failed: [] };
  const [ipv4, ipv6] = await Promise.all([
    ask((options) => Deno.resolveDns(name, "A", options), server),
    ask((options) => Deno.resolveDns(name, "AAAA", options), server),
  ]);
  return {
    addresses: readAddresses([...(ipv4 ?? []), ...(ipv6 ?? [])]),
    failed: [
      ...(ipv4 === undefined ? ["ipv4" as const] : []),
      ...(ipv6 === undefined ? ["ipv6" as const] : []),
    ],
  };
}

/**
 * Asks a name server, again while it is silent.
 *
 * @returns The records, none if there are none; `undefined` if nothing is known.
 */
async function ask<Each>(
  question: (options: Deno.ResolveDnsOptions) => Promise<Each[]>,
  server: NameServer | undefined,
): Promise<Each[] | undefined> {
  for (let count = 0; count < QUESTIONS; count++) {
    const signal = AbortSignal.timeout(QUESTION_MS);
    try {
      return await question(server === undefined ? { signal } : { signal, nameServer: at(server) });
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      if (!signal.aborted) return undefined;
    }
  }
  return undefined;
}

function at(server: NameServer): NonNullable<Deno.ResolveDnsOptions["nameServer"]> {
  return { ipAddr: server.text, port: server.port };
}

function readAddresses(texts: readonly string[]): IpAddress[] {
  return texts.flatMap((text) => readIpAddress(text) ?? []);
}

async function readHosts(): Promise<string> {
  if (!granted({ name: "read", path: HOSTS_FILE })) return "";
  try {
    return await Deno.readTextFile(HOSTS_FILE);
  } catch {
    return "";
  }
}

async function inTime<Result>(
  promise: Promise<Result>,
  ms: number,
  late: Result,
): Promise<Result> {
  const { promise: over, resolve } = Promise.withResolvers<Result>();
  const timer = setTimeout(() => resolve(late), ms);
  try {
    return await Promise.race([promise, over]);
  } finally {
    clearTimeout(timer);
  }
}
