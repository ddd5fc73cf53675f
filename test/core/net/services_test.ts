import { COMMON_SERVICES, destinationPort, parseServices } from "../../../lib/core/net/services.ts";
import { assertEquals } from "../../kit/assert.ts";

const TEXT = `# Network services
smtp\t\t25/tcp\t\tmail   # Simple Mail Transfer
tftp 69/udp
domain 53/tcp
domain 53/udp
mail 9999/tcp
imap2   143/tcp imap

broken
odd x/tcp
#http 80/tcp
`;

const LOOKUPS: readonly [name: string, port: number | undefined][] = [
  ["smtp", 25],
  ["mail", 25],
  ["imap", 143],
  ["imap2", 143],
  ["domain", 53],
  ["tftp", undefined],
  ["broken", undefined],
  ["odd", undefined],
  ["http", undefined],
  ["SMTP", undefined],
  ["", undefined],
];

for (const [name, port] of LOOKUPS) {
  Deno.test(`parseServices() gives ${port} for "${name}"`, () => {
    assertEquals(parseServices(TEXT).get(name), port);
  });
}

const PORTS: readonly [text: string, port: number][] = [
  ["smtp", 25],
  ["80", 80],
  ["foo", 0],
  ["12x", 12],
  ["70000", 70000],
  ["-1", -1],
  ["4294967376", 2147483647],
  ["2147483648", 2147483647],
];

for (const [text, port] of PORTS) {
  Deno.test(`destinationPort() reads "${text}" as ${port}, unchecked`, () => {
    assertEquals(destinationPort(text, parseServices(TEXT)), port);
  });
}

Deno.test("COMMON_SERVICES has the names of the man page's examples", () => {
  const ports = ["smtp", "imap", "pop3", "telnet"].map((name) => COMMON_SERVICES.get(name));
  assertEquals(ports, [25, 143, 110, 23]);
});
