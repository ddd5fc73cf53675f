/**
 * The recipe of REACH for a virtual address: two balancers behind keepalived, each asked by `balance -c` whether it lives.
 *
 * @module
 */
import { assert, assertEquals, assertStringIncludes } from "../kit/assert.ts";
import { findProgram, installed, needing } from "../kit/needs.ts";
import { type Host, type HostProcess, Network, networks } from "../kit/networks.ts";
import { commandLine, quoted } from "../kit/programs.ts";
import { TempDir } from "../kit/temp_dir.ts";
import { eventually } from "../kit/wait.ts";
import { recipes } from "./recipes.ts";

const BANNER = new URL("./fixtures/banner.ts", import.meta.url);
const CLIENTS = new URL("./fixtures/clients.ts", import.meta.url);
const VIRTUAL = "10.99.0.100";
const PORT = 80;

/** The configuration of the recipe; only the program is elsewhere here. */
function configuration(check: string, priority: number): string {
  const [recipe = ""] = recipes("A virtual address");
  const [script, own] = ["/usr/bin/balance -c show 80", "priority 150"];
  assertStringIncludes(recipe, `script "${script}"\n`);
  assertStringIncludes(recipe, `${own}\n`);
  return `${recipe.replace(script, check).replace(own, `priority ${priority}`)}\n`;
}

/** One of the two: a balancer, and the keepalived that asks it. */
class Pair implements AsyncDisposable {
  readonly #folder = new TempDir();
  readonly #stack = new AsyncDisposableStack();
  balance: HostProcess;
  readonly keepalived: HostProcess;

  constructor(readonly host: Host, priority: number, servers: readonly string[]) {
    this.balance = this.#stack.use(this.start(servers));
    const check = `${this.#folder.path}/check`;
    const ask = quoted(commandLine(["-c", "show", PORT], { runDir: this.runDir }));
    Deno.writeTextFileSync(check, `#!/bin/sh\nexec ${ask} >/dev/null 2>&1\n`, { mode: 0o755 });
    const file = `${this.#folder.path}/keepalived.conf`;
    Deno.writeTextFileSync(file, configuration(check, priority));
    const pids = ["p", "r", "c"].flatMap((letter) => [`-${letter}`, `${file}.${letter}`]);
    this.keepalived = this.#stack.use(
      host.start([findProgram("keepalived") ?? "", "-n", "-l", "-P", "-f", file, ...pids]),
    );
  }

  get runDir(): string {
    return this.#folder.path;
  }

  start(servers: readonly string[]): HostProcess {
    return this.host.start(commandLine(["-f", PORT, ...servers], { runDir: this.runDir }));
  }

  /** Whether it has the virtual address. */
  async isMaster(): Promise<boolean> {
    const { stdout } = await this.host.run(["ip", "-br", "addr", "show", "dev", "eth0"]);
    return new TextDecoder().decode(stdout).includes(VIRTUAL);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // It takes the address away, and ends its children.
    await this.keepalived.end("SIGTERM");
    await this.#stack.disposeAsync();
    this.#folder[Symbol.dispose]();
  }
}

/** The longest time in which no client was served, in ms, and how many were not. */
function outage(lines: readonly string[]): { readonly ms: number; readonly failed: number } {
  const tries = lines.map((line) => line.split(" "));
  let last = 0;
  let longest = 0;
  let failed = 0;
  for (const [began = "", answer] of tries) {
    if (answer === "-") {
      failed++;
      continue;
    }
    longest = Math.max(longest, Number(began) - last);
    last = Number(began);
  }
  return { ms: longest, failed };
}

Deno.test(
  needing(
    [networks(), installed("keepalived")],
    "keepalived: when a balancer is killed, the other one has the address within seconds",
  ),
  async () => {
    await using network = await Network.make();
    const [one, two, three, four] = [
      await network.host(1),
      await network.host(2),
      await network.host(3),
      await network.host(4),
    ];
    await using server = three.startModule(BANNER, [three.address, "8080", "web"]);
    await server.stdout.until("listening");
    const destinations = [`${three.address}:8080`];
    await using first = new Pair(one, 150, destinations);
    await using second = new Pair(two, 100, destinations);
    // Whoever was ready first keeps the address, whatever its priority is.
    await eventually(
      async () => await first.isMaster() || await second.isMaster(),
      "one of them is the master",
      30_000,
    );
    const [master, other] = await first.isMaster() ? [first, second] : [second, first];
    await using clients = four.startModule(CLIENTS, [VIRTUAL, String(PORT), "10", "500"]);
    await clients.stdout.until(" web");
    master.balance.signal("SIGKILL");
    await eventually(() => other.isMaster(), "the other one is the master", 30_000);
    const seen = clients.stdout.text.length;
    await clients.stdout.until(" web", seen);
    await clients.end();
    assertEquals(await master.isMaster(), false, "one master");
    const { ms, failed } = outage(clients.stdout.text.trim().split("\n"));
    const figure = `keepalived: new connections failed for ${ms} ms (${failed} of them)\n`;
    Deno.stderr.writeSync(new TextEncoder().encode(figure));
    assert(ms < 15_000, `no client was served for ${ms} ms`);
  },
);
