/**
 * Lists of networks (`10.0.0.0/8,2001:db8::/32,192.0.2.7`) and whether an address is in one.
 *
 * | entry | meaning |
 * | --- | --- |
 * | `10.0.0.0/8`, `::ffff:10.0.0.0/104` | the same IPv4 network |
 * | `10.1.2.3/8` | as `10.0.0.0/8`: bits behind the length do not count |
 * | `192.0.2.7`, `2001:db8::7` | this address alone |
 * | `0.0.0.0/0` | every IPv4 client, however the listener shows it |
 * | `::/0` | every IPv6 client, and no IPv4 client |
 *
 * A mapped address (`::ffff:a.b.c.d`) is an IPv4 address here and nothing else. Otherwise `::/0` in a list that is meant for
 * IPv6 clients would open it to all of IPv4, and whether it does would depend on the listener.
 *
 * @module
 */
import { printable } from "../text.ts";
import {
  ADDRESS_BYTES,
  formatAddress,
  mapIpv4,
  parseCanonicalIpv4,
  parsePlainIpv6,
  unmapIpv4,
  wordAt,
} from "./ip_address.ts";

/** One network. */
export interface Network {
  /** Its first address, 16 bytes; IPv4 is mapped. */
  readonly address: Uint8Array;
  /** How many leading bits of the 16 bytes count: 96..128 for IPv4, 0..128 for IPv6. */
  readonly bits: number;
}

/** Networks, made ready for {@link contains}. */
export interface NetworkSet {
  /** The networks in the order in which they were given. */
  readonly networks: readonly Network[];
  /** For each IPv4 network: address, mask. */
  readonly ipv4: Int32Array;
  /** For each IPv6 network: four words of address, four of mask. */
  readonly ipv6: Int32Array;
}

/** What reading a list came to. */
export type ParsedNetworks = {
  /** The list was understood. */
  readonly kind: "networks";
  /** What it says. */
  readonly set: NetworkSet;
} | MalformedNetworks;

/** A list that was not understood. */
export interface MalformedNetworks {
  /** Which outcome this is. */
  readonly kind: "malformed";
  /** The first entry that is wrong and what is accepted: one printable line. */
  readonly reason: string;
}

/**
 * Reads a comma-separated list; blanks around an entry do not count.
 *
 * @returns The set of at least one network, or why it is none.
 */
export function parseNetworks(text: string): ParsedNetworks {
  const networks: Network[] = [];
  for (const entry of text.split(",")) {
    const parsed = parseNetwork(entry.trim());
    if (parsed.kind === "malformed") return parsed;
    networks.push(parsed.network);
  }
  return { kind: "networks", set: compileNetworks(networks) };
}

/** Makes networks ready for {@link contains}. */
export function compileNetworks(networks: readonly Network[]): NetworkSet {
  const ipv4: number[] = [];
  const ipv6: number[] = [];
  for (const { address, bits } of networks) {
    const starts = [0, 32, 64, 96];
    const masks = starts.map((start) => maskOf(bits - start));
    const words = starts.map((start, at) => wordAt(address, start / 8) & (masks[at] ?? 0));
    if (isIpv4({ address, bits })) ipv4.push(words[3] ?? 0, masks[3] ?? 0);
    else ipv6.push(...words, ...masks);
  }
  return { networks, ipv4: Int32Array.from(ipv4), ipv6: Int32Array.from(ipv6) };
}

/**
 * Whether an address lies in one of the networks.
 *
 * @param address 16 bytes; IPv4 is mapped.
 */
export function contains(set: NetworkSet, address: Uint8Array): boolean {
  const ipv4 = unmapIpv4(address);
  return ipv4 === undefined ? containsIpv6(set.ipv6, address) : containsIpv4(set.ipv4, ipv4);
}

/** Writes networks so that {@link parseNetworks} reads the same again. */
export function formatNetworks(set: NetworkSet): string {
  return set.networks.map(formatNetwork).join(",");
}

/** Writes a network in its canonical form, `10.0.0.0/8`; one address without a length. */
export function formatNetwork(network: Network): string {
  const text = formatAddress(network.address);
  if (network.bits === 128) return text;
  return `${text}/${isIpv4(network) ? network.bits - 96 : network.bits}`;
}

function parseNetwork(
  entry: string,
): { readonly kind: "network"; readonly network: Network } | MalformedNetworks {
  if (entry === "") return malformed("an entry is empty");
  const shown = printable(entry);
  const slash = entry.indexOf("/");
  const text = slash < 0 ? entry : entry.slice(0, slash);
  const ipv4 = parseCanonicalIpv4(text);
  const address = ipv4 === undefined ? parsePlainIpv6(text) : mapIpv4(ipv4);
  if (address === undefined) {
    return malformed(`${shown} is not like 10.0.0.0/8, 192.0.2.7, 2001:db8::/32 or 2001:db8::7`);
  }
  const [name, least, most] = ipv4 !== undefined
    ? ["an IPv4", 0, 32] as const
    : unmapIpv4(address) !== undefined
    ? ["a mapped IPv4", 96, 128] as const
    : ["an IPv6", 0, 128] as const;
  const length = slash < 0 ? most : lengthOf(entry.slice(slash + 1));
  if (length === undefined || length < least || length > most) {
    return malformed(`${shown} does not end in the length of ${name} network, ${least} to ${most}`);
  }
  const bits = ipv4 === undefined ? length : 96 + length;
  return { kind: "network", network: { address: masked(address, bits), bits } };
}

function malformed(reason: string): MalformedNetworks {
  return { kind: "malformed", reason };
}

function lengthOf(text: string): number | undefined {
  return /^(?:0|[1-9]\d{0,2})$/.test(text) ? Number(text) : undefined;
}

/** A network of IPv4: the mapping counts as its first 96 bits. */
function isIpv4({ address, bits }: Network): boolean {
  return bits >= 96 && unmapIpv4(address) !== undefined;
}

/** The mask of the first bits of a 32-bit word; all or none outside 0..32. */
function maskOf(bits: number): number {
  if (bits <= 0) return 0;
  return bits >= 32 ? -1 : -1 << (32 - bits);
}

function masked(address: Uint8Array, bits: number): Uint8Array {
  const bytes = new Uint8Array(ADDRESS_BYTES);
  for (const [at, byte] of address.entries()) bytes[at] = byte & (maskOf(bits - 8 * at) >>> 24);
  return bytes;
}

function containsIpv4(list: Int32Array, address: number): boolean {
  for (let at = 0; at < list.length; at += 2) {
    if (((address ^ (list[at] ?? 0)) & (list[at + 1] ?? 0)) === 0) return true;
  }
  return false;
}

function containsIpv6(list: Int32Array, address: Uint8Array): boolean {
  for (let at = 0; at < list.length; at += 8) {
    let difference = 0;
    for (let word = 0; word < 4; word++) {
      const network = list[at + word] ?? 0;
      difference |= (wordAt(address, 4 * word) ^ network) & (list[at + 4 + word] ?? 0);
    }
    if (difference === 0) return true;
  }
  return false;
}
