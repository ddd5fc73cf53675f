/**
 * The channels that the command line asks for: looked up, and put into table and directory.
 *
 * @module
 */
import { type Address, channelName, type Destination } from "../core/command_line/destination.ts";
import { channelSettings, followsRecords } from "../core/command_line/settings.ts";
import type { GroupSpec } from "../core/command_line/spec.ts";
import { EXIT, ExitError } from "../core/errors.ts";
import type { LogLine } from "../core/events.ts";
import { chooseAddress } from "../core/names/answer.ts";
import type { Endpoint } from "../core/net/socket_address.ts";
import { freeSlot } from "../core/table/access.ts";
import { apply } from "../core/table/change.ts";
import { placeAt, unresolvedPlace } from "../core/table/place.ts";
import { printable } from "../core/text.ts";
import { literalEndpoint, requireReach } from "./addresses.ts";
import type { Lookups } from "./lookups.ts";
import { type Backends, Membership } from "./membership.ts";

/** What the start leaves for later. */
export interface Filled {
  /** Destinations whose channels follow records. */
  readonly memberships: readonly Membership[];
  /** What there is to say, for the log. */
  readonly lines: readonly LogLine[];
}

/**
 * Makes the channels of all groups.
 *
 * @param startUnresolved Whether a name that is unknown is no error.
 * @throws {ExitError} 65 for a name that is unknown, 71 for a grant that is missing: of several, for the first operand.
 */
export async function fillTable(
  groups: readonly GroupSpec[],
  backends: Backends,
  startUnresolved: boolean,
): Promise<Filled> {
  lookAhead(groups, backends.lookups);
  const memberships: Membership[] = [];
  const lines: LogLine[] = [];
  for (const [group, { destinations }] of groups.entries()) {
    for (const [at, destination] of destinations.entries()) {
      if (!followsRecords(destination.address)) {
        lines.push(...await createChannel(group, destination, { backends, startUnresolved }));
        continue;
      }
      const membership = new Membership(group, destination, backends);
      memberships.push(membership);
      // Channels that were named one by one get their rows before records that are too many.
      const reserve = destinations.slice(at + 1).filter(({ address }) => !followsRecords(address));
      lines.push(...await join(membership, reserve.length, { backends, startUnresolved }));
    }
  }
  return { memberships, lines };
}

interface Tools {
  readonly backends: Backends;
  readonly startUnresolved: boolean;
}

/** Starts all look-ups at once: each is shared with whoever asks for the same name while it runs. */
function lookAhead(groups: readonly GroupSpec[], lookups: Lookups): void {
  for (const { destinations } of groups) {
    for (const { address } of destinations) {
      const named = address.kind === "dns" ||
        (address.kind === "host" && literalEndpoint(address) === undefined);
      if (named) void lookups.addresses(address.text);
    }
  }
}

async function createChannel(
  group: number,
  destination: Destination,
  { backends: { table, directory, lookups }, startUnresolved }: Tools,
): Promise<LogLine[]> {
  const { address, port } = destination;
  const endpoint = await locate(address, lookups);
  if (endpoint === undefined && !startUnresolved) throw unknownAddress(typed(address));
  if (endpoint !== undefined) requireReach(typed(address), endpoint, port);
  const slot = freeSlot(table, group);
  if (slot === undefined) throw new ExitError(EXIT.usage, "MAXCHANNELS exceeded...");
  const name = channelName(destination);
  apply(table, [{
    kind: "create",
    group,
    place: endpoint === undefined ? unresolvedPlace(port) : placeAt(endpoint, port),
    enabled: true,
    observed: endpoint === undefined ? "unresolved" : "up",
    name,
    ...channelSettings(destination),
  }]);
  directory.put({ slot, name, destination });
  return endpoint === undefined ? [unresolvedLine(name)] : [];
}

/**
 * Where a destination is: looked up if it is a name.
 *
 * @throws {ExitError} 71 if a name may not be looked up, and as {@link literalEndpoint}.
 */
export async function locate(address: Address, lookups: Lookups): Promise<Endpoint | undefined> {
  const literal = literalEndpoint(address);
  if (literal !== undefined) return literal;
  requireLookup(address, lookups);
  return chooseAddress(undefined, await lookups.addresses(address.text));
}

async function join(
  membership: Membership,
  reserve: number,
  { backends: { lookups }, startUnresolved }: Tools,
): Promise<LogLine[]> {
  const { destination: { address } } = membership;
  requireLookup(address, lookups);
  const { known, lines } = await membership.look(reserve);
  // That its channels join is no news.
  const news = lines.filter(({ level }) => level !== "notice");
  if (known) return news;
  if (startUnresolved) return [...news, unresolvedLine(channelName(membership.destination))];
  if (address.kind === "dns") {
    const endpoint = chooseAddress(undefined, await lookups.addresses(address.text));
    if (endpoint !== undefined) {
      requireReach(typed(address), endpoint, membership.destination.port);
    }
  }
  throw unknownAddress(typed(address));
}

function requireLookup(address: Address, lookups: Lookups): void {
  const grant = lookups.missingGrant(address);
  if (grant === undefined) return;
  throw new ExitError(
    EXIT.os,
    `balance: no permission to look up ${printable(typed(address))}, needs ${printable(grant)}`,
  );
}

function typed({ kind, text }: Address): string {
  return kind === "host" || kind === "ipv6" ? text : `${kind}:${text}`;
}

function unknownAddress(text: string): ExitError {
  return new ExitError(EXIT.data, `unknown or invalid address [${printable(text)}]`);
}

function unresolvedLine(name: string): LogLine {
  return {
    level: "warning",
    message: "look-up of {name} failed: it has no channel that can be used yet",
    fields: { name },
  };
}
