import { decideAccess } from "../../../lib/core/edge/access.ts";
import { parseIpv6 } from "../../../lib/core/net/address.ts";
import { type NetworkSet, parseNetworks } from "../../../lib/core/net/cidr.ts";
import { assertEquals } from "../../kit/assert.ts";

function list(text: string): NetworkSet | undefined {
  const parsed = parseNetworks(text);
  return parsed.kind === "networks" ? parsed.set : undefined;
}

const CASES: readonly [allow: string, deny: string, client: string, access: string][] = [
  ["", "", "192.0.2.7", "allowed"],
  ["10.0.0.0/8", "", "10.1.1.1", "allowed"],
  ["10.0.0.0/8", "", "::ffff:10.1.1.1", "allowed"],
  ["10.0.0.0/8", "", "192.0.2.7", "not allowed"],
  ["10.0.0.0/8", "", "2001:db8::1", "not allowed"],
  ["", "10.0.0.0/8", "10.1.1.1", "denied"],
  ["", "10.0.0.0/8", "192.0.2.7", "allowed"],
  ["10.0.0.0/8", "10.1.0.0/16", "10.1.1.1", "denied"],
  ["10.0.0.0/8", "10.1.0.0/16", "10.2.1.1", "allowed"],
  ["10.1.0.0/16", "10.0.0.0/8", "10.1.1.1", "denied"],
  ["10.0.0.0/8", "192.0.2.0/24", "192.0.2.7", "denied"],
];

for (const [allow, deny, client, access] of CASES) {
  Deno.test(`with allow "${allow}" and deny "${deny}" ${client} is ${access}`, () => {
    const lists = { allow: list(allow), deny: list(deny) };
    assertEquals(decideAccess(lists, parseIpv6(client) ?? new Uint8Array()), access);
  });
}
