import { proxyVersionFor } from "../../../lib/core/session/proxy_out.ts";
import { encodeFlags, PROXIES } from "../../../lib/core/table/flags.ts";
import { channelWord } from "../../../lib/core/table/schema.ts";
import { assertEquals } from "../../kit/assert.ts";
import { makeTable } from "../../kit/make_table.ts";

Deno.test("a destination's own word on the PROXY header counts before the option, whatever else its flags say", () => {
  const table = makeTable("a:1");
  const versionFor = (
    proxy: typeof PROXIES[number],
    others: { backup: boolean; member: boolean },
  ): (string | undefined)[] => {
    table.words[channelWord(0, "flags")] = encodeFlags({ ...others, proxy });
    return ([undefined, "v1", "v2"] as const).map((option) => proxyVersionFor(table, 0, option));
  };
  for (const others of [{ backup: false, member: false }, { backup: true, member: true }]) {
    assertEquals(versionFor("default", others), [undefined, "v1", "v2"]);
    assertEquals(versionFor("v1", others), ["v1", "v1", "v1"]);
    assertEquals(versionFor("v2", others), ["v2", "v2", "v2"]);
    assertEquals(versionFor("off", others), [undefined, undefined, undefined]);
  }
});
