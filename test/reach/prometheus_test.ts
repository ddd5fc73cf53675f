/**
 * The recipe of REACH for metrics: one Prometheus that scrapes several balancers, asked through its own API.
 *
 * @module
 */
import { assert, assertEquals } from "../kit/assert.ts";
import { findProgram, installed, needing } from "../kit/needs.ts";
import { type Host, type HostProcess, Network, networks } from "../kit/networks.ts";
import { commandLine } from "../kit/programs.ts";
import { TempDir } from "../kit/temp_dir.ts";
import { eventually } from "../kit/wait.ts";
import { recipes, wordsOf } from "./recipes.ts";

const BANNER = new URL("./fixtures/banner.ts", import.meta.url);
const CLIENTS = new URL("./fixtures/clients.ts", import.meta.url);
/** Longest time for a thing to be seen: some intervals of the scrape, on a busy machine. */
const SEEN_MS = 60_000;

/** One series of an answer. */
interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [number, string];
}

/** Prometheus on a host, with the recipe's configuration. */
class Prometheus implements AsyncDisposable {
  readonly #folder = new TempDir();
  readonly #host: Host;
  readonly #process: HostProcess;

  constructor(host: Host, configuration: string) {
    this.#host = host;
    const file = `${this.#folder.path}/prometheus.yml`;
    Deno.writeTextFileSync(file, configuration);
    this.#process = host.start([
      findProgram("prometheus") ?? "",
      `--config.file=${file}`,
      `--storage.tsdb.path=${this.#folder.path}/data`,
      "--web.listen-address=127.0.0.1:9090",
    ]);
  }

  /** Waits until it answers. */
  async ready(): Promise<void> {
    await this.#process.stderr.until("Server is ready");
  }

  /** What an expression gives now, by the label of one's choice. */
  async ask(expression: string, label: string): Promise<Record<string, string>> {
    const promtool = findProgram("promtool") ?? "";
    const words = ["query", "instant", "--format=json", "http://127.0.0.1:9090", expression];
    const { code, stdout, stderr } = await this.#host.run([promtool, ...words]);
    assertEquals(code, 0, stderr);
    const series: Series[] = JSON.parse(new TextDecoder().decode(stdout));
    return Object.fromEntries(
      series.map(({ metric, value }) => [metric[label] ?? "", value[1]]),
    );
  }

  /** Waits until an expression gives this. */
  async until(expression: string, label: string, expected: Record<string, string>): Promise<void> {
    let last: Record<string, string> = {};
    const wanted = JSON.stringify(Object.entries(expected).toSorted());
    await eventually(
      async () => {
        last = await this.ask(expression, label);
        return JSON.stringify(Object.entries(last).toSorted()) === wanted;
      },
      `${expression} is ${JSON.stringify(expected)}`,
      SEEN_MS,
    ).catch((error) => {
      throw new Error(`It is ${JSON.stringify(last)}`, { cause: error });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process.end("SIGTERM");
    this.#folder[Symbol.dispose]();
  }
}

Deno.test(
  needing(
    [networks(), installed("prometheus"), installed("promtool")],
    "Prometheus scrapes three balancers, and says which is up and what each of their channels does",
  ),
  async () => {
    const [command = "", configuration = "", queries = ""] = recipes("Metrics of all instances");
    const [words = []] = wordsOf(command);
    const [up = "", down = "", connections = "", rate = "", slow = ""] = queries.split("\n");
    await using stack = new AsyncDisposableStack();
    const network = stack.use(await Network.make());
    const startServer = async (number: number): Promise<HostProcess> => {
      const host = await network.host(number);
      const server = stack.use(host.startModule(BANNER, [host.address, "8080", `s${number}`]));
      await server.stdout.until("listening");
      return server;
    };
    const [, second] = [await startServer(11), await startServer(12)];
    const balancers = [];
    for (const number of [1, 2, 3]) {
      const host = await network.host(number);
      const folder = stack.use(new TempDir());
      // Each listens on its own address, as each machine of the recipe does.
      const own = words.map((word) => word.replace("10.99.0.1:", `${host.address}:`));
      const balance = stack.use(
        host.start(commandLine(["-f", ...own], { runDir: folder.path })),
      );
      balancers.push(balance);
    }
    const prometheus = stack.use(new Prometheus(await network.host(90), configuration));
    await prometheus.ready();
    const instances = [1, 2, 3].map((number) => `10.99.0.${number}:9000`);
    await prometheus.until(up, "instance", Object.fromEntries(instances.map((one) => [one, "1"])));
    for (const family of ["enabled", "up", "weight", "connections_total", "sent_bytes_total"]) {
      const count = `count by (instance, name) (balance_channel_${family})`;
      await prometheus.until(`sum by (instance) (${count})`, "instance", {
        ...Object.fromEntries(instances.map((one) => [one, "2"])),
      });
    }
    assertEquals(await prometheus.ask(down, "instance"), {});

    const clientHost = await network.host(20);
    for (const number of [1, 2, 3]) {
      const args = [`10.99.0.${number}`, "80", "20", "3000"];
      const clients = stack.use(clientHost.startModule(CLIENTS, args));
      await clients.stdout.until(/ s11[^]* s12/);
    }
    await eventually(
      async () => Number((await prometheus.ask(rate, ""))[""] ?? 0) > 1,
      "new connections a second",
      SEEN_MS,
    );
    assert(Number((await prometheus.ask(slow, ""))[""]) > 0, "a time for a connect");
    const servers = ["10.99.0.11:8080", "10.99.0.12:8080"];
    assertEquals(Object.keys(await prometheus.ask(connections, "name")).toSorted(), servers);

    await second?.end();
    await prometheus.until(down, "instance", Object.fromEntries(instances.map((i) => [i, "0"])));
    assertEquals(await prometheus.ask(down, "name"), { "10.99.0.12:8080": "0" });
    await balancers[2]?.end();
    await prometheus.until(up, "instance", {
      [instances[0] ?? ""]: "1",
      [instances[1] ?? ""]: "1",
      [instances[2] ?? ""]: "0",
    });
  },
);
