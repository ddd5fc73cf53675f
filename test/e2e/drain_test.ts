/** `drain`: a channel that is taken out of service, and waited for. */
import { assert, assertEquals, assertMatch } from "../kit/assert.ts";
import { Backends, hold } from "../kit/backends.ts";
import { HeldClient } from "../kit/clients.ts";
import { Control } from "../kit/control.ts";
import { type Instance } from "../kit/instance.ts";
import { program } from "../kit/needs.ts";
import { commandLine, commands, execute, quoted, run, running } from "../kit/programs.ts";
import { ShellSession } from "../kit/shell_session.ts";
import { startInstance } from "../kit/start.ts";
import { plain, Terminal } from "../kit/terminal.ts";
import { eventually, sleep } from "../kit/wait.ts";

const BIND = ["-b", "127.0.0.1"];
/** Empties a line from the cursor on. */
const CLEAR = "\x1b[K";

/** Waits until the channel is disabled, and so a drain of it has begun. */
async function begun(instance: Instance, channel = 0): Promise<void> {
  await eventually(
    async () => (await instance.column("status"))[channel] === "dis",
    "the drain has begun",
  );
}

/** What is on a terminal's screen after all control sequences have done their work. */
function shown(screen: string): string {
  return screen.split("\n").map((line) => {
    let text = "";
    for (const part of line.split("\r")) {
      const clears = part.startsWith(CLEAR);
      const rest = clears ? part.slice(CLEAR.length) : part;
      text = clears ? rest : rest + text.slice(rest.length);
    }
    return text;
  }).join("\n");
}

for (const workers of [1, 2]) {
  const options = ["--workers", workers];
  const test = (name: string, body: () => Promise<void>): void =>
    Deno.test(`drain, --workers ${workers}: ${name}`, body);

  test("an empty channel is drained at once", async () => {
    await using backends = new Backends(2, hold);
    await using instance = await startInstance(backends.operands, { options });
    assertEquals(await instance.answer("drain 1"), {
      text: "channel 0.1 is drained",
      status: 0,
      progress: [],
    });
    assertEquals(await instance.column("status"), ["ENA", "dis"]);
    assertEquals(await instance.answer("drain 1 0"), {
      text: "channel 0.1 is drained",
      status: 0,
      progress: [],
    });
  });

  test("connections that outlast the time give 75, and stay", async () => {
    await using backends = new Backends(1, hold);
    await using instance = await startInstance(backends.operands, { options });
    using _one = await HeldClient.open(instance.port);
    const began = performance.now();
    const { text, status } = await instance.answer("drain 0 1");
    assertEquals([text, status], ["channel 0.0 still has 1 connection", 75]);
    assert(performance.now() - began >= 990);
    using _none = await HeldClient.open(instance.port);
    assertEquals(_none.name, "");
    assertEquals(await instance.column("c"), [1]);
    const now = await instance.answer("drain 0.0 0");
    assertEquals([now.text, now.status], ["channel 0.0 still has 1 connection", 75]);
  });

  test("the end of the last connection ends it with 0, whoever waits", async () => {
    await using backends = new Backends(1, hold);
    await using instance = await startInstance(backends.operands, { options });
    const one = await HeldClient.open(instance.port);
    const two = await HeldClient.open(instance.port);
    using first = await Control.open(instance.socket);
    using second = await Control.open(instance.socket);
    const drains = Promise.all([first.answer("drain 0"), second.answer("drain 0.0 60")]);
    await begun(instance);
    one[Symbol.dispose]();
    await eventually(async () => (await instance.column("c"))[0] === 1, "one has gone");
    two[Symbol.dispose]();
    for (const { text, status, progress } of await drains) {
      assertEquals([text, status], ["channel 0.0 is drained", 0]);
      assertMatch(progress[0] ?? "", /^channel 0\.0: [12] connections? left$/);
    }
  });

  test("a channel that is enabled meanwhile gives 75", async () => {
    await using backends = new Backends(1, hold);
    await using instance = await startInstance(backends.operands, { options });
    using _one = await HeldClient.open(instance.port);
    using control = await Control.open(instance.socket);
    const drain = control.answer("drain 0");
    await begun(instance);
    await instance.ask("enable 0");
    const { text, status } = await drain;
    assertEquals([text, status], ["channel 0.0 was enabled again", 75]);
    using two = await HeldClient.open(instance.port);
    assertEquals(two.name, "A");
  });
}

