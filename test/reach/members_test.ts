/**
 * The recipe of REACH for members from a name server: addresses and services that change under load.
 *
 * @module
 */
import { assert, assertEquals } from "../kit/assert.ts";
import { needing } from "../kit/needs.ts";
import { networks } from "../kit/networks.ts";
import { failures, play } from "./members.ts";
import { CONSUL, KINDS, type Zone } from "./name_servers.ts";
import { recipes, wordsOf } from "./recipes.ts";

/** The command lines of the recipe: members by address, by service, and by service as Consul names it. */
const [ADDRESSES = [], SERVICES = [], OF_CONSUL = []] = recipes("Members from a name server")
  .flatMap(wordsOf);

for (const kind of KINDS) {
  const needs = [networks(), kind.need];

  Deno.test(
    needing(
      needs,
      `members from A and AAAA records of ${kind.name} follow them under load, and no client is lost`,
    ),
    async () => {
      await using stack = new AsyncDisposableStack();
      const first = { addresses: ["10.99.0.11", "10.99.0.12"] };
      const { names, clients, settle } = await play(stack, kind, ADDRESSES, first);
      await settle(["s11", "s12"]);
      await names.says({ addresses: ["10.99.0.12", "10.99.0.13"] });
      await settle(["s12", "s13"]);
      await names.says({ addresses: ["fd99::11", "fd99::13"] });
      await settle(["s11", "s13"]);
      assertEquals(await failures(clients), []);
    },
  );

  Deno.test(
    needing(
      needs,
      `members from SRV records of ${kind.name} follow them under load, and stay while it is away`,
    ),
    async () => {
      await using stack = new AsyncDisposableStack();
      const { names, clients, settle } = await play(stack, kind, SERVICES, {
        services: [
          ["s11.internal", 8080, 1, 3],
          ["s12.internal", 8080, 1, 1],
          ["s13.internal", 8080, 2, 1],
        ],
      });
      await settle(["s11", "s12"]);
      const lines = clients.stdout.text.trim().split("\n").slice(-30);
      const heavy = lines.filter((line) => line.endsWith("s11")).length;
      assert(heavy > 18 && heavy < 27, `three of four clients go to s11: ${heavy} of 30`);
      await names.says({ services: [["s13.internal", 8080, 2, 1]] });
      await settle(["s13"]);
      await names.vanish();
      // Longer than the pause between look-ups.
      assertEquals(await failures(clients, 1000), []);
      await settle(["s13"]);
    },
  );
}

Deno.test(
  needing([networks(), CONSUL.need], "members that Consul knows follow it under load"),
  async () => {
    await using stack = new AsyncDisposableStack();
    const all = [11, 12, 13].map((number) => `s${number}`);
    const named = (names: readonly string[]): Zone => ({
      services: names.map((name) => [`${name}.internal`, 8080, 1, 1]),
    });
    const { names, clients, settle } = await play(stack, CONSUL, OF_CONSUL, named(all));
    await settle(all);
    await names.says(named(["s12"]));
    await settle(["s12"]);
    await names.says(named(["s11", "s13"]));
    await settle(["s11", "s13"]);
    assertEquals(await failures(clients), []);
  },
);
