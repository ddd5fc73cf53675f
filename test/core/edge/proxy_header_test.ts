import { type Random, withSeed } from "../../kit/random.ts";
import {
  decodeProxyHeader,
  encodeProxyHeader,
  MAX_PROXY_HEADER,
} from "../../../lib/core/edge/proxy_header.ts";
import type {
  ProxyDecoded,
  ProxyMessage,
  ProxyPeer,
  ProxyVersion,
} from "../../../lib/core/edge/proxy_message.ts";
import { crc32c } from "../../../lib/core/edge/crc32c.ts";
import { formatAddress, mapIpv4 } from "../../../lib/core/net/ip_address.ts";
import { parseIpv6 } from "../../../lib/core/net/address.ts";
import { assert, assertEquals, assertThrows } from "../../kit/assert.ts";

const SIGNATURE = "0d0a0d0a000d0a515549540a";

function peer(text: string, port: number): ProxyPeer {
  const address = parseIpv6(text);
  assert(address !== undefined, text);
  return { address, port };
}

function ascii(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

function hex(...parts: readonly string[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromHex(parts.join(""));
}

/** A decoded header as one line. */
function write(decoded: ProxyDecoded): string {
  if (decoded.kind === "need more") return "need more";
  if (decoded.kind === "malformed") return `malformed: ${decoded.reason}`;
  const { version, length, local, source, destination } = decoded;
  const ends = [source, destination].map((end) =>
    end === undefined ? "-" : `${formatAddress(end.address)} ${end.port}`
  );
  return `${version} ${length}${local ? " local" : ""} ${ends.join(" > ")}`;
}

const IPV4 = { source: peer("192.168.0.1", 56324), destination: peer("192.168.0.11", 443) };
const IPV6 = { source: peer("2001:db8::7", 65535), destination: peer("::1", 0) };
const MIXED = { source: peer("192.0.2.7", 1), destination: peer("2001:db8::1", 2) };

const HEADERS: readonly [name: string, ProxyVersion, ProxyMessage, Uint8Array][] = [
  // The example of the specification, section 2.1.
  [
    "TCP4",
    "v1",
    { kind: "proxied", ...IPV4 },
    ascii("PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n"),
  ],
  ["TCP6", "v1", { kind: "proxied", ...IPV6 }, ascii("PROXY TCP6 2001:db8::7 ::1 65535 0\r\n")],
  [
    "two families as TCP6, the IPv4 address in hexadecimal words",
    "v1",
    { kind: "proxied", ...MIXED },
    ascii("PROXY TCP6 ::ffff:c000:207 2001:db8::1 1 2\r\n"),
  ],
  ["an unknown client", "v1", { kind: "unknown" }, ascii("PROXY UNKNOWN\r\n")],
  ["a connection of its own", "v1", { kind: "local" }, ascii("PROXY UNKNOWN\r\n")],
  [
    "TCP4",
    "v2",
    { kind: "proxied", ...IPV4 },
    hex(SIGNATURE, "21", "11", "000c", "c0a80001", "c0a8000b", "dc04", "01bb"),
  ],
  [
    "TCP6",
    "v2",
    { kind: "proxied", ...IPV6 },
    hex(
      ...[SIGNATURE, "21", "21", "0024", "20010db8000000000000000000000007"],
      ...["00000000000000000000000000000001", "ffff", "0000"],
    ),
  ],
  [
    "two families as TCP6",
    "v2",
    { kind: "proxied", ...MIXED },
    hex(
      ...[SIGNATURE, "21", "21", "0024", "00000000000000000000ffffc0000207"],
      ...["20010db8000000000000000000000001", "0001", "0002"],
    ),
  ],
  ["an unknown client", "v2", { kind: "unknown" }, hex(SIGNATURE, "21", "00", "0000")],
  ["a connection of its own", "v2", { kind: "local" }, hex(SIGNATURE, "20", "00", "0000")],
];

for (const [name, version, message, bytes] of HEADERS) {
  Deno.test(`encodeProxyHeader() writes ${name} in ${version}`, () => {
    assertEquals(encodeProxyHeader(version, message), bytes);
  });

  Deno.test(`a header of ${version} for ${name} is read whole, and is not whole before its last byte`, () => {
    const local = version === "v2" && message.kind === "local";
    const ends = message.kind === "proxied" ? message : { source: undefined };
    const ask = new Uint8Array([...bytes, ...ascii("GET / HTTP/1.1\r\n\r\nPROXY ")]);
    for (let received = 0; received <= ask.length; received++) {
      const decoded = decodeProxyHeader(ask.slice(0, received));
      if (received < bytes.length) {
        assertEquals(decoded, { kind: "need more" }, `${received} bytes`);
        continue;
      }
      assert(decoded.kind === "header", `${received} bytes`);
      assertEquals([decoded.version, decoded.length, decoded.local], [
        version,
        bytes.length,
        local,
      ]);
      assertEquals(decoded.source, ends.source);
    }
  });
}

for (const port of [-1, 65536, 0.5]) {
  Deno.test(`encodeProxyHeader() refuses port ${port} and a short address`, () => {
    const good = peer("::1", 1);
    const bad: readonly ProxyPeer[] = [
      { ...good, port },
      { ...good, address: good.address.slice(1) },
    ];
    for (const each of bad) {
      const messages: readonly ProxyMessage[] = [
        { kind: "proxied", source: each, destination: good },
        { kind: "proxied", source: good, destination: each },
      ];
      for (const message of messages) {
        assertThrows(() => encodeProxyHeader("v1", message), RangeError);
        assertThrows(() => encodeProxyHeader("v2", message), RangeError);
      }
    }
  });
}

/** The longest lines of the specification, section 2.1, and others that are right. */
const LONGEST = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff";
const LINES: readonly [line: string, read: string][] = [
  [
    "PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n",
    "v1 56 255.255.255.255 65535 > 255.255.255.255 65535",
  ],
  [
    `PROXY TCP6 ${LONGEST} ${LONGEST} 65535 65535\r\n`,
    `v1 104 ${LONGEST} 65535 > ${LONGEST} 65535`,
  ],
  ["PROXY UNKNOWN\r\n", "v1 15 - > -"],
  [`PROXY UNKNOWN ${LONGEST} ${LONGEST} 65535 65535\r\n`, "v1 107 - > -"],
  ["PROXY UNKNOWN \x00\xff  anything\r\n", "v1 28 - > -"],
  ["PROXY TCP4 0.0.0.0 0.0.0.0 0 0\r\n", "v1 32 0.0.0.0 0 > 0.0.0.0 0"],
  ["PROXY TCP6 2001:DB8:: ::FFFF:1 1 2\r\n", "v1 36 2001:db8:: 1 > ::ffff:1 2"],
  // What `inet_ntop(3)` writes for a mapped address, as other proxies send it.
  ["PROXY TCP6 ::ffff:192.0.2.7 ::1 1 2\r\n", "v1 37 192.0.2.7 1 > ::1 2"],
  ["PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\nPROXY", "v1 32 1.2.3.4 1 > 5.6.7.8 2"],
];

for (const [line, read] of LINES) {
  Deno.test(`decodeProxyHeader() reads ${JSON.stringify(line)} as ${read}`, () => {
    assertEquals(write(decodeProxyHeader(Uint8Array.from(line, (c) => c.charCodeAt(0)))), read);
  });
}

const NONE = "no PROXY header";
const OPEN = "a line that CR LF does not end";
const FORM = "a line of another form";
const ENDS = "a bad address or port";
const LONG = "a line longer than 107 bytes";

const WRONG_LINES: readonly [line: string, reason: string][] = [
  ["G", NONE],
  ["GET / HTTP/1.1\r\n", NONE],
  ["PROXX", NONE],
  ["PROXY\t", NONE],
  ["PROXY\r\n", NONE],
  ["proxy TCP4", NONE],
  ["\n", NONE],
  [" PROXY ", NONE],
  ["PROXY TCP4 1.2.3.4 5.6.7.8 1 2\n", OPEN],
  ["PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\r\n", OPEN],
  ["PROXY UNKNOWN a\nb\r\n", OPEN],
  ["PROXY UNKNOWN a\rb\r\n", OPEN],
  ["PROXY \n", OPEN],
  ["PROXY \r\n", FORM],
  ["PROXY UNKNOWNX\r\n", FORM],
  ["PROXY unknown\r\n", FORM],
  ["PROXY TCP5 1.2.3.4 5.6.7.8 1 2\r\n", FORM],
  ["PROXY UDP4 1.2.3.4 5.6.7.8 1 2\r\n", FORM],
  ["PROXY TCP4\r\n", FORM],
  ["PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n", FORM],
  ["PROXY TCP4 1.2.3.4 5.6.7.8 1 2 3\r\n", FORM],
  ["PROXY TCP4 1.2.3.4 5.6.7.8 1 2 \r\n", FORM],
  ["PROXY TCP4  1.2.3.4 5.6.7.8 1 2\r\n", FORM],
  ["PROXY  TCP4 1.2.3.4 5.6.7.8 1 2\r\n", FORM],
  ["PROXY TCP4\t1.2.3.4 5.6.7.8 1 2\r\n", FORM],
  ["PROXY TCP4 1.2.3.4 5.6.7.8 01 2\r\n", ENDS],
  ["PROXY TCP4 1.2.3.4 5.6.7.8 1 65536\r\n", ENDS],
  ["PROXY TCP4 1.2.3.4 5.6.7.8 -1 2\r\n", ENDS],
  ["PROXY TCP4 1.2.3.4 5.6.7.8 +1 2\r\n", ENDS],
  ["PROXY TCP4 1.2.3.4 5.6.7.8 1 http\r\n", ENDS],
  ["PROXY TCP4 01.2.3.4 5.6.7.8 1 2\r\n", ENDS],
  ["PROXY TCP4 1.2.3.4 5.6.7 1 2\r\n", ENDS],
  ["PROXY TCP4 1.2.3.256 5.6.7.8 1 2\r\n", ENDS],
  ["PROXY TCP4 ::1 ::1 1 2\r\n", ENDS],
  ["PROXY TCP6 1.2.3.4 5.6.7.8 1 2\r\n", ENDS],
  ["PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n", ENDS],
  ["PROXY TCP6 1::2::3 ::1 1 2\r\n", ENDS],
  ["PROXY TCP6 12345::1 ::1 1 2\r\n", ENDS],
  [`PROXY UNKNOWN ${"x".repeat(92)}\r\n`, OPEN],
  [`PROXY UNKNOWN ${"x".repeat(93)}\r\n`, LONG],
  [`PROXY UNKNOWN ${"x".repeat(93)}`, LONG],
];

for (const [line, reason] of WRONG_LINES) {
  Deno.test(`decodeProxyHeader() refuses ${JSON.stringify(line)}: ${reason}`, () => {
    assertEquals(decodeProxyHeader(ascii(line)), { kind: "malformed", reason });
  });
}

const BLOCK4 = "c0000207" + "c0000201" + "0001" + "0002";
const BLOCK6 = "20010db8000000000000000000000007" + "20010db8000000000000000000000001" +
  "00010002";
const UNIX = "2f".repeat(216);
const UNREAD = "v2 28 - > -";

const BINARY: readonly [name: string, bytes: readonly string[], read: string][] = [
  ["TCP over IPv4", ["21", "11", "000c", BLOCK4], "v2 28 192.0.2.7 1 > 192.0.2.1 2"],
  ["TCP over IPv6", ["21", "21", "0024", BLOCK6], "v2 52 2001:db8::7 1 > 2001:db8::1 2"],
  ["UDP over IPv4 as unknown", ["21", "12", "000c", BLOCK4], UNREAD],
  ["UDP over IPv6 as unknown", ["21", "22", "0024", BLOCK6], "v2 52 - > -"],
  ["a Unix stream as unknown", ["21", "31", "00d8", UNIX], "v2 232 - > -"],
  ["a Unix datagram as unknown", ["21", "32", "00d8", UNIX], "v2 232 - > -"],
  ["no family", ["21", "00", "0000"], "v2 16 - > -"],
  ["no family, with bytes that nobody may read", ["21", "00", "000c", BLOCK4], UNREAD],
  ["IPv4 of no protocol", ["21", "10", "000c", BLOCK4], UNREAD],
  ["no family of TCP", ["21", "01", "0000"], "v2 16 - > -"],
  ["LOCAL", ["20", "00", "0000"], "v2 16 local - > -"],
  ["LOCAL with addresses", ["20", "11", "000c", BLOCK4], "v2 28 local - > -"],
  ["LOCAL of an unknown family", ["20", "ff", "0001", "aa"], "v2 17 local - > -"],
  [
    "fields behind the addresses",
    ["21", "11", "0017", BLOCK4, "040001ff", "020000", "e00001ff"],
    "v2 39 192.0.2.7 1 > 192.0.2.1 2",
  ],
  [
    "the largest header",
    ["21", "11", "0ff0", BLOCK4, "040fe1", "ff".repeat(0xfe1)],
    "v2 4096 192.0.2.7 1 > 192.0.2.1 2",
  ],
  ["a header one byte larger", ["21", "11", "0ff1"], "malformed: a header longer than 4096 bytes"],
  ["a LOCAL header as large", ["20", "00", "ffff"], "malformed: a header longer than 4096 bytes"],
  ["version 1 in binary", ["11"], "malformed: a version other than 2"],
  ["version 3", ["31"], "malformed: a version other than 2"],
  ["an unassigned command", ["22"], "malformed: an unknown command"],
  ["an unassigned family", ["21", "41"], "malformed: an unknown address family"],
  ["an unassigned protocol", ["21", "13"], "malformed: an unknown address family"],
  ["IPv4 in 11 bytes", ["21", "11", "000b"], "malformed: a header shorter than its addresses"],
  ["IPv6 in 35 bytes", ["21", "21", "0023"], "malformed: a header shorter than its addresses"],
  ["Unix in 215 bytes", ["21", "31", "00d7"], "malformed: a header shorter than its addresses"],
  ["one byte of a field", ["21", "11", "000d", BLOCK4, "04"], "malformed: a field that is cut off"],
  [
    "two bytes of a field",
    ["21", "11", "000e", BLOCK4, "0400"],
    "malformed: a field that is cut off",
  ],
  [
    "a field longer than the header",
    ["21", "11", "000f", BLOCK4, "040001", "ff"],
    "malformed: a field longer than the header",
  ],
  [
    "a checksum of three bytes",
    ["21", "11", "0012", BLOCK4, "030003", "000000"],
    "malformed: a checksum of another form",
  ],
];

for (const [name, bytes, read] of BINARY) {
  Deno.test(`decodeProxyHeader() reads version 2 with ${name}: ${read}`, () => {
    assertEquals(write(decodeProxyHeader(hex(SIGNATURE, ...bytes))), read);
  });
}

Deno.test("a signature that goes wrong is refused at the byte where it does", () => {
  for (let at = 0; at < 12; at++) {
    const bytes = hex(SIGNATURE);
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    const fault = { kind: "malformed", reason: NONE } as const;
    assertEquals(decodeProxyHeader(bytes.slice(0, at + 1)), fault, `${at}`);
    if (at > 0) assertEquals(decodeProxyHeader(bytes.slice(0, at)), { kind: "need more" });
  }
});

Deno.test("crc32c() gives the check values of RFC 3720 and of the catalogue", () => {
  assertEquals(crc32c(ascii("123456789")), 0xe3069283);
  assertEquals(crc32c(new Uint8Array(32)), 0x8a9136aa);
  assertEquals(crc32c(new Uint8Array(32).fill(255)), 0x62a8ab43);
  assertEquals(crc32c(new Uint8Array(32).fill(255), 28), crc32c(hex("ff".repeat(28), "00000000")));
});

/** A header with a checksum between two other fields. */
function summed(): Uint8Array<ArrayBuffer> {
  const bytes = hex(SIGNATURE, "21", "11", "0019", BLOCK4, "040000", "03000400000000", "040000");
  new DataView(bytes.buffer).setUint32(34, crc32c(bytes));
  return bytes;
}

Deno.test("a checksum is verified: no byte of such a header can be changed unseen", () => {
  assertEquals(write(decodeProxyHeader(summed())), "v2 41 192.0.2.7 1 > 192.0.2.1 2");
  for (let at = 16; at < 41; at++) {
    const bytes = summed();
    bytes[at] = (bytes[at] ?? 0) ^ 0x80;
    // Where the field's own type is changed there is no checksum any more.
    if (at === 31) assertEquals(decodeProxyHeader(bytes).kind, "header");
    else assertEquals(decodeProxyHeader(bytes).kind, "malformed", `${at}`);
  }
});

Deno.test("the checksum of a known header is what another implementation computes", () => {
  // Computed with a table-driven CRC-32C, most significant bit first, in Python.
  const bytes = hex(SIGNATURE, "21", "11", "0013", BLOCK4, "030004", "3b9d4e8b");
  assertEquals(write(decodeProxyHeader(bytes)), "v2 35 192.0.2.7 1 > 192.0.2.1 2");
});

Deno.test("every checksum is verified, not only the first", () => {
  const bytes = hex(SIGNATURE, "21", "11", "001a", BLOCK4, "03000400000000", "03000400000000");
  const view = new DataView(bytes.buffer);
  view.setUint32(31, crc32c(bytes));
  assertEquals(decodeProxyHeader(bytes).kind, "malformed");
});

Deno.test("addresses are copies: the buffer can be used again", () => {
  for (const block of [["11", "000c", BLOCK4], ["21", "0024", BLOCK6]]) {
    const bytes = hex(SIGNATURE, "21", ...block);
    const decoded = decodeProxyHeader(bytes);
    const before = write(decoded);
    bytes.fill(0xff);
    assertEquals(write(decoded), before);
  }
});

function randomPeer(random: Random): ProxyPeer {
  const address = random.chance(0.5)
    ? mapIpv4(random.between(0, 2 ** 32 - 1))
    : random.bytes(16).map((byte) => random.chance(0.6) ? 0 : byte);
  return { address, port: random.pick([0, 1, 255, 256, 65535, random.between(0, 65535)]) };
}

function randomMessage(random: Random): ProxyMessage {
  const kind = random.pick(["proxied", "proxied", "proxied", "unknown", "local"] as const);
  if (kind !== "proxied") return { kind };
  return { kind, source: randomPeer(random), destination: randomPeer(random) };
}

Deno.test("whatever is written is read again, byte by byte and with more behind it", () =>
  withSeed((random) => {
    for (let round = 0; round < 1500; round++) {
      const message = randomMessage(random);
      const version = random.pick(["v1", "v2"] as const);
      const header = encodeProxyHeader(version, message);
      const bytes = new Uint8Array([...header, ...random.bytes(random.between(0, 40))]);
      for (let cut = 0; cut < header.length; cut++) {
        assertEquals(decodeProxyHeader(bytes.subarray(0, cut)), { kind: "need more" });
      }
      const local = version === "v2" && message.kind === "local";
      const ends = message.kind === "proxied"
        ? { source: message.source, destination: message.destination }
        : {};
      const { length } = header;
      assertEquals(decodeProxyHeader(bytes), { kind: "header", version, length, local, ...ends });
    }
  }));

/** Bytes that are nearly a header. */
function nearHeader(random: Random): Uint8Array<ArrayBuffer> {
  const start = random.pick([
    encodeProxyHeader(random.pick(["v1", "v2"] as const), randomMessage(random)),
    hex(SIGNATURE, "21"),
    summed(),
    ascii("PROXY TCP4 "),
    ascii("PROXY UNKNOWN"),
  ]);
  const bytes = new Uint8Array([...start, ...random.bytes(random.between(0, 300))]);
  for (let edits = random.between(0, 3); edits > 0; edits--) {
    bytes[random.between(0, Math.min(bytes.length, 60) - 1)] = random.pick([
      ...[0, 0x0a, 0x0d, 0x20, 0x30, 0x3a, 0x2e, 0xff, random.between(0, 255)],
    ]);
  }
  return bytes;
}

Deno.test("hostile bytes never throw, are never read beyond, and what is decided stays decided", () =>
  withSeed((random) => {
    const kinds = new Map<string, number>();
    for (let round = 0; round < 3000; round++) {
      const bytes = nearHeader(random);
      let decided: ProxyDecoded | undefined;
      for (let received = 0; received <= bytes.length; received++) {
        const decoded = decodeProxyHeader(bytes.subarray(0, received));
        if (decided !== undefined) {
          assertEquals(decoded.kind, decided.kind, bytes.toHex());
          if (decoded.kind === "header") assertEquals(decoded, decided, bytes.toHex());
        } else if (decoded.kind !== "need more") {
          decided = decoded;
          if (decoded.kind === "header") assertEquals(decoded.length, received, bytes.toHex());
        }
        if (decided !== undefined && received > 400) break;
      }
      const kind = decided?.kind ?? "need more";
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    }
    assert(Math.min(kinds.get("header") ?? 0, kinds.get("malformed") ?? 0) > 300);
  }));

Deno.test("a sender that never ends its header is refused at the bound", () => {
  for (const start of [ascii("PROXY UNKNOWN "), hex(SIGNATURE, "21", "11", "ffff")]) {
    const bytes = new Uint8Array(MAX_PROXY_HEADER + 1).fill(0x20);
    bytes.set(start);
    assertEquals(decodeProxyHeader(bytes).kind, "malformed");
  }
});
