/**
 * Members that a name server names: servers, a balancer that asks for them, and clients that come all the time.
 *
 * @module
 */
import { type HostProcess, Network } from "../kit/networks.ts";
import { commandLine } from "../kit/programs.ts";
import { TempDir } from "../kit/temp_dir.ts";
import { eventually } from "../kit/wait.ts";
import type { Kind, NameServer, Zone } from "./name_servers.ts";

const BANNER = new URL("./fixtures/banner.ts", import.meta.url);
const CLIENTS = new URL("./fixtures/clients.ts", import.meta.url);
const PORT = 80;
/** Longest time until clients are given others: some look-ups, on a busy machine. */
const SETTLED_MS = 60_000;
/**
 * Starts three servers, a name server, a balancer and clients.
 *
 * @param stack Ends all of them.
 * @param kind The name server.
 * @param words The balancer's command line.
 * @param first What the name server says at first.
 */
export async function play(
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
export async function failures({ stdout }: HostProcess, more = 0): Promise<string[]> {
  const lines = (): string[] => stdout.text.trim().split("\n");
  const enough = lines().length + more;
  await eventually(() => lines().length >= enough, "clients come");
  return lines().filter((line) => line.endsWith(" -"));
}
