import { parseNameServer } from "../../../lib/core/command_line/name_server.ts";
import { formatEndpoint } from "../../../lib/core/net/socket_address.ts";
import { assertEquals } from "../../kit/assert.ts";

const CASES: readonly [value: string, server: string | undefined][] = [
  ["192.0.2.53", "192.0.2.53:53"],
  ["192.0.2.53:5353", "192.0.2.53:5353"],
  ["2001:db8::53", "[2001:db8::53]:53"],
  ["[2001:DB8::53]", "[2001:db8::53]:53"],
  ["[::1]:65535", "[::1]:65535"],
  ["192.0.2.53:0", undefined],
  ["192.0.2.53:65536", undefined],
  ["192.0.2.53:", undefined],
  ["192.0.2", undefined],
  ["192.0.2.053", undefined],
  ["ns.example", undefined],
  [":53", undefined],
  ["", undefined],
  ["[192.0.2.53]", undefined],
  ["[::1", undefined],
  ["::1]:53", undefined],
  ["[fe80::1%eth0]", undefined],
];

for (const [value, server] of CASES) {
  Deno.test(`parseNameServer() reads "${value}" as ${server}`, () => {
    const read = parseNameServer(value);
    assertEquals(read === undefined ? undefined : formatEndpoint(read), server);
  });
}

Deno.test("parseNameServer() gives the address as text, without brackets and port", () => {
  assertEquals(parseNameServer("[2001:DB8::53]:5353")?.text, "2001:db8::53");
  assertEquals(parseNameServer("192.0.2.53:5353")?.text, "192.0.2.53");
});
