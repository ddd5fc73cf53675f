import {
  type Endpoint,
  formatEndpoint,
  parseEndpoint,
  readSocketAddress,
  sameEndpoint,
  SOCKET_ADDRESS_BYTES,
  writeSocketAddress,
} from "../../../lib/core/net/socket_address.ts";
import { assertEquals, assertThrows } from "../../kit/assert.ts";
import { type Random, withSeed } from "../../kit/random.ts";

const LOOPBACK = Uint8Array.fromHex("00000000000000000000000000000001");
const LINK_LOCAL = Uint8Array.fromHex("fe8000000000000000000000000000ab");

/** As `sockaddr_in`, `sockaddr_in6` and `sockaddr_un` stand in memory on a little-endian Linux. */
const LAYOUTS: readonly [text: string, endpoint: Endpoint, hex: string][] = [
  [
    "10.0.0.1:80",
    { family: "ipv4", address: 0x0a000001, port: 80 },
    "0200" + "0050" + "0a000001" + "0000000000000000",
  ],
  [
    "255.255.255.255:65535",
    { family: "ipv4", address: 0xffffffff, port: 65535 },
    "0200" + "ffff" + "ffffffff" + "0000000000000000",
  ],
  [
    "[::1]:443",
    { family: "ipv6", address: LOOPBACK, port: 443, scope: 0 },
    "0a00" + "01bb" + "00000000" + "00000000000000000000000000000001" + "00000000",
  ],
  [
    "[fe80::ab%258]:1",
    { family: "ipv6", address: LINK_LOCAL, port: 1, scope: 258 },
    "0a00" + "0001" + "00000000" + "fe8000000000000000000000000000ab" + "02010000",
  ],
  ["unix:/run/x", { family: "unix", path: "/run/x" }, "0100" + "2f72756e2f78" + "00"],
  ["unix:/ß", { family: "unix", path: "/ß" }, "0100" + "2fc39f" + "00"],
];

for (const [text, endpoint, hex] of LAYOUTS) {
  Deno.test(`writeSocketAddress() writes ${text} as the kernel has it, the rest of the buffer as zero`, () => {
    const bytes = new Uint8Array(SOCKET_ADDRESS_BYTES).fill(0xaa);
    const length = writeSocketAddress(bytes, endpoint);
    assertEquals(bytes.subarray(0, length).toHex(), hex);
    assertEquals(bytes.subarray(length).every((byte) => byte === 0), true);
    assertEquals(readSocketAddress(bytes, length), endpoint);
  });
  Deno.test(`formatEndpoint() and parseEndpoint() agree on ${text}`, () => {
    assertEquals(formatEndpoint(endpoint), text);
    assertEquals(parseEndpoint(text), endpoint);
  });
}

Deno.test("an endpoint can be read from shared memory, and does not change with it", () => {
  const shared = new Uint8Array(new SharedArrayBuffer(2 * SOCKET_ADDRESS_BYTES));
  const row = shared.subarray(SOCKET_ADDRESS_BYTES);
  const endpoint: Endpoint = { family: "ipv6", address: LINK_LOCAL, port: 9, scope: 3 };
  const read = readSocketAddress(row, writeSocketAddress(row, endpoint));
  shared.fill(0xff);
  assertEquals(read, endpoint);
});

const BAD: readonly [name: string, endpoint: Endpoint][] = [
  ["a port above 65535", { family: "ipv4", address: 0, port: 65536 }],
  ["a negative port", { family: "ipv6", address: LOOPBACK, port: -1, scope: 0 }],
  ["half a port", { family: "ipv4", address: 0, port: 0.5 }],
  ["a signed address", { family: "ipv4", address: -1, port: 0 }],
  ["a short address", { family: "ipv6", address: LOOPBACK.subarray(1), port: 0, scope: 0 }],
  ["a scope of 33 bits", { family: "ipv6", address: LOOPBACK, port: 0, scope: 2 ** 32 }],
  ["an empty path", { family: "unix", path: "" }],
  ["a path with NUL", { family: "unix", path: "/run/\0x" }],
  ["a path of 108 letters", { family: "unix", path: "x".repeat(108) }],
  ["a path of 54 letters of two bytes", { family: "unix", path: "ß".repeat(54) }],
];

for (const [name, endpoint] of BAD) {
  Deno.test(`writeSocketAddress() refuses ${name}, and leaves the buffer as it was`, () => {
    const bytes = new Uint8Array(SOCKET_ADDRESS_BYTES).fill(0xaa);
    assertThrows(() => writeSocketAddress(bytes, endpoint), RangeError);
    assertEquals(bytes.every((byte) => byte === 0xaa), true);
  });
}

