/**
 * Where a socket connects to, as data, as text and as the bytes that the Linux kernel takes.
 *
 * | family | bytes | layout |
 * | --- | --- | --- |
 * | IPv4 | 16 | family 2, port, 4 bytes of address, 8 of zero |
 * | IPv6 | 28 | family 10, port, flow 0, 16 bytes of address, scope |
 * | Unix | 3 + path | family 1, path as UTF-8, NUL |
 *
 * Family and scope are in the machine's order (little-endian on all machines that we run on), ports and addresses are
 * most significant byte first (`sockaddr_in`, `sockaddr_in6`, `sockaddr_un`).
 *
 * @module
 */
import { formatIpv4 } from "./address.ts";
import { decodeUtf8, encodeUtf8 } from "../utf8.ts";
import {
  ADDRESS_BYTES,
  formatIpv6,
  parseCanonicalIpv4,
  parsePlainIpv6,
  sameBytes,
} from "./ip_address.ts";

/** An IPv4 address and port. */
export interface Ipv4Endpoint {
  /** Which kind this is. */
  readonly family: "ipv4";
  /** Unsigned 32-bit number. */
  readonly address: number;
  /** 0..65535. */
  readonly port: number;
}

/** An IPv6 address and port. */
export interface Ipv6Endpoint {
  /** Which kind this is. */
  readonly family: "ipv6";
  /** 16 bytes. */
  readonly address: Uint8Array;
  /** 0..65535. */
  readonly port: number;
  /** Number of the interface that a link-local address belongs to, unsigned 32 bit; 0 is none. */
  readonly scope: number;
}

/** A Unix socket. */
export interface UnixEndpoint {
  /** Which kind this is. */
  readonly family: "unix";
  /** Path of 1 to 107 bytes of UTF-8, without NUL. */
  readonly path: string;
}

/** Where a socket connects to. */
export type Endpoint = Ipv4Endpoint | Ipv6Endpoint | UnixEndpoint;

/** Bytes that hold every kind of socket address (`sockaddr_storage`). */
export const SOCKET_ADDRESS_BYTES = 128;

/** Most bytes of a Unix socket's path. */
export const MAX_UNIX_PATH = 107;

const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;

/** What is wrong with the path of a Unix socket, as `a Unix socket's path …`; `undefined` if nothing is. */
export function unixPathFault(path: string): string | undefined {
  if (path === "") return "is not empty";
  if (path.includes("\0")) return "has no NUL";
  if (encodeUtf8(path).length > MAX_UNIX_PATH) return `has at most ${MAX_UNIX_PATH} bytes`;
  return undefined;
}

/**
 * Writes an endpoint as a socket address.
 *
 * @param into At least {@link SOCKET_ADDRESS_BYTES}, shared or not; what is behind the address becomes zero.
 * @returns How many bytes the address has.
 * @throws {RangeError} For a port, scope, address or path out of its bounds.
 */
export function writeSocketAddress(into: Uint8Array, endpoint: Endpoint): number {
  const bytes = socketAddress(endpoint);
  into.fill(0, 0, SOCKET_ADDRESS_BYTES);
  into.set(bytes);
  return bytes.length;
}

/**
 * Reads a socket address.
 *
 * @param bytes The address, shared or not; bytes behind its length are not looked at. They are copied.
 * @param length How many bytes the address has.
 * @returns `undefined` for an unknown family, a wrong length, or a path that is not UTF-8.
 */
export function readSocketAddress(bytes: Uint8Array, length: number): Endpoint | undefined {
  if (length > bytes.length || length < 2) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, length);
  const family = view.getUint16(0, true);
  if (family === AF_INET && length === 16) {
    return { family: "ipv4", address: view.getUint32(4), port: view.getUint16(2) };
  }
  if (family === AF_INET6 && length === 28) {
    const address = bytes.slice(8, 24);
    return { family: "ipv6", address, port: view.getUint16(2), scope: view.getUint32(24, true) };
  }
  if (family !== AF_UNIX || bytes[length - 1] !== 0) return undefined;
  const path = decodeUtf8(bytes.subarray(2, length - 1));
  return path === undefined || unixPathFault(path) !== undefined
    ? undefined
    : { family: "unix", path };
}

