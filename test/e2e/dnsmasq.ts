/**
 * A real name server: dnsmasq, with records that change.
 *
 * @module
 */
import { eventually, within } from "../kit/wait.ts";
import { TempDir } from "../kit/temp_dir.ts";
import { freePort } from "../kit/ports.ts";
import { findProgram } from "../kit/needs.ts";

/** Records of a name server. */
export interface Zone {
  /** Names to their addresses. */
  readonly hosts?: Readonly<Record<string, readonly string[]>>;
  /** Values of `--srv-host`: name, target, port, priority, weight. */
  readonly services?: readonly string[];
}

/** A running dnsmasq on 127.0.0.1 that knows nothing but its zone. */
export class Dnsmasq implements AsyncDisposable {
  /** Its port, also when it comes back. */
  readonly port: number = freePort();
  readonly #folder = new TempDir();
  #child: Deno.ChildProcess | undefined;

  private constructor() {}

  /** Starts one; resolves when it answers. */
  static async start(zone: Zone): Promise<Dnsmasq> {
    const server = new Dnsmasq();
    await server.start(zone);
    return server;
  }

  /** Value for `--dns`. */
  get operand(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Changes what its hosts file says, and has it read again. */
  async setHosts(hosts: Zone["hosts"]): Promise<void> {
    this.#write(hosts);
    this.#child?.kill("SIGHUP");
    await this.#knows(hosts);
  }

  /** Starts it, with other records. */
  async start({ hosts, services = [] }: Zone): Promise<void> {
    this.#write(hosts);
    this.#child = new Deno.Command(findProgram("dnsmasq") ?? "dnsmasq", {
      args: [
        ...["--keep-in-foreground", "--no-resolv", "--no-hosts", "--conf-file=/dev/null"],
        ...["--pid-file=", "--user=", "--log-facility=-", "--local=/test/", "--local-ttl=0"],
        ...["--listen-address=127.0.0.1", "--bind-interfaces", `--port=${this.port}`],
        `--addn-hosts=${this.#file}`,
        ...services.map((service) => `--srv-host=${service}`),
      ],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    await this.#knows(hosts);
  }

  /** Ends it at once. */
  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child === undefined) return;
    child.kill("SIGKILL");
    await within(child.status, "the end of dnsmasq");
  }

  /** Ends it and removes its files. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    this.#folder[Symbol.dispose]();
  }

  get #file(): string {
    return `${this.#folder.path}/hosts`;
  }

  #write(hosts: Zone["hosts"] = {}): void {
    const lines = Object.entries({ ...hosts, [MARK]: ["127.9.9.9"] }).flatMap(([name, addresses]) =>
      addresses.map((address) => `${address} ${name}\n`)
    );
    Deno.writeTextFileSync(this.#file, lines.join(""));
    // It is read by another user than the one that runs the tests.
    Deno.chmodSync(this.#file, 0o644);
  }

  /** Waits until it answers as it should. */
  async #knows(hosts: Zone["hosts"] = {}): Promise<void> {
    const wanted = Object.entries({ ...hosts, [MARK]: ["127.9.9.9"] });
    await eventually(async () => {
      for (const [name, addresses] of wanted) {
        const found = [...await this.#ask(name, "A"), ...await this.#ask(name, "AAAA")];
        if (found.toSorted().join() !== addresses.toSorted().join()) return false;
      }
      return true;
    }, "dnsmasq answers");
  }

  async #ask(name: string, type: "A" | "AAAA"): Promise<string[]> {
    const nameServer = { ipAddr: "127.0.0.1", port: this.port };
    try {
      const signal = AbortSignal.timeout(500);
      return await Deno.resolveDns(name, type, { nameServer, signal });
    } catch {
      return [];
    }
  }
}

/** A name that is always there, so that an empty zone can be waited for. */
const MARK = "mark.test";
