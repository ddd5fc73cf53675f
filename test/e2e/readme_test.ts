/** The README's commands, typed as they stand, where the names in them lead to servers. */
import { assert, assertEquals, assertMatch } from "../kit/assert.ts";
import { commandsIn, sectionOf } from "../kit/markdown.ts";
import { findProgram, installed, inTurn, namespace, needing, program } from "../kit/needs.ts";
import { type Command, commandLine, execute, quoted, ROOT, SOURCE } from "../kit/programs.ts";
import { TempDir } from "../kit/temp_dir.ts";
import { Output } from "../kit/wait.ts";

const README = Deno.readTextFileSync(`${ROOT}README.md`);
const HOSTS = { web1: "127.0.1.1", web2: "127.0.1.2", spare: "127.0.1.3", db1: "127.0.1.4" };
const ALL = { ...HOSTS, db2: "127.0.1.5", "web.example.net": "127.0.1.1" };
/** A client's address that the README lets in. */
const FRIEND = "192.0.2.7";
const DENO = quoted([Deno.execPath(), "run", "--quiet", "--no-lock", "-A"]);

/** A world in which the README's names are known: its files are those of a folder, and it ends with its shell. */
const WORLD = `
  mount --bind "$FOLDER/hosts" /etc/hosts && echo nameserver 127.0.0.1 >"$FOLDER/resolv.conf" &&
  mount --bind "$FOLDER/resolv.conf" /etc/resolv.conf && mount -t tmpfs none /run &&
  ip link set lo up && ip addr add ${FRIEND}/32 dev lo && cd "$FOLDER" && PATH="$FOLDER/bin:$PATH" &&
  "$DNSMASQ" --no-resolv --conf-file=/dev/null --user= --listen-address=127.0.0.1 --bind-interfaces \\
    --pid-file= && { ${DENO} ${ROOT}test/e2e/fixtures/readme_servers.ts $SERVERS >servers & } &&
  until grep -q listening servers; do sleep 0.1; done && exec sh`;

const NEEDS = [
  program("ip"),
  installed("dnsmasq"),
  inTurn(() => namespace("network"), () => namespace("mount"), () => namespace("pid")),
];

/** A shell in that world. */
class Shell implements AsyncDisposable {
  readonly #folder = new TempDir();
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #output: Output;
  readonly #errors: Output;
  #count = 0;

  constructor(command: Command) {
    const folder = this.#folder.path;
    Deno.chmodSync(folder, 0o755);
    const hosts = Object.entries(ALL).map(([name, address]) => `${address} ${name}\n`);
    Deno.writeTextFileSync(`${folder}/hosts`, `127.0.0.1 localhost\n${hosts.join("")}`);
    Deno.mkdirSync(`${folder}/bin`);
    const program = `#!/bin/sh\nexec ${quoted(commandLine([], { command }))} "$@"\n`;
    Deno.writeTextFileSync(`${folder}/bin/balance`, program, { mode: 0o755 });
    Deno.writeTextFileSync(`${folder}/deploy`, "#!/bin/sh\necho deployed $1\n", { mode: 0o755 });
    const servers = Object.entries(HOSTS).map(([name, address]) =>
      `${address}:${name === "db1" ? 5432 : 80}=${name}`
    );
    this.#child = new Deno.Command("unshare", {
      args: ["-mnpf", "--mount-proc", "--kill-child", "sh", "-c", WORLD],
      env: {
        FOLDER: folder,
        SERVERS: servers.join(" "),
        DNSMASQ: findProgram("dnsmasq") ?? "",
      },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#input = this.#child.stdin.getWriter();
    this.#output = new Output(this.#child.stdout);
    this.#errors = new Output(this.#child.stderr);
  }