/** Whether two endpoints are the same place. */
export function sameEndpoint(one: Endpoint, other: Endpoint): boolean {
  if (one.family === "unix" || other.family === "unix") {
    return one.family === "unix" && other.family === "unix" && one.path === other.path;
  }
  if (one.port !== other.port) return false;
  if (one.family === "ipv4" || other.family === "ipv4") return one.address === other.address;
  return one.scope === other.scope && sameBytes(one.address, other.address);
}

/** Writes where an endpoint is, without its port: `10.0.0.1`, `2001:db8::1`, `fe80::1%2` or `unix:/run/x.sock`. */
export function formatHost(endpoint: Endpoint): string {
  switch (endpoint.family) {
    case "ipv4":
      return formatIpv4(endpoint.address);
    case "ipv6":
      return formatIpv6(endpoint.address) + (endpoint.scope === 0 ? "" : `%${endpoint.scope}`);
    case "unix":
      return `unix:${endpoint.path}`;
  }
}

/** Writes an endpoint as `10.0.0.1:80`, `[2001:db8::1]:80`, `[fe80::1%2]:80` or `unix:/run/x.sock`. */
export function formatEndpoint(endpoint: Endpoint): string {
  const host = formatHost(endpoint);
  if (endpoint.family === "unix") return host;
  return endpoint.family === "ipv6" ? `[${host}]:${endpoint.port}` : `${host}:${endpoint.port}`;
}

/**
 * Reads what {@link formatEndpoint} writes, and other spellings of an IPv6 address.
 *
 * @returns `undefined` for anything else, a zone that is a name among it: only the system knows its number.
 */
export function parseEndpoint(text: string): Endpoint | undefined {
  if (text.startsWith("unix:")) {
    const path = text.slice(5);
    return unixPathFault(path) === undefined ? { family: "unix", path } : undefined;
  }
  const [, long, zone = "0", short = "", digits] =
    /^(?:\[([^\]%]*)(?:%([1-9]\d{0,9}))?\]|([^[\]:]*)):(0|[1-9]\d{0,4})$/.exec(text) ?? [];
  const port = Number(digits ?? "65536");
  const scope = Number(zone);
  if (port > 65535 || scope >= 2 ** 32) return undefined;
  if (long === undefined) {
    const address = parseCanonicalIpv4(short);
    return address === undefined ? undefined : { family: "ipv4", address, port };
  }
  const address = parsePlainIpv6(long);
  return address === undefined ? undefined : { family: "ipv6", address, port, scope };
}

function socketAddress(endpoint: Endpoint): Uint8Array {
  if (endpoint.family === "unix") return unixAddress(endpoint.path);
  check(endpoint.port, 0xffff, "port");
  const bytes = new Uint8Array(endpoint.family === "ipv4" ? 16 : 28);
  const view = new DataView(bytes.buffer);
  view.setUint16(2, endpoint.port);
  if (endpoint.family === "ipv4") {
    check(endpoint.address, 0xffffffff, "IPv4 address");
    view.setUint16(0, AF_INET, true);
    view.setUint32(4, endpoint.address);
    return bytes;
  }
  check(endpoint.scope, 0xffffffff, "scope");
  if (endpoint.address.length !== ADDRESS_BYTES) {
    throw new RangeError(`Cannot write an IPv6 address: it has ${endpoint.address.length} bytes`);
  }
  view.setUint16(0, AF_INET6, true);
  bytes.set(endpoint.address, 8);
  view.setUint32(24, endpoint.scope, true);
  return bytes;
}

function unixAddress(path: string): Uint8Array {
  const fault = unixPathFault(path);
  if (fault !== undefined) throw new RangeError(`Cannot write a socket address: its path ${fault}`);
  return Uint8Array.from([AF_UNIX, 0, ...encodeUtf8(path), 0]);
}

function check(value: number, most: number, what: string): void {
  if (Number.isInteger(value) && value >= 0 && value <= most) return;
  throw new RangeError(`Cannot write a socket address: ${what} ${value} is out of range`);
}
