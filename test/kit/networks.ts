/**
 * Small networks of namespaces: some hosts on one switch. Linux, and root.
 *
 * Namespaces live as long as a process in them, which ends by itself after a while: nothing is left, whatever happens.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { inTurn, type Need, privilege, program } from "./needs.ts";
import { isAlive } from "./processes.ts";
import { execute, type Execution } from "./programs.ts";
import { Output, within } from "./wait.ts";

/** Longest life of a network, in seconds. */
const LIFE_SECONDS = 300;
/** The network that hosts are in. */
const PREFIX = "10.99.0.";

/** To make networks with a switch. */
export function networks(): Need {
  const script = "ip link add sw0 type bridge && ip link add va0 type veth peer name vb0";
  return inTurn(
    () => program("unshare"),
    () => program("nsenter"),
    () => program("ip"),
    () => privilege("network namespaces with bridges", ["unshare", "-n", "sh", "-ec", script]),
  );
}

/** Runs a command to its end, and takes its failure for the test's. */
async function must(words: readonly string[]): Promise<void> {
  const { code, stderr } = await execute(words, { limitMs: 20_000 });
  if (code !== 0) throw new Error(`${words.join(" ")}: ${stderr}`);
}

/** A process that keeps a namespace. */
class Holder implements AsyncDisposable {
  readonly #child: Deno.ChildProcess = new Deno.Command("unshare", {
    args: ["-n", "sh", "-c", `echo here; exec sleep ${LIFE_SECONDS}`],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  readonly #output = new Output(this.#child.stdout);

  get pid(): number {
    return this.#child.pid;
  }

  /** Resolves when the namespace is there. */
  ready(): Promise<unknown> {
    return this.#output.until("here");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.status;
    await this.#output.ended;
  }
}

/** A program that runs on a host, with all that it writes. */
export class HostProcess implements AsyncDisposable {
  /** What it writes to stdout. */
  readonly stdout: Output;
  /** What it writes to stderr. */
  readonly stderr: Output;
  readonly #child: Deno.ChildProcess;

  /** Starts it. */
  constructor([command = "", ...args]: readonly string[]) {
    this.#child = new Deno.Command(command, {
      args,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.stdout = new Output(this.#child.stdout);
    this.stderr = new Output(this.#child.stderr);
  }

  /** Process id. */
  get pid(): number {
    return this.#child.pid;
  }

  /** Sends it a signal. */
  signal(signal: Deno.Signal): void {
    if (isAlive(this.pid)) this.#child.kill(signal);
  }

  /** Ends it by a signal; resolves when it has ended. */
  async end(signal: Deno.Signal = "SIGKILL"): Promise<void> {
    this.signal(signal);
    await within(this.#child.status, "the end of a program on a host", 10_000);
    await Promise.all([this.stdout.ended, this.stderr.ended]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.end();
  }
}

/** One host: a namespace with an address on the switch. */
export class Host {
  /** Its IPv6 address. */
  readonly address6: string;
  readonly #holder: Holder;

  /**
   * Knows a host.
   *
   * @param holder Keeps its namespace.
   * @param address Its IPv4 address.
   */
  constructor(holder: Holder, readonly address: string) {
    this.#holder = holder;
    this.address6 = `fd99::${address.split(".").at(-1)}`;
  }

  /** The words that run a command on this host. */
  words(words: readonly string[]): string[] {
    return ["nsenter", "-t", String(this.#holder.pid), "-n", ...words];
  }

  /** Runs a command to its end. */
  run(words: readonly string[], limitMs = 20_000): Promise<Execution> {
    return execute(this.words(words), { limitMs });
  }

  /** Starts a program that runs until it is ended. */
  start(words: readonly string[]): HostProcess {
    return new HostProcess(this.words(words));
  }

  /** Runs a module with this runtime, as {@link start}. */
  startModule(module: URL, args: readonly string[]): HostProcess {
    return this.start([Deno.execPath(), "run", "-A", "--quiet", fileURLToPath(module), ...args]);
  }
}

/** Some hosts on one switch. */
export class Network implements AsyncDisposable {
  readonly #stack = new AsyncDisposableStack();
  readonly #switch: Holder;

  private constructor(hub: Holder) {
    this.#switch = this.#stack.use(hub);
  }

  /** Makes a switch without hosts. */
  static async make(): Promise<Network> {
    const network = new Network(new Holder());
    await network.#switch.ready();
    await network.#onSwitch(["link", "add", "br0", "type", "bridge"]);
    await network.#onSwitch(["link", "set", "br0", "up"]);
    return network;
  }

  /**
   * Adds a host.
   *
   * @param number The last part of its address, 1 to 254.
   */
  async host(number: number): Promise<Host> {
    const holder = this.#stack.use(new Holder());
    await holder.ready();
    const port = `v${number}`;
    const pair = ["type", "veth", "peer", "name", "eth0", "netns", String(holder.pid)];
    await this.#onSwitch(["link", "add", port, ...pair]);
    await this.#onSwitch(["link", "set", port, "master", "br0", "up"]);
    const host = new Host(holder, `${PREFIX}${number}`);
    for (
      const words of [
        ["addr", "add", `${host.address}/24`, "dev", "eth0"],
        ["-6", "addr", "add", `${host.address6}/64`, "dev", "eth0", "nodad"],
        ["link", "set", "eth0", "up"],
        ["link", "set", "lo", "up"],
      ]
    ) await must(host.words(["ip", ...words]));
    return host;
  }

  async #onSwitch(words: readonly string[]): Promise<void> {
    await must(["nsenter", "-t", String(this.#switch.pid), "-n", "ip", ...words]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#stack.disposeAsync();
  }
}
