/** Finding the instances that run, and complaints that help a person. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../kit/assert.ts";
import { Backend, banner } from "../kit/backends.ts";
import { program } from "../kit/needs.ts";
import { freePort } from "../kit/ports.ts";
import { commandLine, commands, NATIVE, run, running } from "../kit/programs.ts";
import { startBalance, startInstance } from "../kit/start.ts";
import { TempDir } from "../kit/temp_dir.ts";
import { Terminal } from "../kit/terminal.ts";

const SCRIPT = program("script");

for (const command of commands()) {
  Deno.test(running(command, "--list shows every instance, dead ones left out"), async () => {
    using dir = new TempDir();
    const runDir = dir.path;
    await using backend = new Backend(banner);
    await using first = await startInstance([backend.port], { command, runDir });
    await using second = await startBalance(
      ["-f", "-b", "127.0.0.2", freePort(), "127.0.0.1:1", "127.0.0.1:2"],
      { command, runDir },
    );
    {
      await using dead = await startInstance([1], { command, runDir });
      dead.signal("SIGKILL");
      await dead.gone();
    }
    const { code, stdout, stderr } = await run(["--list"], { command, runDir });
    assertEquals([code, stderr], [0, ""]);
    const [header = "", ...rows] = stdout.trim().split("\n");
    assertMatch(header, /pid +port +address +since +engine +up +c +run dir/);
    const cells = rows.map((row) => row.trim().split(/ {2,}/));
    const expected = [
      [
        `${first.pid}`,
        `${first.port}`,
        "127.0.0.1",
        NATIVE ? "native" : "deno",
        "1 of 1",
        "0",
        runDir,
      ],
      [
        `${second.pid}`,
        `${second.port}`,
        "127.0.0.2",
        NATIVE ? "native" : "deno",
        "2 of 2",
        "0",
        runDir,
      ],
    ];
    assertEquals(
      cells.map((each) => each.toSpliced(3, 1)),
      expected.toSorted((a, b) => Number(a[1]) - Number(b[1])),
    );
  });

  Deno.test(running(command, "--list --json is one document"), async () => {
    await using instance = await startInstance([1], { command });
    const { runDir } = instance;
    const { code, stdout } = await run(["--list", "--json"], { command, runDir });
    assertEquals(code, 0);
    const { instances } = JSON.parse(stdout);
    assertEquals(instances.length, 1);
    const { started, ...rest } = instances[0];
    assert(Math.abs(Date.parse(started) - Date.now()) < 60_000, started);
    assertEquals(rest, {
      runDir,
      port: instance.port,
      bind: "127.0.0.1",
      pid: instance.pid,
      address: "127.0.0.1",
      engine: NATIVE ? "native" : "deno",
      up: 1,
      channels: 1,
      connections: 0,
    });
  });

  Deno.test(running(command, "--list of nothing prints nothing and exits with 69"), async () => {
    using dir = new TempDir();
    const nothing = await run(["--list"], { command, runDir: dir.path });
    assertEquals([nothing.code, nothing.stdout, nothing.stderr], [69, "", ""]);
    const json = await run(["--list", "--json"], { command, runDir: dir.path });
    assertEquals([json.code, json.stdout], [69, '{"instances":[]}\n']);
  });

  const onTerminal = (name: string, body: () => Promise<void>): void =>
    Deno.test(running(command, name, [SCRIPT]), body);

  onTerminal("on a terminal, a missing instance is followed by those that run", async () => {
    await using instance = await startInstance([1], { command });
    const { runDir, port } = instance;
    const words = commandLine(["-c", "show", freePort()], { command, runDir });
    await using terminal = new Terminal(words);
    assertEquals(await terminal.end(), 69);
    await terminal.screen.until(`balance: running here: ${port} (-b 127.0.0.1)`);
    assertStringIncludes(terminal.screen.text, "no master process, exiting.");
  });

  onTerminal("on a terminal, a bad value of an old option is named before the usage", async () => {
    await using terminal = new Terminal(commandLine(["-t", "soon", 8888], { command }));
    assertEquals(await terminal.end(), 64);
    await terminal.screen.until("usage: balance");
    const [first = ""] = terminal.screen.text.split("\r\n");
    assertEquals(first, "balance: -t takes a number of seconds from 1, not 'soon'");
  });
}
