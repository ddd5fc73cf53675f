/** `-c` and `-i` through pipes, and the control socket itself. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../kit/assert.ts";
import { Backends, hold } from "../kit/backends.ts";
import { gets, HeldClient } from "../kit/clients.ts";
import { startBalance } from "../kit/start.ts";
import { freePort } from "../kit/ports.ts";
import { eventually, Output, within } from "../kit/wait.ts";
import { TempDir } from "../kit/temp_dir.ts";
import { commandLine, commands, run, running, spawn } from "../kit/programs.ts";
import { Control } from "../kit/control.ts";

/** A session of `-i` whose stdin is ours. */
class Session implements AsyncDisposable {
  /** What it printed. */
  readonly output: Output;
  /** How it ends. */
  readonly status: Promise<Deno.CommandStatus>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #errors: Output;

  constructor(args: readonly (string | number)[], options: Parameters<typeof spawn>[1]) {
    const child = spawn(args, options);
    this.output = new Output(child.stdout);
    this.#errors = new Output(child.stderr);
    this.status = child.status;
    this.#writer = child.stdin.getWriter();
  }

  async type(text: string): Promise<void> {
    await this.#writer.write(new TextEncoder().encode(text));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.close().catch(() => {});
    await within(this.status, "the session's end");
    await Promise.all([this.output.ended, this.#errors.ended]);
  }
}

for (const command of commands()) {
  const test = (name: string, body: () => Promise<void>): void =>
    Deno.test(running(command, name), body);

  test("-c prints the answer and exits 0, whatever the answer", async () => {
    await using backends = new Backends(2);
    const port = freePort();
    await using balance = await startBalance(["-f", port, ...backends.operands], { command });
    const { runDir } = balance;
    const cases: readonly [line: string, answer: string][] = [
      ["disable 0", "channel 0 disabled\n"],
      ["disable 9", "no such channel 9\n"],
      ["foo", "syntax error\n"],
      ["group 3", ""],
      ["", ""],
      ["disable 1; enable 0", "channel 1 disabled\n"],
      ["ena 1\nversion", "channel 1 enabled\n"],
    ];
    for (const [line, answer] of cases) {
      const result = await run(["-c", line, port], { command, runDir });
      assertEquals(result, { code: 0, signal: null, stdout: answer, stderr: "" });
    }
    assertEquals(await gets(2, port), "B B");
    const { stdout } = await run(["-c", "show", port], { command, runDir });
    const lines = stdout.split("\n");
    assertEquals(
      lines[0],
      "GRP Type  #   S       ip-address  port    c      totalc maxc        sent        rcvd",
    );
    assertEquals(lines.slice(1), [
      `  0   RR  0 dis        127.0.0.1 ${
        String(backends.at(0).port).padStart(5)
      }    0           0    0           0           0`,
      `  0   RR  1 ENA        127.0.0.1 ${
        String(backends.at(1).port).padStart(5)
      }    0           2    0           0           4`,
      "",
    ]);
  });

  test("-i prints the classic's bytes through pipes", async () => {
    await using backends = new Backends(2);
    const port = freePort();
    const args = ["-f", port, backends.operands[0] ?? "", "!", backends.operands[1] ?? ""];
    await using balance = await startBalance(args, { command });
    const head =
      `\nbalance 3.54 interactive command shell\nPID of master process is ${balance.pid}\n\n`;
    const cases: readonly [stdin: string, wanted: string][] = [
      ["", "balance[0] \n"],
      ["quit\nshow\n", "balance[0] "],
      ["\n \nq\n", "balance[0] balance[0] balance[0] "],
      [
        "group 1\ndisable 0\r\nenable 0",
        "balance[0] balance[1] channel 0 disabled\nbalance[1] channel 0 enabled\nbalance[1] \n",
      ],
      [
        "foo\ngroup 16\nmaxc 5 1\n",
        "balance[0] syntax error\nbalance[0] value out of range\nbalance[0] unknown channel\nbalance[0] \n",
      ],
      [`disable ${"0".repeat(3000)}7\n`, "balance[0] no such channel 7\nbalance[0] \n"],
    ];
    for (const [stdin, wanted] of cases) {
      const result = await run(["-i", port], { command, runDir: balance.runDir, stdin });
      assertEquals(result, { code: 0, signal: null, stdout: head + wanted, stderr: "" });
    }
  });

  test("kill frees the port at once and lets connections go on", async () => {
    await using backends = new Backends(1, hold);
    const port = freePort();
    await using balance = await startBalance([port, ...backends.operands], { command });
    const { runDir } = balance;
    using client = await HeldClient.open(port);
    assertEquals(client.name, "A");
    const killed = await run(["-c", "k", port], { command, runDir });
    assertEquals(killed, {
      code: 0,
      signal: null,
      stdout: "shutdown complete, exiting.\n",
      stderr: "",
    });
    using _free = Deno.listen({ port });
    const after = await run(["-c", "show", port], { command, runDir });
    assertEquals(after, {
      code: 69,
      signal: null,
      stdout: "no master process, exiting.\n",
      stderr: "",
    });
    assertEquals(backends.at(0).open, 1);
    client[Symbol.dispose]();
    await balance.gone();
  });

  test("an instance that was killed is told by its pid, and can be started again", async () => {
    const port = freePort();
    using dir = new TempDir();
    const options = { command, runDir: dir.path };
    const first = await startBalance([port], options);
    first.signal("SIGKILL");
    await first.gone();
    const gone = { code: 69, signal: null, stderr: "" };
    const stdout = `no master process with pid ${first.pid}, exiting.\n`;
    for (const args of [["-c", "show"], ["-c", "kill"], ["-c", "nonsense"], ["-i"]]) {
      assertEquals(await run([...args, port], { ...options, stdin: "quit\n" }), {
        ...gone,
        stdout,
      });
    }
    await using second = await startBalance([port], options);
    const shown = await run(["-c", "version", port], options);
    assertStringIncludes(shown.stdout, "This is balance 3.54");
    assert(second.pid !== first.pid);
  });

  test("-c and -i of a port that never had an instance exit 69 and leave no trace", async () => {
    using dir = new TempDir();
    const options = { command, runDir: dir.path };
    for (const args of [["-c", "show"], ["-i"]]) {
      const result = await run([...args, freePort()], options);
      assertEquals(result, {
        code: 69,
        signal: null,
        stdout: "no master process, exiting.\n",
        stderr: "",
      });
    }
    assertEquals(dir.names, []);
  });
}

Deno.test("a closed stdout ends -c and -i quietly", async () => {
  await using backends = new Backends(3);
  const port = freePort();
  await using balance = await startBalance(["-f", port, ...backends.operands]);
  const { runDir } = balance;
  for (const args of [["-c", "show"], ["-i"]]) {
    const words = commandLine([...args, port], { runDir }).map((word) => `'${word}'`).join(" ");
    const script = `yes show | head -2000 | ${words} | head -1`;
    const { code, stderr } = await within(
      new Deno.Command("sh", { args: ["-c", script], stdout: "piped", stderr: "piped" }).output(),
      "the pipeline",
    );
    assertEquals([code, new TextDecoder().decode(stderr)], [0, ""]);
  }
});

Deno.test("sessions run at once, and each sees what the others do", async () => {
  await using backends = new Backends(2);
  const port = freePort();
  await using balance = await startBalance(["-f", port, ...backends.operands]);
  const options = { runDir: balance.runDir };
  await using one = new Session(["-i", port], options);
  await using two = new Session(["-i", port], options);
  // A prompt without a newline arrives at once: programs can drive the shell.
  await one.output.until("balance[0] ");
  await two.output.until("balance[0] ");
  await one.type("disable 1\n");
  await one.output.until("channel 1 disabled\nbalance[0] ");
  await two.type("disable 1\n");
  await two.output.until("channel 1 already disabled\nbalance[0] ");
  await run(["-c", "enable 1", port], options);
  await two.type("enable 1\n");
  await two.output.until("channel 1 already enabled\nbalance[0] ");
});

Deno.test("a session whose instance dies says so at the next command, with exit code 69", async () => {
  const port = freePort();
  const balance = await startBalance(["-f", port]);
  {
    await using session = new Session(["-i", port], { runDir: balance.runDir });
    await session.output.until("balance[0] ");
    balance.signal("SIGKILL");
    await balance.gone();
    await session.type("show\n");
    const { code } = await within(session.status, "the session's end");
    assertEquals(code, 69);
    await session.output.until(`no master process with pid ${balance.pid}, exiting.\n`);
  }
  await balance[Symbol.asyncDispose]();
});

Deno.test("-d traces a control command: two lines before the answer, two on stderr", async () => {
  const port = freePort();
  await using balance = await startBalance(["-f", port]);
  const { runDir } = balance;
  const result = await run(["-d", "-c", "disable 0", port], { runDir });
  assertEquals(result.stdout, "argv[0]=balance\nbindhost=NULL\nno such channel 0\n");
  assertEquals(result.stderr, `source port ${port}\nfile ${balance.socket} already exists\n`);
});

Deno.test("instances are told apart by the text of -b; 0.0.0.0 is the default", async () => {
  const port = freePort();
  await using balance = await startBalance(["-f", port]);
  const options = { runDir: balance.runDir };
  const same = await run(["-b", "0.0.0.0", "-c", "version", port], options);
  assertEquals(same.code, 0);
  const other = await run(["-b", "127.0.0.1", "-c", "version", port], options);
  assertEquals([other.code, other.stdout], [69, "no master process, exiting.\n"]);
});

Deno.test("a control connection of garbage gets a syntax error, and harms nobody", async () => {
  await using backends = new Backends(1);
  const port = freePort();
  await using balance = await startBalance(["-f", port, ...backends.operands]);
  using control = await Control.open(balance.socket);
  assertEquals(await control.ask("\x00\x01\xff \u{1f600}"), "syntax error");
  assertEquals(await control.ask("x".repeat(5000)), "syntax error");
  await within(control.closed(), "the end of a connection with too long a line");
  assertEquals(await gets(1, port), "A");
});

Deno.test("more control connections than allowed end the one that has been idle longest", async () => {
  const port = freePort();
  await using balance = await startBalance(["-f", port]);
  using oldest = await Control.open(balance.socket);
  using stack = new DisposableStack();
  for (let count = 0; count < 40; count++) stack.use(await Control.open(balance.socket));
  await within(oldest.closed(), "the oldest is dropped");
  assertStringIncludes(await balance.ask("version"), "3.54");
});

Deno.test("the control socket is its owner's alone, and goes with the instance", async () => {
  using dir = new TempDir();
  const port = freePort();
  await using balance = await startBalance([port], { runDir: dir.path });
  const info = await Deno.lstat(balance.socket);
  assertEquals([info.isSocket, (info.mode ?? 0) & 0o777], [true, 0o600]);
  assertEquals(dir.names, [`balance.${port}.0.0.0.0`]);
  await balance.ask("kill");
  await balance.gone();
  assertEquals(dir.names, []);
});

Deno.test("a name that the operator gives is looked up by the instance, without stopping it", async () => {
  await using backends = new Backends(1);
  const port = freePort();
  await using balance = await startBalance(["-f", port, ...backends.operands]);
  assertEquals(await balance.ask("create localhost:4711 80"), "channel created");
  assertEquals(await balance.ask("create nosuch.invalid 80"), "invalid address");
  assertEquals(await balance.column("destination"), [backends.operands[0] ?? "", "127.0.0.1:4711"]);
  await balance.ask("disable 0");
  assertEquals(await balance.ask("assign 0 nosuch.invalid 1"), "invalid address");
  assertEquals((await balance.column("destination"))[0], backends.operands[0]);
  assertEquals(await balance.ask("assign 0 127.1 smtp"), "channel reassigned");
  assertEquals((await balance.column("destination"))[0], "127.0.0.1:25");
});

Deno.test("an instance that the control socket's folder was taken from keeps serving", async () => {
  await using backends = new Backends(1);
  const port = freePort();
  using dir = new TempDir();
  await using balance = await startBalance(["-f", port, ...backends.operands], {
    runDir: dir.path,
  });
  await Deno.remove(balance.socket);
  assertEquals(await gets(1, port), "A");
  const lost = await run(["-c", "show", port], { runDir: dir.path });
  assertEquals([lost.code, lost.stdout], [69, "no master process, exiting.\n"]);
});

Deno.test("a symbolic link in place of the socket is not followed", async () => {
  const port = freePort();
  await using balance = await startBalance(["-f", port]);
  using dir = new TempDir();
  await Deno.symlink(balance.socket, `${dir.path}/balance.${port}.0.0.0.0`);
  const result = await run(["-c", "kill", port], { runDir: dir.path });
  assertEquals(result.code, 71);
  assertMatch(result.stderr, /^open: .+\ncheck rendezvousfile permissions \[.*\]\n$/);
  await eventually(async () => (await balance.ask("version")) !== "", "it still runs");
});
