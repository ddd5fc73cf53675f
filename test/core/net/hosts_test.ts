import { hostsAddresses } from "../../../lib/core/net/hosts.ts";
import { assertEquals } from "../../kit/assert.ts";

const FILE = `# names
127.0.0.1	localhost  loopback
::1 localhost ip6-localhost # web2
10.0.0.1 Web1.Example web1
10.0.0.2 web1
10.0.0.1 web1\r
#10.0.0.3 web1
10.0.0.4
`;

const CASES: readonly [name: string, addresses: string][] = [
  ["localhost", "127.0.0.1 ::1"],
  ["loopback", "127.0.0.1"],
  ["web1", "10.0.0.1 10.0.0.2"],
  ["WEB1.example.", "10.0.0.1"],
  ["web2", ""],
  ["10.0.0.4", ""],
  ["127.0.0.1", ""],
  ["", ""],
];

for (const [name, addresses] of CASES) {
  Deno.test(`hostsAddresses() of "${name}" is "${addresses}"`, () => {
    assertEquals(hostsAddresses(FILE, name).join(" "), addresses);
  });
}
