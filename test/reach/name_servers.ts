/**
 * Name servers that say what a test wants, on a host of a small network.
 *
 * @module
 */
import { findProgram, installed, type Need, program } from "../kit/needs.ts";
import type { Host, HostProcess } from "../kit/networks.ts";
import { TempDir } from "../kit/temp_dir.ts";

/** What a name server knows of `internal`. */
export interface Zone {
  /** Addresses of web.internal, of either family. */
  readonly addresses?: readonly string[];
  /** Services of _http._tcp.web.internal: target, port, priority and weight. */
  readonly services?: readonly (readonly [string, number, number, number])[];
}

/** A name server. */
export interface NameServer extends AsyncDisposable {
  /** Says from now on what a zone says. */
  says(zone: Zone): Promise<void>;
  /** Ends without a word. */
  vanish(): Promise<void>;
}

/** A kind of name server: what it needs, and how one is started. */
export interface Kind {
  readonly name: string;
  readonly need: Need;
  readonly start: (host: Host) => NameServer;
}

/** The servers that services lead to: s11.internal and so on. */
const TARGETS = [11, 12, 13].map((number): readonly [string, string] => [
  `s${number}.internal`,
  `10.99.0.${number}`,
]);

/** How Consul is called. */
const CONSUL_WORDS = [findProgram("consul") ?? "consul"];

/** One that is a process, with a folder of its own. */
abstract class OneProcess implements NameServer {
  protected readonly folder = new TempDir();
  protected readonly host: Host;
  protected process: HostProcess | undefined;

  constructor(host: Host) {
    this.host = host;
  }

  abstract says(zone: Zone): Promise<void>;

  async vanish(): Promise<void> {
    await this.process?.end();
    this.process = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.vanish();
    this.folder[Symbol.dispose]();
  }
}

/** dnsmasq, which is started anew with each zone. */
class Dnsmasq extends OneProcess {
  constructor(host: Host) {
    super(host);
    // It is read by another user than the one that runs the tests.
    Deno.chmodSync(this.folder.path, 0o755);
  }

  async says({ addresses = [], services = [] }: Zone): Promise<void> {
    const hosts = `${this.folder.path}/hosts`;
    const records = [
      ...addresses.map((address) => `${address} web.internal\n`),
      ...TARGETS.map(([name, address]) => `${address} ${name}\n`),
    ];
    Deno.writeTextFileSync(hosts, records.join(""));
    Deno.chmodSync(hosts, 0o644);
    await this.vanish();
    this.process = this.host.start([
      findProgram("dnsmasq") ?? "dnsmasq",
      ...["--keep-in-foreground", "--no-resolv", "--no-hosts", "--conf-file=/dev/null"],
      ...["--pid-file=", "--user=", "--log-facility=-", "--local=/internal/", "--local-ttl=0"],
      `--addn-hosts=${hosts}`,
      ...services.map((service) => `--srv-host=_http._tcp.web.internal,${service.join()}`),
    ]);
    await this.process.stderr.until("read ");
  }
}

/** CoreDNS, which looks each second whether its zone has changed. */
class CoreDns extends OneProcess {
  #serial = 0;

  async says({ addresses = [], services = [] }: Zone): Promise<void> {
    const zone = `${this.folder.path}/zone`;
    const serial = ++this.#serial;
    const records = [
      `$TTL 5\n@ IN SOA ns.internal. admin.internal. ${serial} 60 60 60 5\n@ IN NS ns.internal.`,
      ...addresses.map((each) => `web IN ${each.includes(":") ? "AAAA" : "A"} ${each}`),
      ...services.map(([target, port, priority, weight]) =>
        `_http._tcp.web IN SRV ${priority} ${weight} ${port} ${target}.`
      ),
      ...TARGETS.map(([name, address]) => `${name}. IN A ${address}`),
    ];
    Deno.writeTextFileSync(`${zone}.new`, `${records.join("\n")}\n`);
    Deno.renameSync(`${zone}.new`, zone);
    if (this.process !== undefined) return;
    this.process = this.#start(zone);
    await this.process.stdout.until("CoreDNS-");
  }

  #start(zone: string): HostProcess {
    const file = `${this.folder.path}/Corefile`;
    Deno.writeTextFileSync(file, `internal {\n  file ${zone} {\n    reload 1s\n  }\n}\n`);
    return this.host.start([findProgram("coredns") ?? "coredns", "-conf", file]);
  }
}

/** An agent of Consul, which is told of services while it runs. */
class Consul extends OneProcess {
  #known: readonly string[] = [];

  async says({ services = [] }: Zone): Promise<void> {
    this.process ??= await this.#start();
    const ids = services.map(([target]) => target.replace(".internal", ""));
    for (const [at, id] of ids.entries()) {
      if (this.#known.includes(id)) continue;
      const address = `10.99.0.${id.slice(1)}`;
      const port = services[at]?.[1];
      await this.#ask([
        "register",
        "-name=web",
        `-id=${id}`,
        `-address=${address}`,
        `-port=${port}`,
      ]);
    }
    for (const id of this.#known) {
      if (!ids.includes(id)) await this.#ask(["deregister", `-id=${id}`]);
    }
    this.#known = ids;
  }

  async #start(): Promise<HostProcess> {
    const place = [`-bind=${this.host.address}`, "-client=0.0.0.0"];
    const process = this.host.start([...CONSUL_WORDS, "agent", "-dev", ...place]);
    await process.stdout.until("Synced node info");
    return process;
  }

  async #ask(words: readonly string[]): Promise<void> {
    const { code, stderr } = await this.host.run([...CONSUL_WORDS, "services", ...words]);
    if (code !== 0) throw new Error(`consul services ${words.join(" ")}: ${stderr}`);
  }
}

/** Consul, which names services in a way of its own. */
export const CONSUL: Kind = {
  name: "Consul",
  need: { name: "consul", remedy: ".ci/name_servers builds it", met: program("consul").met },
  start: (host: Host): NameServer => new Consul(host),
};

/** The kinds that the recipes are tried with. */
export const KINDS: readonly Kind[] = [
  {
    name: "dnsmasq",
    need: installed("dnsmasq"),
    start: (host: Host): NameServer => new Dnsmasq(host),
  },
  {
    name: "CoreDNS",
    need: {
      name: "coredns",
      remedy: ".ci/name_servers builds it",
      met: program("coredns").met,
    },
    start: (host: Host): NameServer => new CoreDns(host),
  },
];