Deno.test("a drain whose client has gone leaves the channel disabled and its connections alone", async () => {
  await using backends = new Backends(1, hold);
  await using instance = await startInstance(backends.operands);
  using one = await HeldClient.open(instance.port);
  {
    using control = await Control.open(instance.socket);
    await control.send("drain 0");
    await begun(instance);
  }
  assertEquals(await instance.column("status"), ["dis"]);
  assertEquals(await instance.column("c"), [1]);
  one[Symbol.dispose]();
  await instance.idle();
  assertEquals(await instance.column("status"), ["dis"]);
});

Deno.test("a drain that is refused does not look like one that is done", async () => {
  await using backends = new Backends(1, hold);
  await using instance = await startInstance(backends.operands);
  const cases: readonly [command: string, text: string][] = [
    ["drain", "syntax error"],
    ["drain 1", "no such channel 1"],
    ["drain 1.0", "no such channel 1.0"],
    ["drain 16.0", "no such channel 16.0"],
    ["drain 0x", "no such channel 0x"],
    ["drain -1", "no such channel -1"],
    ["drain 0 soon", "value out of range"],
    ["drain 0 -1", "value out of range"],
    ["drain 0 2000001", "value out of range"],
  ];
  for (const [command, text] of cases) {
    const answered = await instance.answer(command);
    assertEquals([command, answered.text, answered.status], [command, text, 64]);
  }
  assertEquals(await instance.column("status"), ["ENA"]);
  const { runDir, port } = instance;
  const result = await run([...BIND, "-c", "drain 7 1", port], { runDir });
  assertEquals(result, { code: 64, signal: null, stdout: "no such channel 7\n", stderr: "" });
});

Deno.test("an interruption ends the wait; one that comes too late means nothing", async () => {
  await using backends = new Backends(1, hold);
  await using instance = await startInstance(backends.operands);
  using one = await HeldClient.open(instance.port);
  using control = await Control.open(instance.socket);
  const drain = control.answer("drain 0");
  await begun(instance);
  await control.interrupt();
  const { text, status } = await drain;
  assertEquals([text, status], ["channel 0.0 still has 1 connection", 75]);
  await control.interrupt();
  assertEquals(await control.ask("enable 0"), "channel 0 enabled");
  // Another command ends the wait as well, and is carried out.
  await control.send("drain 0");
  await begun(instance);
  await control.send("enable 0");
  assertEquals(await control.text(), "channel 0.0 still has 1 connection");
  assertEquals((await control.line())?.kind, "end");
  assertEquals(await control.text(), "channel 0 enabled");
  one[Symbol.dispose]();
});

Deno.test("questions are answered while a drain goes on, in other sessions", async () => {
  await using backends = new Backends(2, hold);
  await using instance = await startInstance(backends.operands, { options: ["--workers", 2] });
  using _one = await HeldClient.open(instance.port);
  using control = await Control.open(instance.socket);
  const drain = control.answer("drain 0");
  await begun(instance);
  assertMatch(await instance.ask("conns 0"), /0\.0 .* relaying$/);
  assertMatch(await instance.ask("explain 127.0.0.1"), /skipped: draining/);
  assertMatch(
    await instance.ask("snapshot"),
    /\n# channel 0\.0 is disabled: disable 0 in group 0$/,
  );
  assertEquals(await instance.ask("cut 0.0"), "1 connection ended");
  assertEquals((await drain).status, 0);
});

