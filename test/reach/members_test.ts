/**
 * The recipe of REACH for members from a name server: addresses and SRV records that change under load.
 *
 * @module
 */
import { assert, assertEquals } from "../kit/assert.ts";
import { needing } from "../kit/needs.ts";
import { type HostProcess, Network, networks } from "../kit/networks.ts";
import { commandLine } from "../kit/programs.ts";
import { TempDir } from "../kit/temp_dir.ts";
import { eventually } from "../kit/wait.ts";
import { type Kind, KINDS, type NameServer, type Zone } from "./name_servers.ts";
import { recipes, wordsOf } from "./recipes.ts";

const BANNER = new URL("./fixtures/banner.ts", import.meta.url);
const CLIENTS = new URL("./fixtures/clients.ts", import.meta.url);
const PORT = 80;

/** Longest time until clients are given others: some look-ups, on a busy machine. */
const SETTLED_MS = 60_000;
/** The command lines of the recipe: members by address, and by service. */
const [ADDRESSES = [], SERVICES = []] = recipes("Members from a name server").flatMap(wordsOf);

/** Three servers, a name server, a balancer and clients that come all the time. */
async function play(
  stack: AsyncDisposableStack,
  kind: Kind,
  words: readonly string[],
  first: Zone,
): Promise<{
  readonly names: NameServer;
  readonly clients: HostProcess;
  /** Waits until clients have been given exactly these servers for a while. */
  settle(servers: readonly string[]): Promise<void>;
}> {
  const network = stack.use(await Network.make());
  for (const number of [11, 12, 13]) {
    const host = await network.host(number);
    const server = stack.use(host.startModule(BANNER, ["::", "8080", `s${number}`]));
    await server.stdout.until("listening");
  }
  const names = stack.use(kind.start(await network.host(53)));
  await names.says(first);
  const balancer = await network.host(1);
  const folder = stack.use(new TempDir());
  const balance = stack.use(
    balancer.start(commandLine(["-f", ...words], { runDir: folder.path })),
  );
  const clientHost = await network.host(2);
  await eventually(async () => {
    const ask = commandLine(["-c", "show", PORT], { runDir: folder.path });
    return (await balancer.run(ask)).code === 0;
  }, `the balancer, which says ${balance.stderr.text}`);
  const clients = stack.use(
    clientHost.startModule(CLIENTS, [balancer.address, String(PORT), "5", "3000"]),
  );
  const settle = async (servers: readonly string[]): Promise<void> => {
    await eventually(
      () => {
        const last = clients.stdout.text.trim().split("\n").slice(-30);
        const given = new Set(last.map((line) => line.split(" ")[1]));
        return last.length === 30 && [...given].toSorted().join() === servers.join();
      },
      `clients are given ${servers}`,
      SETTLED_MS,
    );
  };
  return { names, clients, settle };
}

/** Waits until this many more clients have come, and tells which of all were not served. */
async function failures({ stdout }: HostProcess, more = 0): Promise<string[]> {
  const lines = (): string[] => stdout.text.trim().split("\n");
  const enough = lines().length + more;
  await eventually(() => lines().length >= enough, "clients come");
  return lines().filter((line) => line.endsWith(" -"));
}

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
