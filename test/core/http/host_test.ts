import { isOwnHost } from "../../../lib/core/http/host.ts";
import { assertEquals } from "../../kit/assert.ts";

for (
  const [hosts, own] of [
    [[], true],
    [["localhost"], true],
    [["LocalHost:9000"], true],
    [[" localhost "], true],
    [["127.0.0.1"], true],
    [["192.0.2.7:80"], true],
    [["[::1]"], true],
    [["[2001:db8::1]:9000"], true],
    [["[::ffff:192.0.2.7]"], true],
    [["lb1.example.net"], true],
    [["LB1.example.NET:9000"], true],
    [["lb1.example.net."], false],
    [["lb2.example.net"], false],
    [["x.lb1.example.net"], false],
    [["x.localhost"], false],
    [["localhost.evil.example"], false],
    [["127.0.0.1.evil.example"], false],
    [["127.1"], false],
    [["2130706433"], false],
    [["0x7f.0.0.1"], false],
    [["::1"], false],
    [["[::1"], false],
    [["[evil.example]"], false],
    [["[fe80::1%25eth0]"], false],
    [["user@localhost"], false],
    [["localhost:x"], false],
    [["localhost:9000:1"], false],
    [["localhost/"], false],
    [[""], false],
    [["localhost", "localhost"], false],
    [["localhost, evil.example"], false],
  ] as const
) {
  Deno.test(`isOwnHost() says ${own} to ${JSON.stringify(hosts)}`, () => {
    assertEquals(isOwnHost(hosts, "lb1.example.net"), own);
  });
}