for (const command of commands()) {
  const test = (
    name: string,
    body: (instance: Instance) => Promise<void>,
    needs = [program("sh")],
  ) =>
    Deno.test(running(command, name, needs), async () => {
      await using backends = new Backends(2, hold);
      await using instance = await startInstance(backends.operands, { command });
      await body(instance);
    });

  test("a shell script goes on after a drain, and not after one that is not done", async (instance) => {
    const { runDir, port } = instance;
    using one = await HeldClient.open(port);
    const words = (drain: string): string =>
      quoted(commandLine([...BIND, "-c", drain, port], { command, runDir }));
    const script = `${words("drain 0 1")} && echo yes; ${words("drain 1 1")} && echo YES`;
    const { stdout, stderr, code } = await execute(["sh", "-c", script]);
    assertEquals(
      new TextDecoder().decode(stdout),
      [
        "channel 0.0 still has 1 connection",
        "channel 0.1 is drained",
        "YES",
        "",
      ].join("\n"),
    );
    // What is left is told on a terminal alone.
    assertEquals([stderr, code], ["", 0]);
    one[Symbol.dispose]();
  });

  test("a session that reads a script waits for each drain, and an empty line is nothing", async (instance) => {
    const { runDir, port } = instance;
    using _one = await HeldClient.open(port);
    const result = await run([...BIND, "-i", port], {
      command,
      runDir,
      stdin: "drain 0 1\n\ndrain 1\n.\n\nversion\n",
    });
    assertEquals([result.code, result.stderr], [0, ""]);
    assertMatch(
      result.stdout,
      /balance\[0\] channel 0\.0 still has 1 connection\nbalance\[0\] balance\[0\] channel 0\.1 is drained\nbalance\[0\] syntax error\nbalance\[0\] balance\[0\] /,
    );
    assertMatch(result.stdout, /MAXCHANNELS=64\nbalance\[0\] \n$/);
  });

  test("a drain whose instance is killed meanwhile says so, with exit code 69", async (instance) => {
    const { runDir, port, pid } = instance;
    using _one = await HeldClient.open(port);
    await using session = new ShellSession([...BIND, "-c", "drain 0", port], { command, runDir });
    await begun(instance);
    instance.signal("SIGKILL");
    assertEquals(await session.end(), 69);
    assertEquals(session.output.text, `no master process with pid ${pid}, exiting.\n`);
  });

  test("a drain whose instance is ended by another operator says so as well", async (instance) => {
    const { runDir, port, pid } = instance;
    using _one = await HeldClient.open(port);
    await using session = new ShellSession([...BIND, "-c", "drain 0", port], { command, runDir });
    await begun(instance);
    await instance.ask("kill");
    assertEquals(await session.end(), 69);
    assertEquals(session.output.text, `no master process with pid ${pid}, exiting.\n`);
  });

  test("a terminal shows what is left, and is clean afterwards", async (instance) => {
    const { runDir, port } = instance;
    using one = await HeldClient.open(port);
    const words = commandLine([...BIND, "-c", "drain 0", port], { command, runDir });
    await using terminal = new Terminal(words);
    await terminal.screen.until("channel 0.0: 1 connection left");
    one[Symbol.dispose]();
    assertEquals(await terminal.end(), 0);
    await terminal.screen.ended;
    assertEquals(shown(terminal.screen.text.replaceAll("\r\n", "\n")), "channel 0.0 is drained\n");
  }, [program("script")]);

  test("Enter ends the wait in a session on a terminal, Ctrl-C the session", async (instance) => {
    const { runDir, port } = instance;
    using _one = await HeldClient.open(port);
    const words = commandLine([...BIND, "-i", port], { command, runDir });
    await using terminal = new Terminal(words);
    await terminal.screen.until("balance[0] ");
    await terminal.type("drain 0\r");
    await terminal.screen.until("1 connection left");
    await terminal.type("\r");
    await terminal.screen.until("channel 0.0 still has 1 connection");
    const from = terminal.screen.text.length;
    await terminal.type("enable 0\r");
    await terminal.screen.until("channel 0 enabled", from);
    await terminal.type("drain 0\r");
    await terminal.screen.until("1 connection left", from);
    // The key is read once the wait has begun.
    await sleep(50);
    await terminal.type("\x03");
    await terminal.end();
    assertMatch(plain(terminal.screen.text), /still has 1 connection\n$/);
  }, [program("script")]);
}