Deno.test("writeSocketAddress() takes a path of 107 bytes", () => {
  const bytes = new Uint8Array(SOCKET_ADDRESS_BYTES);
  assertEquals(writeSocketAddress(bytes, { family: "unix", path: "x".repeat(107) }), 110);
});

for (
  const hex of [
    ...["", "02", "0300005000000000", "0a00", "0100", "010000", "0100002f", "01002f00", "0100ff00"],
    "02000050" + "0a000001" + "00000000",
    "00020050" + "0a000001" + "0000000000000000",
  ]
) {
  const valid = hex === "01002f00";
  Deno.test(`readSocketAddress() ${valid ? "reads" : "refuses"} the bytes "${hex}"`, () => {
    const bytes = Uint8Array.fromHex(hex);
    const endpoint: Endpoint | undefined = valid ? { family: "unix", path: "/" } : undefined;
    assertEquals(readSocketAddress(bytes, bytes.length), endpoint);
  });
}

for (
  const text of [
    ...["", "10.0.0.1", "10.0.0.1:", "10.0.0.1:080", "10.0.0.1:65536", "010.0.0.1:80", "1.2.3:80"],
    ...["::1:80", "[::1]", "[::1]:", "[10.0.0.1]:80", "[::1%eth0]:80", "[::1%0]:80", "[::1]80"],
    ...["[::1%4294967296]:1", "host:80", "unix:", " 10.0.0.1:80", "10.0.0.1:80\n", "unix:a\0"],
  ]
) {
  Deno.test(`parseEndpoint() refuses ${JSON.stringify(text)}`, () => {
    assertEquals(parseEndpoint(text), undefined);
  });
}

function randomEndpoint(random: Random): Endpoint {
  const port = random.pick([0, 1, 255, 256, 65535, random.between(0, 65535)]);
  switch (random.between(0, 2)) {
    case 0:
      return { family: "ipv4", address: random.between(0, 2 ** 32 - 1), port };
    case 1: {
      const address = random.bytes(16).map((byte) => random.chance(0.5) ? 0 : byte);
      return { family: "ipv6", address, port, scope: random.pick([0, 0, 2, 2 ** 32 - 1]) };
    }
    default: {
      const letters = Array.from(
        { length: random.between(1, 26) },
        () => random.pick(["/", "a", " ", ":", ",", "ß", "😀", "\n", "\x7f"]),
      );
      return { family: "unix", path: letters.join("") };
    }
  }
}

Deno.test("every endpoint is read again from its bytes and from its text, and equals itself alone", () =>
  withSeed((random) => {
    const bytes = new Uint8Array(SOCKET_ADDRESS_BYTES);
    let last: Endpoint = { family: "unix", path: "none" };
    for (let round = 0; round < 3000; round++) {
      const endpoint = randomEndpoint(random);
      const text = formatEndpoint(endpoint);
      const length = writeSocketAddress(bytes, endpoint);
      const read = readSocketAddress(bytes, length);
      assertEquals(read, endpoint, text);
      assertEquals(parseEndpoint(text), endpoint, text);
      assertEquals(read !== undefined && sameEndpoint(endpoint, read), true, text);
      assertEquals(sameEndpoint(endpoint, last), text === formatEndpoint(last), text);
      last = endpoint;
    }
  }));

Deno.test("sameEndpoint() sees a difference in family, address, port, scope and path", () => {
  const places = [
    ...["10.0.0.1:80", "10.0.0.1:81", "10.0.0.2:80", "[::ffff:10.0.0.1]:80", "[fe80::1%1]:80"],
    ...["[fe80::1%2]:80", "[fe80::1]:80", "[fe80::2]:80", "unix:/a", "unix:/b"],
  ];
  for (const one of places) {
    for (const other of places) {
      const [left, right] = [parseEndpoint(one), parseEndpoint(other)];
      const same = left !== undefined && right !== undefined && sameEndpoint(left, right);
      assertEquals(same, one === other, `${one} ${other}`);
    }
  }
});

Deno.test("readSocketAddress() never throws, whatever the bytes", () =>
  withSeed((random) => {
    for (let round = 0; round < 3000; round++) {
      const bytes = random.bytes(random.between(0, SOCKET_ADDRESS_BYTES));
      bytes.set([random.pick([1, 2, 10]), 0].slice(0, bytes.length));
      readSocketAddress(bytes, random.pick([bytes.length, 16, 28, 200, 0, -1]));
    }
  }));
