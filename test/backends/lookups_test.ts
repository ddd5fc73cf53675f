import { eventually } from "../kit/wait.ts";
import { Lookups } from "../../lib/backends/lookups.ts";
import { parseNameServer } from "../../lib/core/command_line/name_server.ts";
import { formatHost } from "../../lib/core/net/socket_address.ts";
import { assertEquals } from "../kit/assert.ts";
import { addressReply, NameServer } from "../e2e/name_server.ts";

function ask(server: NameServer): Lookups {
  return new Lookups(parseNameServer(server.operand));
}

Deno.test("the hosts file comes before the name server", async () => {
  await using server = new NameServer((question) => addressReply(["10.0.0.1"], question));
  const { addresses } = await ask(server).addresses("localhost");
  assertEquals(addresses.map(formatHost).includes("127.0.0.1"), true);
  assertEquals(server.questions, []);
});

Deno.test("a name server is asked for both families, and for what it is told to be an alias of", async () => {
  await using server = new NameServer(({ name, type }) =>
    name === "alias.test"
      ? [{ type: "CNAME", name: "web.test" }]
      : addressReply(["10.0.0.1", "2001:db8::1"], { name, type })
  );
  for (const name of ["web.test", "alias.test"]) {
    const { addresses, failed } = await ask(server).addresses(name);
    assertEquals(addresses.map(formatHost), ["10.0.0.1", "2001:db8::1"]);
    assertEquals(failed, []);
  }
});

Deno.test("those who want one name at the same time share a look-up", async () => {
  await using server = new NameServer((question) => addressReply(["10.0.0.1"], question));
  const lookups = ask(server);
  await Promise.all([1, 2, 3].map(() => lookups.addresses("web.test")));
  assertEquals(server.questions.length, 2);
});

Deno.test("a name server that loses a question is asked again", async () => {
  let lost = 0;
  await using server = new NameServer((question) =>
    lost++ < 2 ? "silent" : addressReply(["10.0.0.1"], question)
  );
  const { addresses } = await ask(server).addresses("web.test");
  assertEquals(addresses.map(formatHost), ["10.0.0.1"]);
});

Deno.test("not more than 32 look-ups run at once, and all get their turn", async () => {
  const gate = Promise.withResolvers<void>();
  await using server = new NameServer((question) => addressReply(["10.0.0.1"], question));
  server.delay = gate.promise;
  const lookups = ask(server);
  const all = Array.from({ length: 50 }, (_, at) => lookups.addresses(`web${at}.test`));
  await eventually(() => server.questions.length === 64, "32 times two questions");
  gate.resolve();
  for (const { addresses } of await Promise.all(all)) assertEquals(addresses.length, 1);
  assertEquals(server.questions.length, 100);
});

Deno.test("what is no name is not known, and nobody is asked", async () => {
  await using server = new NameServer((question) => addressReply(["10.0.0.1"], question));
  for (const text of ["", "a\0b", "a b", "a/b"]) {
    const { addresses } = await ask(server).addresses(text);
    assertEquals(addresses, [], text);
    assertEquals(await ask(server).services(text), [], text);
  }
});
