/**
 * Answers of the name service, and which of its addresses a channel leads to.
 *
 * @module
 */
import { type Ipv4Endpoint, type Ipv6Endpoint, sameEndpoint } from "../net/socket_address.ts";

/** An IP address; its port is 0. */
export type IpAddress = Ipv4Endpoint | Ipv6Endpoint;

/** What a look-up of a name's addresses came to. */
export interface AddressAnswer {
  /** The addresses in the order of the answer; none if the name has none, or nothing is known. */
  readonly addresses: readonly IpAddress[];
  /** Families of which nothing is known, because that part of the look-up failed. */
  readonly failed: readonly IpAddress["family"][];
}

/** One SRV record. */
export interface ServiceRecord {
  /** Lower is preferred; 0 to 65535. */
  readonly priority: number;
  /** Share among those of one priority; 0 to 65535. */
  readonly weight: number;
  /** Port of the service. */
  readonly port: number;
  /** Name of its host, with or without a final dot. */
  readonly target: string;
}

/**
 * The address that a name's channel leads to after a look-up.
 *
 * One that is still in the answer stays, whatever the order; so does the last one after an empty answer, and after one that
 * lacks its family. A new one is the first IPv4 address, or else the first.
 *
 * @param present Where it leads now; `undefined` if that is not known yet.
 * @returns `undefined` if it still is not known.
 */
export function chooseAddress(
  present: IpAddress | undefined,
  { addresses, failed }: AddressAnswer,
): IpAddress | undefined {
  const unknown = present !== undefined && failed.includes(present.family);
  if (addresses.length === 0 || unknown) return present;
  if (present !== undefined && addresses.some((each) => sameEndpoint(each, present))) {
    return present;
  }
  return addresses.find(({ family }) => family === "ipv4") ?? addresses[0];
}
