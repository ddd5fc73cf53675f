/** Running with less than all grants. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../kit/assert.ts";
import { needing, program } from "../kit/needs.ts";
import { startBackend } from "../kit/backends.ts";
import { get, gets } from "../kit/clients.ts";
import { freePort, isOpen } from "../kit/ports.ts";
import { plain, Terminal } from "../kit/terminal.ts";
import { eventually, Output, within } from "../kit/wait.ts";
import { TempDir } from "../kit/temp_dir.ts";
import { type Command, ROOT, run, spawn } from "../kit/programs.ts";

/** The program with some flags of `deno run`, prompts allowed. */
function sourceWith(...flags: string[]): Command {
  return { name: flags.join(" "), words: [Deno.execPath(), "run", ...flags, `${ROOT}main.ts`] };
}

const NET_ONLY = sourceWith("--allow-net");
/** The one line that an instance without control says. */
const NOTICE = /^balance: no control socket and no background without --allow-read=\/ .+\n/;

for (const flags of [["-f"], []]) {
  Deno.test(`deno run --allow-net main.ts ${flags.join("")} serves, with one line on stderr`, async () => {
    await using a = startBackend("A");
    await using b = startBackend("B");
    const port = freePort();
    const args = [...flags, port, `localhost:${a.port}`, b.operand];
    const child = spawn(args, { command: NET_ONLY });
    const stdout = new Output(child.stdout);
    const stderr = new Output(child.stderr);
    await child.stdin.close();
    await eventually(() => isOpen(port), "it listens");
    assertEquals((await gets(4, port)).split(" ").sort(), ["A", "A", "B", "B"]);
    child.kill("SIGTERM");
    const { signal } = await within(child.status, "the end");
    await Promise.all([stdout.ended, stderr.ended]);
    assertEquals([signal, stdout.text], ["SIGTERM", ""]);
    assertMatch(stderr.text, NOTICE);
    assertEquals(stderr.text.replace(NOTICE, ""), "");
  });
}

Deno.test(
  needing(program("script"), "deno run --allow-net main.ts -f asks nothing on a terminal"),
  async () => {
    await using backend = startBackend("A");
    const port = freePort();
    const words = [...NET_ONLY.words, "-f", String(port), `localhost:${backend.port}`];
    await using terminal = new Terminal(words);
    await eventually(() => isOpen(port), "it listens");
    assertEquals(await get(port), "A");
    await terminal.screen.until("\n");
    assertMatch(plain(terminal.screen.text), NOTICE);
    assertEquals(plain(terminal.screen.text).replace(NOTICE, ""), "");
  },
);

for (
  const [flags, args, said] of [
    [
      [],
      ["-f", "--log-file=x"],
      "no permission to write log file {}/x, needs --allow-read={} --allow-write={}",
    ],
    [
      ["--allow-write"],
      ["-f", "--log-file=x"],
      "no permission to write log file {}/x, needs --allow-read={}",
    ],
    [
      ["--allow-read={}", "--allow-write={}"],
      ["-f", "--log-file=/x"],
      "no permission to write log file /x, needs --allow-read=/ --allow-write=/",
    ],
    [
      ["--allow-read={}", "--allow-write={}"],
      ["-f", "--log-file=link/x"],
      "no permission to write log file {}/link/x, needs --allow-read=/usr --allow-write=/usr",
    ],
    [["--allow-sys"], ["-d", "-c", "show"], "control needs --allow-read --allow-write --allow-sys"],
    [["--allow-sys"], ["-i"], "control needs --allow-read --allow-write --allow-sys"],
    [
      ["--allow-sys", "--allow-read"],
      ["--run-dir=x", "-i"],
      "control needs --allow-read --allow-write --allow-sys",
    ],
  ] as const
) {
  const words = [...flags, ...args].join(" ");
  Deno.test(`deno run --allow-net ${words} on a terminal asks nothing and ends with one line`, async () => {
    using dir = new TempDir();
    await Deno.symlink("/usr", `${dir.path}/link`);
    const here = (text: string): string => text.replaceAll("{}", Deno.realPathSync(dir.path));
    const command = [...sourceWith("--allow-net", ...flags.map(here)).words, ...args];
    const operands = [String(freePort()), ...(args[0] === "-f" ? ["127.0.0.1:1"] : [])];
    await using terminal = new Terminal(["env", "-C", dir.path, ...command, ...operands]);
    assertEquals(await terminal.end(), 71);
    await terminal.screen.ended;
    assertEquals(plain(terminal.screen.text).replace(NOTICE, ""), `balance: ${here(said)}\n`);
  });
}

