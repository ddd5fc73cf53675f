/** What a thread may connect to: the kernel asks nobody, so that each endpoint is asked for before. */
import { assert, assertEquals } from "../../kit/assert.ts";
import type { Endpoint } from "../../../lib/core/net/socket_address.ts";
import { makeTarget, Targets } from "../../../lib/traffic/native/targets.ts";

const LOOPBACK: Endpoint = { family: "ipv4", address: 0x7f000001, port: 80 };
const OTHER_PORT: Endpoint = { ...LOOPBACK, port: 81 };
const IPV6: Endpoint = {
  family: "ipv6",
  address: Uint8Array.from({ length: 16 }, (_, at) => at === 15 ? 1 : 0),
  port: 80,
  scope: 0,
};
const SCOPED: Endpoint = { ...IPV6, scope: 3 };
const UNIX: Endpoint = { family: "unix", path: "/run/app.sock" };

/** Which endpoints may be connected to. */
function allowed(...endpoints: Endpoint[]): boolean[] {
  const targets = new Targets();
  return endpoints.map((endpoint) => targets.of(endpoint) !== undefined);
}

const ALL = [LOOPBACK, OTHER_PORT, IPV6, SCOPED] as const;

Deno.test({
  name: "with a grant for every host every address may be connected to, and no Unix socket",
  permissions: { net: true },
  fn: () => assertEquals(allowed(...ALL, UNIX), [true, true, true, true, false]),
});

Deno.test({
  name: "with a grant for some hosts only these may be connected to",
  permissions: { net: ["127.0.0.1:80"] },
  fn: () => assertEquals(allowed(...ALL), [true, false, false, false]),
});

Deno.test({
  name: "a grant for a host is one for each of its ports",
  permissions: { net: ["127.0.0.1"] },
  fn: () => assertEquals(allowed(...ALL), [true, true, false, false]),
});

Deno.test({
  name: "a grant for an address of IPv6 is one for that alone",
  permissions: { net: ["[::1]:80"] },
  fn: () => assertEquals(allowed(LOOPBACK, OTHER_PORT, IPV6), [false, false, true]),
});

for (
  const [read, write] of [[true, true], [true, false], [false, true], [false, false]] as const
) {
  const grants = [...(read ? ["read"] : []), ...(write ? ["write"] : [])].join(" and ") ||
    "nothing";
  Deno.test({
    name: `a Unix socket for which there is ${grants} may ${
      read && write ? "" : "not "
    }be connected to`,
    permissions: {
      ...(read ? { read: ["/run/app.sock"] } : {}),
      ...(write ? { write: ["/run/app.sock"] } : {}),
    },
    fn: () => {
      assertEquals(allowed(UNIX), [read && write]);
      assertEquals(allowed({ family: "unix", path: "/run/other.sock" }), [false]);
    },
  });
}

Deno.test({
  name: "each endpoint's bytes are made once",
  permissions: { net: true },
  fn: () => {
    const targets = new Targets();
    assert(targets.of(LOOPBACK) === targets.of(LOOPBACK));
    assertEquals(targets.of(LOOPBACK), makeTarget(LOOPBACK));
  },
});
