/**
 * Names while an instance runs: looked up again, and looked up for operators.
 *
 * @module
 */
import { channelName, type Destination } from "../core/command_line/destination.ts";
import type { Assignment, Following } from "../core/control/commands/command.ts";
import { ExitError } from "../core/errors.ts";
import type { Fields, LineWriter } from "../core/events.ts";
import type { Endpoint } from "../core/net/socket_address.ts";
import { slotOf } from "../core/table/schema.ts";
import { unixPaths } from "../core/table/view.ts";
import { literalEndpoint, missingGrants } from "../backends/addresses.ts";
import { locate } from "../backends/fill.ts";
import type { Directory } from "../backends/directory.ts";
import type { Health } from "../backends/health.ts";
import { Membership } from "../backends/membership.ts";
import { NameWatch } from "../backends/names.ts";
import { within } from "../system/time_limit.ts";
import type { Startup } from "./start.ts";

/** Tells what the start had to say of names, and looks them up again from now on. */
export function watchNames(
  { options, backends, filled }: Startup,
  log: LineWriter,
  health: Health,
): NameWatch {
  for (const { level, message, fields } of filled.lines) log.log(level, message, fields);
  backends.resolved = (slot) => health.resolution(slot, true, "its name is known");
  backends.changed = (slot) => health.followed(slot);
  return new NameWatch(backends, filled.memberships, { intervalSeconds: options.resolve, log });
}

/** Adds the name that a channel has now to lines about its connections: threads know it by its numbers only. */
export function nameChannels(writer: LineWriter, directory: Directory): LineWriter {
  return {
    trace: writer.trace,
    log: (level, message, fields, subject) =>
      writer.log(level, message, withName(fields, directory), subject),
  };
}

function withName(fields: Fields | undefined, directory: Directory): Fields | undefined {
  const { client, group, channel, ...others } = fields ?? {};
  if (client === undefined || typeof group !== "number" || typeof channel !== "number") {
    return fields;
  }
  const { proxy, ...rest } = others;
  const name = directory.get(slotOf(group, channel))?.name;
  return {
    client,
    ...(proxy === undefined ? {} : { proxy }),
    group,
    channel,
    ...(name === undefined ? {} : { name }),
    ...rest,
  };
}

/** Destinations that operators name: finding them, and noting them down. */
export class OperatorNames {
  readonly #prepared: Startup;
  readonly #names: NameWatch;
  readonly #log: LineWriter;
  /** Sockets that workers may connect to: theirs is what the command line named. */
  readonly #sockets: ReadonlySet<string>;

  /**
   * To be made before the first operator comes.
   *
   * @param names Who looks names up again.
   * @param log Where it is told which channels join.
   */
  constructor(prepared: Startup, names: NameWatch, log: LineWriter) {
    this.#prepared = prepared;
    this.#names = names;
    this.#log = log;
    this.#sockets = new Set(unixPaths(prepared.table));
  }

  /** The address of a destination; `null` if it is unknown or not permitted, a text for a socket that is not permitted. */
  async resolve(destination: Destination): Promise<Endpoint | string | null> {
    const { address, port } = destination;
    if (address.kind === "unix") return this.#resolveSocket(destination);
    try {
      const endpoint = await locate(address, this.#prepared.backends.lookups);
      // One that may not be connected to is as good as unknown.
      if (endpoint === undefined || missingGrants(endpoint, port).length > 0) return null;
      return endpoint;
    } catch (error) {
      if (error instanceof ExitError) return null;
      throw error;
    }
  }

  /** Notes a channel's destination down. */
  assigned({ slot, destination }: Assignment): void {
    const name = channelName(destination);
    this.#prepared.backends.directory.put({ slot, name, destination });
  }

  /** Has channels follow the records of a name from now on; how many, or why none does. */
  async follow(
    { group, destination, adopted }: Following,
    lookupMs: number,
  ): Promise<number | string> {
    const { backends } = this.#prepared;
    const membership = new Membership(group, destination, backends, adopted);
    const look = await within(membership.look(), lookupMs);
    if (membership.size === 0) {
      membership[Symbol.dispose]();
      return look?.known === true ? "no channel slots available" : "invalid address";
    }
    for (const { level, message, fields } of look?.lines ?? []) {
      this.#log.log(level, message, fields);
    }
    this.#names.follow(membership);
    return membership.size;
  }

  #resolveSocket({ address, port }: Destination): Endpoint | string {
    const { table } = this.#prepared;
    if (!address.text.startsWith("/")) return "the path of a Unix socket begins with / here";
    const endpoint = literalEndpoint(address);
    if (endpoint?.family !== "unix") return "invalid address";
    const inside = table.workers === 1 || this.#sockets.has(endpoint.path);
    if (inside && missingGrants(endpoint, port).length === 0) return endpoint;
    return "no permission for this socket: only those of the command line can be used";
  }
}
