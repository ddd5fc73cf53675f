/**
 * Records of `dns:` and `srv:` destinations as the channels that they ask for.
 *
 * @module
 */
import { formatHost } from "../net/socket_address.ts";
import type { AddressAnswer, IpAddress, ServiceRecord } from "./answer.ts";

/** A channel that a record asks for. */
export interface Wanted {
  /** What tells it from the others of its destination, and is the same at each look-up. */
  readonly key: string;
  /** Share of new connections, 1 to 1000; `undefined` is what the destination says. */
  readonly weight: number | undefined;
  /** Whether it is a backup by its record. */
  readonly backup: boolean;
}

/** A channel for an A or AAAA record. */
export interface WantedAddress extends Wanted {
  /** Where it leads. */
  readonly address: IpAddress;
}

/** A channel for an SRV record. */
export interface WantedService extends Wanted {
  /** Name of its host. */
  readonly target: string;
  /** Port of the service. */
  readonly port: number;
}

/** Most that a channel's weight can be. */
const MAX_WEIGHT = 1000;

/**
 * A channel for each address.
 *
 * @param present Addresses of the channels that there are: those of a family of which nothing is known stay.
 */
export function wantedAddresses(
  { addresses, failed }: AddressAnswer,
  present: readonly IpAddress[],
): WantedAddress[] {
  if (addresses.length === 0) return [];
  const kept = present.filter(({ family }) => failed.includes(family));
  return distinct([...addresses, ...kept].map((address) => ({
    key: formatHost(address),
    weight: undefined,
    backup: false,
    address,
  })));
}

/**
 * A channel for each SRV record, those of the lowest priority first.
 *
 * Those are ordinary channels, the others backups. Weight 0 counts as 1; when a weight is above 1000 all of them shrink
 * alike. A target `.` says that there is no such service.
 */
export function wantedServices(records: readonly ServiceRecord[]): WantedService[] {
  const offered = records.filter(({ target }) => target !== "." && target !== "");
  const first = offered.reduce((least, { priority }) => Math.min(least, priority), Infinity);
  const most = offered.reduce((largest, { weight }) => Math.max(largest, weight), MAX_WEIGHT);
  return distinct(
    offered.toSorted((one, other) => one.priority - other.priority).map((record) => {
      const target = record.target.replace(/\.$/, "").toLowerCase();
      return {
        key: `${target}:${record.port}`,
        weight: Math.max(1, Math.round(record.weight * MAX_WEIGHT / most)),
        backup: record.priority > first,
        target,
        port: record.port,
      };
    }),
  );
}

/** The first of those with the same key. */
function distinct<Each extends Wanted>(all: readonly Each[]): Each[] {
  const keys = new Map<string, Each>();
  for (const each of all) if (!keys.has(each.key)) keys.set(each.key, each);
  return [...keys.values()];
}
