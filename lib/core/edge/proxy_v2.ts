/**
 * Version 2 of the PROXY protocol: a binary header.
 *
 * | bytes | content |
 * | --- | --- |
 * | 0..11 | signature |
 * | 12 | version 2 in the high half; command in the low: 0 LOCAL, 1 PROXY |
 * | 13, high half | family: 0 unspecified, 1 IPv4, 2 IPv6, 3 Unix |
 * | 13, low half | protocol: 0 unspecified, 1 stream, 2 datagram |
 * | 14..15 | how many bytes follow, most significant first |
 * | 16.. | source address, destination address, source port, destination port: 12, 36 or 216 bytes |
 * | behind | fields of type (1), length (2) and value |
 *
 * @module
 */
import { mapIpv4, unmapIpv4, wordAt } from "../net/ip_address.ts";
import { crc32c } from "./crc32c.ts";
import type { ProxyDecoded, ProxyFault, ProxyMessage, ProxyPeer } from "./proxy_message.ts";

/** What a header of version 2, and none of version 1, begins with. */
export const V2_FIRST_BYTE = 0x0d;

const SIGNATURE = [V2_FIRST_BYTE, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a];
const LOCAL = 0x20;
const PROXY = 0x21;
const UNSPECIFIED = 0x00;
const TCP4 = 0x11;
const TCP6 = 0x21;
const CRC32C = 0x03;

/** Bytes before the addresses. */
const FIXED = 16;

/** Bytes of both addresses and ports, by family. */
const BLOCKS: readonly number[] = [0, 12, 36, 216];

/** Writes a header; the message's addresses and ports must be in their bounds. */
export function encodeV2(message: ProxyMessage): Uint8Array {
  if (message.kind !== "proxied") {
    return start(message.kind === "local" ? LOCAL : PROXY, UNSPECIFIED);
  }
  const { source, destination } = message;
  const ipv4 = unmapIpv4(source.address) !== undefined &&
    unmapIpv4(destination.address) !== undefined;
  const bytes = start(PROXY, ipv4 ? TCP4 : TCP6);
  const size = ipv4 ? 4 : 16;
  bytes.set(source.address.subarray(-size), FIXED);
  bytes.set(destination.address.subarray(-size), FIXED + size);
  const ports = FIXED + 2 * size;
  bytes.set([source.port >> 8, source.port & 255], ports);
  bytes.set([destination.port >> 8, destination.port & 255], ports + 2);
  return bytes;
}

/** A header with room for the addresses of its family. */
function start(command: number, family: number): Uint8Array {
  const size = BLOCKS[family >> 4] ?? 0;
  const bytes = new Uint8Array(FIXED + size);
  bytes.set([...SIGNATURE, command, family, 0, size]);
  return bytes;
}

/**
 * Reads a header from all bytes received so far.
 *
 * @param most Bytes that the whole header may have.
 */
export function decodeV2(bytes: Uint8Array, most: number): ProxyDecoded {
  for (const [at, byte] of bytes.subarray(0, SIGNATURE.length).entries()) {
    if (byte !== SIGNATURE[at]) return fault("no PROXY header");
  }
  const [command = LOCAL, family = UNSPECIFIED] = bytes.subarray(12, 14);
  if (command >> 4 !== 2) return fault("a version other than 2");
  if (command !== LOCAL && command !== PROXY) return fault("an unknown command");
  const local = command === LOCAL;
  if (!local && (family >> 4 > 3 || (family & 15) > 2)) return fault("an unknown address family");
  if (bytes.length < FIXED) return { kind: "need more" };
  const length = FIXED + (wordAt(bytes, 12) & 0xffff);
  if (length > most) return fault(`a header longer than ${most} bytes`);
  // Addresses without a known form, and everything in a LOCAL header, are skipped unread, as the specification says.
  const block = local || (family & 15) === 0 ? 0 : BLOCKS[family >> 4] ?? 0;
  if (length < FIXED + block) return fault("a header shorter than its addresses");
  if (bytes.length < length) return { kind: "need more" };
  const header = { kind: "header", version: "v2", length, local } as const;
  if (block === 0) return header;
  const reason = findFault(bytes.subarray(0, length), FIXED + block);
  if (reason !== undefined) return fault(reason);
  return { ...header, ...readPeers(bytes, family) };
}

/** The addresses of TCP; nothing for a datagram or a Unix socket, which no client of ours can have. */
function readPeers(
  bytes: Uint8Array,
  family: number,
): { readonly source: ProxyPeer; readonly destination: ProxyPeer } | undefined {
  if (family !== TCP4 && family !== TCP6) return undefined;
  const size = family === TCP4 ? 4 : 16;
  const ports = wordAt(bytes, FIXED + 2 * size);
  const read = (at: number): Uint8Array =>
    family === TCP4 ? mapIpv4(wordAt(bytes, at) >>> 0) : bytes.slice(at, at + 16);
  return {
    source: { address: read(FIXED), port: ports >>> 16 },
    destination: { address: read(FIXED + size), port: ports & 0xffff },
  };
}

/**
 * Walks over the fields behind the addresses and verifies every checksum among them.
 *
 * @param header The whole header.
 * @param from Where the first field begins.
 */
function findFault(header: Uint8Array, from: number): string | undefined {
  for (let at = from; at < header.length;) {
    const [type, high, low] = header.subarray(at, at + 3);
    if (high === undefined || low === undefined) return "a field that is cut off";
    const value = at + 3;
    at = value + (high << 8 | low);
    if (at > header.length) return "a field longer than the header";
    if (type !== CRC32C) continue;
    if (at !== value + 4) return "a checksum of another form";
    if (crc32c(header, value) !== wordAt(header, value) >>> 0) return "a wrong checksum";
  }
  return undefined;
}

function fault(reason: string): ProxyFault {
  return { kind: "malformed", reason };
}