  /** Types a command, and returns what it prints; it must succeed. */
  async type(command: string): Promise<string> {
    const from = this.#output.text.length;
    const mark = `exit-${++this.#count}`;
    const line = `{ ${command}\n} </dev/null; echo "${mark}=$?"\n`;
    await this.#input.write(new TextEncoder().encode(line));
    const text = await this.#output.until(new RegExp(`${mark}=\\d+\n`), from).catch((error) => {
      throw new Error(this.#errors.text, { cause: error });
    });
    const [said = "", code = ""] = text.slice(from).split(`${mark}=`);
    assertEquals(code.trim(), "0", `${command}: ${said}${this.#errors.text}`);
    return said;
  }

  /** What clients of port 8888 get. */
  async clients(count: number, address = "127.0.0.1"): Promise<string> {
    const script = `${ROOT}test/e2e/fixtures/readme_clients.ts`;
    const answers = await this.type(`${DENO} ${script} ${address} 8888 ${count}`);
    return answers.trim().split("\n").join(", ");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close().catch(() => {});
    this.#child.kill("SIGKILL");
    await this.#child.status;
    await Promise.all([this.#output.ended, this.#errors.ended]);
    this.#folder[Symbol.dispose]();
  }
}

Deno.test(needing(NEEDS, "each of the README's ten things is what the command does"), async () => {
  const blocks = commandsIn(sectionOf(README, "Ten things people do"));
  assertEquals(blocks.length, 10);
  const [file = "", check = "", same = "", least = "", queue = "", ...others] = blocks;
  const [names = "", header = "", allow = "", drain = "", http = ""] = others;
  await using shell = new Shell(SOURCE);
  /** Plays a command, and what its clients get. */
  const play = async (command: string, count: number): Promise<string> => {
    await shell.type(command);
    const answers = await shell.clients(count);
    await shell.type("balance -c kill 8888");
    return answers;
  };
  await shell.type("printf '%s\\n' '8888 web1:80 web2:80' '! spare:80' >web.conf");
  assertEquals(await play(file, 3), "web1 GET, web2 GET, web1 GET");
  // On a busy machine the check of one may be late, so that the other one has both.
  let answers = await play(check, 2);
  assertMatch(answers, /^web\d GET, web\d GET$/);
  // And in the middle of these too.
  const wanted = /^(web\d GET), \1, \1$/;
  for (let tries = 3; tries > 0 && !wanted.test(answers); tries--) answers = await play(same, 3);
  assertMatch(answers, wanted);
  // The first one's end may not have come through when the second one is there.
  assertMatch(await play(least, 2), /^web1 GET, web\d GET$/);
  // db2 does not serve.
  assertEquals(await play(queue, 2), "db1 GET, db1 GET");
  assertEquals(await play(names, 2), "web1 GET, web1 GET");
  assertEquals(await play(header, 2), "web1 PROXY-v2, web2 PROXY-v2");

  await shell.type(allow);
  assertEquals(await shell.clients(2), "-, -");
  const allowed = await shell.clients(25, FRIEND);
  assertEquals(allowed.split(", ").filter((answer) => answer === "-").length, 5);
  await shell.type("balance -c kill 8888");

  await shell.type(http);
  assertMatch(await shell.type(fetcher("")), /^<!doctype html>/i);
  assertMatch(await shell.type(fetcher("metrics")), /^balance_channel_up\{.* 1$/m);
  assertMatch(await shell.type(drain), /^deployed web2$/m);
  assertEquals(await shell.clients(2), "web1 GET, web2 GET");
});

/** A script that prints a page of `--http 9000`. */
function fetcher(path: string): string {
  const script = `console.log(await (await fetch("http://localhost:9000/${path}")).text())`;
  return quoted([Deno.execPath(), "eval", "--quiet", script]);
}

Deno.test(
  needing(NEEDS, "each command by which the README operates an instance works"),
  async () => {
    const [start = ""] = commandsIn(README);
    const [block = ""] = commandsIn(sectionOf(README, "Operate"));
    const lines = block.split("\n");
    assert(lines.length > 10);
    await using shell = new Shell(SOURCE);
    await shell.type(start);
    await shell.clients(2);
    for (const line of lines) {
      // These two go on until they are stopped, and the last one needs a terminal.
      if (/ watch | --top /.test(line)) continue;
      assert(await shell.type(line) !== undefined);
    }
    assertEquals(await shell.type("balance --list || echo none"), "none\n");
  },
);

Deno.test("every command of the README is one that this program understands", async () => {
  const lines = commandsIn(README).flatMap((block) => block.split("\n"));
  const long = lines.flatMap((line) =>
    line.startsWith("balance ") ? [...line.replace(/#.*/, "").matchAll(/ --([a-z-]+)/g)] : []
  );
  const { stdout } = await execute(commandLine(["--help"], { command: SOURCE }));
  const help = new TextDecoder().decode(stdout);
  assert(long.length > 5);
  assertEquals(long.filter(([, name]) => !help.includes(`--${name}`)), []);
});
