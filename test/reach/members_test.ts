/**
 * The recipe of REACH for members from a name server: addresses and SRV records that change under load.
 *
 * @module
 */
import { assert, assertEquals } from "../kit/assert.ts";
import { findProgram, installed, needing } from "../kit/needs.ts";
import { type Host, type HostProcess, Network, networks } from "../kit/networks.ts";
import { commandLine } from "../kit/programs.ts";
import { TempDir } from "../kit/temp_dir.ts";
import { eventually } from "../kit/wait.ts";

const BANNER = new URL("./fixtures/banner.ts", import.meta.url);
const CLIENTS = new URL("./fixtures/clients.ts", import.meta.url);
const PORT = 80;

/** What a name server knows. */
interface Zone {
  readonly addresses?: readonly string[];
  /** Target, port, priority, weight. */
  readonly services?: readonly string[];
}

/** dnsmasq on a host. */
class NameServer implements AsyncDisposable {
  readonly #folder = new TempDir();
  readonly #host: Host;
  #process: HostProcess | undefined;

  constructor(host: Host) {
    this.#host = host;
    // It is read by another user than the one that runs the tests.
    Deno.chmodSync(this.#folder.path, 0o755);
  }

  /** Says from now on what a zone says. */
  async says({ addresses = [], services = [] }: Zone): Promise<void> {
    const hosts = `${this.#folder.path}/hosts`;
    const records = [...addresses.map((address) => `${address} web.test\n`), ...this.#targets()];
    Deno.writeTextFileSync(hosts, records.join(""));
    Deno.chmodSync(hosts, 0o644);
    await this.#process?.end();
    this.#process = this.#host.start([
      findProgram("dnsmasq") ?? "dnsmasq",
      ...["--keep-in-foreground", "--no-resolv", "--no-hosts", "--conf-file=/dev/null"],
      ...["--pid-file=", "--user=", "--log-facility=-", "--local=/test/", "--local-ttl=0"],
      `--addn-hosts=${hosts}`,
      ...services.map((service) => `--srv-host=_http._tcp.web.test,${service}`),
    ]);
    await this.#process.stderr.until("read ");
  }

  #targets(): string[] {
    return [11, 12, 13].map((number) => `10.99.0.${number} s${number}.test\n`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process?.end();
    this.#folder[Symbol.dispose]();
  }
}

/** Three servers, a name server, a balancer and clients that come all the time. */
async function play(
  stack: AsyncDisposableStack,
  destination: string,
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
  const names = stack.use(new NameServer(await network.host(53)));
  await names.says(first);
  const balancer = await network.host(1);
  const folder = stack.use(new TempDir());
  const options = ["-f", "--dns", "10.99.0.53", "--resolve", "1"];
  const words = commandLine([...options, PORT, destination], { runDir: folder.path });
  const balance = stack.use(balancer.start(words));
  const clientHost = await network.host(2);
  await eventually(async () => {
    const ask = commandLine(["-c", "show", PORT], { runDir: folder.path });
    return (await balancer.run(ask)).code === 0;
  }, `the balancer, which says ${balance.stderr.text}`);
  const clients = stack.use(
    clientHost.startModule(CLIENTS, [balancer.address, String(PORT), "5", "3000"]),
  );
  const settle = async (servers: readonly string[]): Promise<void> => {
    await eventually(() => {
      const last = clients.stdout.text.trim().split("\n").slice(-30);
      const given = new Set(last.map((line) => line.split(" ")[1]));
      return last.length === 30 && [...given].toSorted().join() === servers.join();
    }, `clients are given ${servers}`);
  };
  return { names, clients, settle };
}

function failures({ stdout }: HostProcess): string[] {
  return stdout.text.split("\n").filter((line) => line.endsWith(" -"));
}

Deno.test(
  needing(
    [networks(), installed("dnsmasq")],
    "members from A and AAAA records follow them under load, and no client is lost",
  ),
  async () => {
    await using stack = new AsyncDisposableStack();
    const first = { addresses: ["10.99.0.11", "10.99.0.12"] };
    const { names, clients, settle } = await play(stack, "dns:web.test:8080", first);
    await settle(["s11", "s12"]);
    await names.says({ addresses: ["10.99.0.12", "10.99.0.13"] });
    await settle(["s12", "s13"]);
    await names.says({ addresses: ["fd99::11", "fd99::13"] });
    await settle(["s11", "s13"]);
    assertEquals(failures(clients), []);
  },
);

Deno.test(
  needing(
    [networks(), installed("dnsmasq")],
    "members from SRV records follow them under load, weights and backups included",
  ),
  async () => {
    await using stack = new AsyncDisposableStack();
    const first = { services: ["s11.test,8080,1,3", "s12.test,8080,1,1", "s13.test,8080,2,1"] };
    const { names, clients, settle } = await play(stack, "srv:_http._tcp.web.test", first);
    await settle(["s11", "s12"]);
    const lines = clients.stdout.text.trim().split("\n").slice(-30);
    const heavy = lines.filter((line) => line.endsWith("s11")).length;
    assert(heavy > 18 && heavy < 27, `three of four clients go to s11: ${heavy} of 30`);
    await names.says({ services: ["s13.test,8080,2,1"] });
    await settle(["s13"]);
    assertEquals(failures(clients), []);
  },
);
