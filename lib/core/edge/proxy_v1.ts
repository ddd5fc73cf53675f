/**
 * Version 1 of the PROXY protocol: one line of text, `PROXY TCP4 192.0.2.7 192.0.2.1 5123 80` and CR LF.
 *
 * @module
 */
import { formatIpv4 } from "../net/address.ts";
import {
  formatHextets,
  mapIpv4,
  parseCanonicalIpv4,
  parsePlainIpv6,
  unmapIpv4,
} from "../net/ip_address.ts";
import { encodeUtf8 } from "../utf8.ts";
import type { ProxyDecoded, ProxyFault, ProxyMessage, ProxyPeer } from "./proxy_message.ts";

/** Most bytes of the line, CR LF included. */
const MAX_LINE = 107;

const CR = 0x0d;
const LF = 0x0a;
const START = encodeUtf8("PROXY ");

/** Writes a header; the message's addresses and ports must be in their bounds. */
export function encodeV1(message: ProxyMessage): Uint8Array {
  if (message.kind !== "proxied") return encodeUtf8("PROXY UNKNOWN\r\n");
  const { source, destination } = message;
  const from = unmapIpv4(source.address);
  const to = unmapIpv4(destination.address);
  // The specification knows hexadecimal words only, so a mapped address is not written with a dotted quad.
  const addresses = from === undefined || to === undefined
    ? `TCP6 ${formatHextets(source.address)} ${formatHextets(destination.address)}`
    : `TCP4 ${formatIpv4(from)} ${formatIpv4(to)}`;
  return encodeUtf8(`PROXY ${addresses} ${source.port} ${destination.port}\r\n`);
}

/** Reads a header from all bytes received so far. */
export function decodeV1(bytes: Uint8Array): ProxyDecoded {
  for (const [at, byte] of bytes.subarray(0, START.length).entries()) {
    if (byte !== START[at]) return fault("no PROXY header");
  }
  const window = bytes.subarray(0, MAX_LINE);
  const end = window.findIndex((byte) => byte === CR || byte === LF);
  if (end < 0) {
    return window.length < MAX_LINE ? { kind: "need more" } : fault("a line longer than 107 bytes");
  }
  if (window[end] === CR && end + 1 === window.length && end + 1 < MAX_LINE) {
    return { kind: "need more" };
  }
  if (window[end] !== CR || window[end + 1] !== LF) return fault("a line that CR LF does not end");
  return decodeLine(String.fromCharCode(...window.subarray(0, end)));
}

/** Reads a whole line without its CR LF. */
function decodeLine(line: string): ProxyDecoded {
  const header = { kind: "header", version: "v1", length: line.length + 2, local: false } as const;
  // What follows UNKNOWN must be ignored.
  if (/^PROXY UNKNOWN(?: |$)/.test(line)) return header;
  const [, family, from = "", to = "", fromPort = "", toPort = ""] =
    /^PROXY (TCP4|TCP6) ([^ ]+) ([^ ]+) ([^ ]+) ([^ ]+)$/.exec(line) ?? [];
  if (family === undefined) return fault("a line of another form");
  const read = family === "TCP4" ? readIpv4 : parsePlainIpv6;
  const source = peer(read(from), fromPort);
  const destination = peer(read(to), toPort);
  if (source === undefined || destination === undefined) return fault("a bad address or port");
  return { ...header, source, destination };
}

function readIpv4(text: string): Uint8Array | undefined {
  const address = parseCanonicalIpv4(text);
  return address === undefined ? undefined : mapIpv4(address);
}

function peer(address: Uint8Array | undefined, portText: string): ProxyPeer | undefined {
  const port = /^(?:0|[1-9]\d{0,4})$/.test(portText) ? Number(portText) : 65536;
  return address === undefined || port > 65535 ? undefined : { address, port };
}

function fault(reason: string): ProxyFault {
  return { kind: "malformed", reason };
}
