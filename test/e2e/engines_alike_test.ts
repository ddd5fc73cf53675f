/** Either engine is the same program: what it says and in which order, and what it may connect to. */
import { assert, assertEquals } from "../kit/assert.ts";
import { hold, startBackend } from "../kit/backends.ts";
import { get, HeldClient } from "../kit/clients.ts";
import { type Need, needing } from "../kit/needs.ts";
import { freePort, isOpen } from "../kit/ports.ts";
import { threadWakeUps } from "../kit/processes.ts";
import { ROOT, SOURCE, spawn } from "../kit/programs.ts";
import { startInstance } from "../kit/start.ts";
import { TempDir } from "../kit/temp_dir.ts";
import { eventually, Output, sleep, within } from "../kit/wait.ts";
import { greet, SocketServer } from "./socket_server.ts";

const LINUX: Need = { name: "Linux", met: Deno.build.os === "linux" };
const ENGINES = ["deno", "native"] as const;

/** What is different from run to run: ports of clients, times. */
function timeless(text: string): string {
  return text.replace(/(client="?127\.0\.0\.1):\d+/g, "$1:PORT")
    .replace(/(connectMs|seconds)=[\d.]+/g, "$1=TIME");
}

const REFUSED = "127.0.0.1:1";

/** Options, and operands around a server. */
const SAYINGS: readonly [options: readonly string[], operands: (server: string) => string[]][] = [
  [["-d"], (server) => [server]],
  [["-d", "--workers=2"], (server) => [server]],
  [["-d"], (server) => [REFUSED, server]],
  [["-d", "-a"], (server) => [REFUSED, server]],
  [["-d", "-a", "--workers=2"], (server) => [REFUSED, "!", server]],
  [["-d", "-H"], (server) => [REFUSED, server, "%"]],
  [["-d", "--workers=2"], (server) => [`${server}:-1`, "%", server]],
  [["-d", "--log-connections", "--workers=2"], (server) => [REFUSED, server, REFUSED]],
  [["--log-connections"], (server) => [REFUSED, "!", server]],
  [["-d"], () => [REFUSED, REFUSED]],
];

for (const [options, operands] of SAYINGS) {
  const words = [...options, ...operands("SERVER")].join(" ");
  Deno.test({
    ...needing(LINUX, `both engines say the same of ${words}`),
    fn: async () => {
      await using backend = startBackend("A");
      using dir = new TempDir();
      const port = freePort();
      const said: string[][] = [];
      for (const engine of ENGINES) {
        const runDir = `${dir.path}/${engine}`;
        await Deno.mkdir(runDir, { mode: 0o700 });
        const more = { options, port, engine, runDir };
        await using balance = await startInstance(operands(backend.operand), more);
        const answers: string[] = [];
        for (let client = 0; client < 4; client++) {
          answers.push(await get(port));
          await balance.idle();
        }
        await balance.ask("kill");
        await within(balance.status, "the end");
        await Promise.all([balance.stdout.ended, balance.stderr.ended]);
        const texts = [balance.stdout.text, balance.stderr.text];
        const lines = timeless(texts.join("")).replaceAll(runDir, "RUNDIR").split("\n");
        // What threads say comes in any order.
        said.push([...answers, ...options.includes("--workers=2") ? lines.sort() : lines]);
      }
      assert(said[0]?.some((text) => text.includes("connect")), `${said}`);
      assertEquals(said[1], said[0]);
    },
  });
}

for (const engine of ENGINES) {
  Deno.test({
    ...needing(LINUX, `with idle connections no thread of the ${engine} engine is ever woken`),
    fn: async () => {
      await using backend = startBackend("A", hold);
      const more = { options: ["--workers=2"], engine };
      await using balance = await startInstance([backend.operand], more);
      using clients = new DisposableStack();
      for (let at = 0; at < 20; at++) clients.use(await HeldClient.open(balance.port));
      const count = (): number => threadWakeUps(balance.pid, /^worker-\d+$/);
      // A thread tidies up for a while; one that beats does so in every second.
      await eventually(
        async () => {
          const before = count();
          await sleep(2500);
          return count() === before;
        },
        "some seconds in which none is woken",
        40_000,
      );
    },
  });
}

/** An instance with few grants. */
interface Narrow {
  readonly name: string;
  readonly grants: (places: Places) => string[];
  readonly operands: (places: Places) => string[];
  /** What clients get, or the last line of a start that is refused. */
  readonly outcome: (places: Places) => string;
}

interface Places {
  readonly port: number;
  readonly server: string;
  readonly socket: string;
}

const CODE = `--allow-read=${ROOT}`;

const NARROWED: readonly Narrow[] = [
  {
    name: "the listener and the server alone",
    grants: ({ port, server }) => [`--allow-net=127.0.0.1:${port},${server}`, CODE],
    operands: ({ server }) => [server],
    outcome: () => "A A",
  },
  {
    name: "the listener alone",
    grants: ({ port }) => [`--allow-net=127.0.0.1:${port}`, CODE],
    operands: ({ server }) => [server],
    outcome: ({ server }) =>
      `balance: no permission to connect to 127.0.0.1, needs --allow-net=${server}`,
  },
  {
    name: "the listener and a Unix socket",
    grants: ({ port, socket }) => [
      `--allow-net=127.0.0.1:${port}`,
      `${CODE},${socket}`,
      `--allow-write=${socket}`,
    ],
    operands: ({ socket }) => [`unix:${socket}`],
    outcome: () => "S S",
  },
  {
    name: "every host, and a Unix socket to read",
    grants: ({ socket }) => ["--allow-net", `${CODE},${socket}`],
    operands: ({ socket, server }) => [server, `unix:${socket}`],
    outcome: ({ socket }) =>
      `balance: no permission to connect to unix:${socket}, needs --allow-write=${socket}`,
  },
  {
    name: "every host, and a Unix socket to write",
    grants: ({ socket }) => ["--allow-net", CODE, `--allow-write=${socket}`],
    operands: ({ socket }) => [`unix:${socket}`],
    outcome: ({ socket }) =>
      `balance: no permission to connect to unix:${socket}, needs --allow-read=${socket}`,
  },
  {
    name: "a Unix socket and a server, but not the other one",
    grants: ({ port, server, socket }) => [
      `--allow-net=127.0.0.1:${port},${server}`,
      `${CODE},${socket}`,
      `--allow-write=${socket}`,
    ],
    operands: ({ socket, server }) => [`unix:${socket}`, server, "127.0.0.1:4711"],
    outcome: () =>
      "balance: no permission to connect to 127.0.0.1, needs --allow-net=127.0.0.1:4711",
  },
];

for (const { name, grants, operands, outcome } of NARROWED) {
  Deno.test({
    ...needing(LINUX, `either engine connects to what it was granted and nothing else: ${name}`),
    fn: async () => {
      await using backend = startBackend("A");
      using dir = new TempDir();
      await using socket = new SocketServer(`${await Deno.realPath(dir.path)}/s`, greet);
      const places = { port: freePort(), server: backend.operand, socket: socket.path };
      for (const engine of ENGINES) {
        const flags = ["--quiet", "--no-prompt", "--allow-ffi", ...grants(places)];
        const words = [Deno.execPath(), "run", ...flags, `${ROOT}main.ts`];
        const args = ["-f", "-b", "127.0.0.1", places.port, ...operands(places)];
        const child = spawn(args, { command: { ...SOURCE, words }, engine });
        await child.stdin.close();
        const [stdout, stderr] = [new Output(child.stdout), new Output(child.stderr)];
        const wanted = outcome(places);
        if (!wanted.startsWith("balance")) {
          await eventually(() => isOpen(places.port), "it listens");
          assertEquals([await get(places.port), await get(places.port)].join(" "), wanted, engine);
          child.kill("SIGKILL");
        }
        const { code } = await within(child.status, "the end");
        await Promise.all([stdout.ended, stderr.ended]);
        const [notice = "", ...lines] = stderr.text.trimEnd().split("\n");
        assert(notice.startsWith("balance: no control socket"), notice);
        const refused = wanted.startsWith("balance");
        assertEquals(
          [code === 71, stdout.text, lines],
          [refused, "", refused ? [wanted] : []],
          engine,
        );
      }
    },
  });
}
