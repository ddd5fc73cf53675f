/**
 * The recipe of REACH for several balancers behind one address: they agree by rendezvous without a word between them.
 *
 * @module
 */
import { assert, assertEquals } from "../kit/assert.ts";
import { Backend, banner } from "../kit/backends.ts";
import { startInstance } from "../kit/start.ts";
import { receiveLine } from "../kit/streams.ts";
import { recipes, wordsOf } from "./recipes.ts";

/** Clients, by their addresses. */
const CLIENTS = 10_000;
/** Connections at once. */
const AT_ONCE = 64;

/** The address of a client. */
function addressOf(client: number): string {
  return `198.${18 + (client >> 16)}.${(client >> 8) & 255}.${client & 255}`;
}

/** Which server each client is given at a port, by index. */
async function serversOf(port: number, clients: readonly number[]): Promise<Map<number, string>> {
  const given = new Map<number, string>();
  const left = [...clients];
  const work = async (): Promise<void> => {
    for (let client = left.pop(); client !== undefined; client = left.pop()) {
      using connection = await Deno.connect({ hostname: "127.0.0.1", port });
      const header = `PROXY TCP4 ${addressOf(client)} 203.0.113.1 40000 80\r\n`;
      await connection.write(new TextEncoder().encode(header));
      given.set(client, (await receiveLine(connection)).trim());
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return given;
}

Deno.test("three instances agree by rendezvous on 10 000 clients, and a server that goes moves only its own", async () => {
  await using one = new Backend(banner, { name: "web1" });
  await using two = new Backend(banner, { name: "web2" });
  await using three = new Backend(banner, { name: "web3" });
  const [block = ""] = recipes("Several instances behind one address");
  const [[...words] = []] = wordsOf(block);
  const [a = "", b = "", c = ""] = words.splice(-3).map((word, at) =>
    word.replace(/^10\.99\.0\.\d+:8080,/, `127.0.0.1:${[one, two, three][at]?.port},`)
  );
  assertEquals(words.pop(), "80");
  // Clients of 10 000 addresses come by way of a proxy here.
  const options = [...words, "--proxy-in", "127.0.0.1"];
  await using first = await startInstance([a, b, c], { options });
  await using second = await startInstance([c, a, b], { options });
  await using third = await startInstance([b, c, a], { options });
  const all = Array.from({ length: CLIENTS }, (_, client) => client);
  const before = await serversOf(first.port, all);
  const shares = ["web1", "web2", "web3"].map((name) =>
    [...before.values()].filter((given) => given === name).length
  );
  assertEquals(shares.reduce((sum, share) => sum + share), CLIENTS);
  // A third each, within five standard deviations.
  for (const share of shares) assert(Math.abs(share - CLIENTS / 3) < 240, `shares ${shares}`);
  for (const other of [second, third]) {
    const given = await serversOf(other.port, all);
    assertEquals(all.filter((client) => given.get(client) !== before.get(client)), []);
  }
  await first.ask("disable 1");
  const after = await serversOf(first.port, all);
  const moved = all.filter((client) => after.get(client) !== before.get(client));
  assertEquals(moved, all.filter((client) => before.get(client) === "web2"));
  assertEquals(all.filter((client) => after.get(client) === "web2"), []);
});