for (
  const [args, said] of [
    [["-a"], /^connection failed group 0 channel 0\n.* needs to be enabled manually .*\n$/],
    [["-B127.0.0.1"], /^$/],
    [["-d"], / connect to channel 0 successful\n$/],
    [["--workers=2"], /^balance: one worker instead of 2: workers need --allow-read\n$/],
    [["--run-dir=x"], /^$/],
  ] as const
) {
  Deno.test(`deno run --allow-net main.ts -f ${args.join(" ")} asks nothing on a terminal`, async () => {
    await using backend = startBackend("A");
    const port = freePort();
    const destinations = [...(args[0] === "-a" ? ["127.0.0.1:1"] : []), backend.operand];
    const words = [...NET_ONLY.words, "-f", ...args, String(port), ...destinations];
    await using terminal = new Terminal(words);
    await eventually(() => isOpen(port), "it listens");
    assertEquals(await get(port), "A");
    const text = (): string => plain(terminal.screen.text).replace(NOTICE, "");
    await eventually(() => said.test(text()), `${said} on the screen: ${text()}`);
  });
}

Deno.test("--log-file needs its folder's grants only", async () => {
  await using backend = startBackend("A");
  using dir = new TempDir();
  const real = await Deno.realPath(dir.path);
  const command = sourceWith("--allow-net", `--allow-read=${real}`, `--allow-write=${real}`);
  const port = freePort();
  const log = `--log-file=${real}/log`;
  const child = spawn(["-f", "--log-connections", log, port, backend.operand], { command });
  const stdout = new Output(child.stdout);
  const stderr = new Output(child.stderr);
  await child.stdin.close();
  await eventually(() => isOpen(port), "it listens");
  assertEquals(await get(port), "A");
  await eventually(() => Deno.readTextFileSync(`${real}/log`).includes("ended"), "the line");
  child.kill("SIGKILL");
  await child.status;
  await Promise.all([stdout.ended, stderr.ended]);
  assertEquals(stderr.text.replace(NOTICE, ""), "");
});

Deno.test("deno run without any grant says what is missing, in one line, and does not ask", async () => {
  const port = freePort();
  for (const flags of [["--no-prompt"], []]) {
    const result = await run(["-f", port, "127.0.0.1:80"], { command: sourceWith(...flags) });
    assert(result.code !== 0);
    assertMatch(
      result.stderr.replace(NOTICE, ""),
      new RegExp(
        `^balance: no permission to listen on 0\\.0\\.0\\.0:${port}, needs --allow-net=.+\n$`,
      ),
    );
  }
});

Deno.test("a grant too narrow for the listener is named", async () => {
  const command = sourceWith("--allow-net=127.0.0.1:1");
  const port = freePort();
  const { code, stderr } = await run(["-f", port, "127.0.0.1:1"], { command });
  assertEquals(code, 71);
  assertStringIncludes(stderr, `needs --allow-net=0.0.0.0:${port}\n`);
  assertEquals(stderr.replace(NOTICE, "").split("\n").length, 2);
});

Deno.test("a grant too narrow for a destination is named", async () => {
  const port = freePort();
  const command = sourceWith(`--allow-net=0.0.0.0:${port},localhost`);
  for (const [host, text] of [["127.0.0.1:81", "127.0.0.1"], ["localhost:81", "localhost"]]) {
    const { code, stderr } = await run(["-f", port, host ?? ""], { command });
    assertEquals(code, 71);
    assertEquals(
      stderr.replace(NOTICE, ""),
      `balance: no permission to connect to ${text}, needs --allow-net=127.0.0.1:81\n`,
    );
  }
});

Deno.test("a grant that just covers listener and destinations is enough", async () => {
  await using backend = startBackend("A");
  const port = freePort();
  const command = sourceWith(`--allow-net=0.0.0.0:${port},${backend.operand}`);
  const child = spawn(["-f", port, backend.operand], { command });
  const stdout = new Output(child.stdout);
  const stderr = new Output(child.stderr);
  await child.stdin.close();
  await eventually(() => isOpen(port), "it listens");
  assertEquals(await get(port), "A");
  child.kill("SIGKILL");
  await child.status;
  await Promise.all([stdout.ended, stderr.ended]);
  assertEquals(stderr.text.replace(NOTICE, ""), "");
});

Deno.test("control with --allow-net alone says which grants it needs, and does not ask", async () => {
  for (const args of [["-c", "show"], ["-i"]]) {
    const { code, stderr } = await run([...args, 4711], { command: NET_ONLY });
    assertEquals(code, 71);
    assertMatch(stderr, /^balance: control needs --allow-read .+\n$/);
  }
});
