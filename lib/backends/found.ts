/**
 * Records of a `dns:` or `srv:` destination, looked up, with what the channel of each needs.
 *
 * @module
 */
import type { Destination } from "../core/command_line/destination.ts";
import type { AddressAnswer, IpAddress } from "../core/names/answer.ts";
import { type Wanted, wantedAddresses, wantedServices } from "../core/names/records.ts";
import { formatEndpoint } from "../core/net/socket_address.ts";
import { MAX_CHANNELS } from "../core/table/schema.ts";
import { missingGrants } from "./addresses.ts";
import type { Lookups } from "./lookups.ts";

/** A record with what its channel needs. */
export interface Found extends Wanted {
  /** Port to connect to. */
  readonly port: number;
  /** Its port and address as they are written. */
  readonly label: string;
  /** The addresses of its host. */
  readonly answer: AddressAnswer;
}

/**
 * Looks the addresses of a name up.
 *
 * @param present Addresses of the channels that there are.
 */
export async function findAddresses(
  { address, port }: Destination,
  lookups: Lookups,
  present: readonly IpAddress[],
): Promise<Found[]> {
  const answer = reachable(await lookups.addresses(address.text), port);
  return wantedAddresses(answer, present).map((wanted) => ({
    ...wanted,
    port,
    label: formatEndpoint({ ...wanted.address, port }),
    answer: { addresses: [wanted.address], failed: [] },
  }));
}

/**
 * Looks SRV records up, and the hosts of those that can get a channel.
 *
 * @param present Keys of the channels that there are.
 */
export async function findServices(
  { address }: Destination,
  lookups: Lookups,
  present: ReadonlySet<string>,
): Promise<Found[]> {
  const wanted = wantedServices(await lookups.services(address.text));
  const own = wanted.filter(({ key }) => present.has(key));
  const others = wanted.filter(({ key }) => !present.has(key));
  // However many records there are, only as many hosts are looked up as a group can have.
  const looked = new Set([...own, ...others.slice(0, MAX_CHANNELS)]);
  return await Promise.all(wanted.map(async (each) => ({
    ...each,
    label: each.key,
    answer: looked.has(each)
      ? reachable(await lookups.addresses(each.target), each.port)
      : { addresses: [], failed: [] },
  })));
}

/** An answer without the addresses that may not be connected to. */
export function reachable(answer: AddressAnswer, port: number): AddressAnswer {
  const addresses = answer.addresses.filter((address) => missingGrants(address, port).length === 0);
  return { ...answer, addresses };
}
