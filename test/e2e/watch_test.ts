/** `watch`: what happens, as it happens. */
import { assert, assertEquals, assertMatch } from "../kit/assert.ts";
import { Backends, startBackend } from "../kit/backends.ts";
import { gets } from "../kit/clients.ts";
import { Control } from "../kit/control.ts";
import { type Instance } from "../kit/instance.ts";
import { program } from "../kit/needs.ts";
import { freePort, ownAddress } from "../kit/ports.ts";
import { residentBytes } from "../kit/processes.ts";
import { commandLine, commands, execute, quoted, run, running } from "../kit/programs.ts";
import { readEvent } from "../kit/schema.ts";
import { ShellSession } from "../kit/shell_session.ts";
import { startInstance } from "../kit/start.ts";
import { plain, Terminal } from "../kit/terminal.ts";
import { eventually, START_MS, within } from "../kit/wait.ts";

const BIND = ["-b", "127.0.0.1"];
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /;
const QUICK = [
  "--check",
  "tcp",
  "--check-interval",
  "0.1",
  "--check-fall",
  "1",
  "--check-rise",
  "1",
];

/** A control connection that watches, from now on. */
async function watcher(instance: Instance, words = ""): Promise<Control> {
  const control = await Control.open(instance.socket);
  await control.send(`watch ${words}`);
  // The first word says that it has begun.
  assertEquals(await control.line(), { kind: "progress", text: "" });
  return control;
}

Deno.test("what operators change is told at once, each with its channel's name", async () => {
  await using backends = new Backends(2);
  await using instance = await startInstance([
    `${backends.operands[0]},name=web one`,
    "!",
    ...backends.operands,
  ], {
    options: ["--workers", 2],
  });
  using people = await watcher(instance);
  using programs = await watcher(instance, "json");
  using operator = await Control.open(instance.socket);
  const name = backends.operands[1] ?? "";
  const cases: readonly [command: string, text: string | undefined][] = [
    ["disable 0", "channel 0.0 web one disabled"],
    ["disable 0", undefined],
    ["enable 0", "channel 0.0 web one enabled"],
    ["drain 1.1 0", `channel 1.1 ${name} set to drain`],
    ["weight 0 7", "channel 0.0 web one given weight 7"],
    ["maxc 0 9", "channel 0.0 web one given maxc 9"],
    ["reset 0", "channel 0.0 web one had its counters reset"],
    ["method least", "group 0 set to least"],
    ["create 127.0.0.1 80", "channel created in group 0"],
    ["assign 1 127.0.0.3:81,name=new 80", "channel 0.1 new sent to 127.0.0.3:81"],
    ["show", undefined],
  ];
  for (const [command, text] of cases) {
    await operator.answer(command);
    if (text === undefined) continue;
    const line = await people.text();
    assertMatch(line, TIME);
    assertEquals(line.replace(TIME, ""), `notice ${text} by an operator`);
    const event = readEvent(await programs.text());
    assertEquals([event.kind, event.text], ["operator", `${text} by an operator`]);
    const subject = event.name === undefined
      ? ""
      : `channel ${event.group}.${event.channel} ${event.name} `;
    assert(text.startsWith(subject), text);
  }
});

Deno.test("transitions are told at once, and the past to those who want it", async () => {
  const [hostname, port] = [ownAddress(), freePort()];
  const server = startBackend("A", undefined, { hostname, port });
  await using other = startBackend("B");
  await using instance = await startInstance([`${hostname}:${port},name=web`, other.operand], {
    options: QUICK,
  });
  await eventually(async () => !(await instance.ask("health")).includes(" -  web"), "a check");
  using watching = await watcher(instance);
  await server[Symbol.asyncDispose]();
  assertMatch(
    await watching.text(),
    /Z notice channel 0\.0 web down: refused \(1 of 1\), was up \d+m?s$/,
  );
  await using _back = startBackend("A", undefined, { hostname, port });
  assertMatch(
    await watching.text(),
    /Z notice channel 0\.0 web up: connected \(1 of 1\), was down \d+m?s$/,
  );
  await instance.ask("disable 1");
  using late = await watcher(instance);
  using later = await Control.open(instance.socket);
  await later.send("watch json all");
  await late.interrupt();
  assertEquals((await late.line())?.kind, "end");
  const past = [await later.text(), await later.text(), await later.text()].map(readEvent);
  assertEquals(past.map(({ kind }) => kind), ["transition", "transition", "operator"]);
});

for (const command of commands()) {
  const test = (
    name: string,
    body: (instance: Instance) => Promise<void>,
    needs = [program("sh")],
  ) =>
    Deno.test(running(command, name, needs), async () => {
      await using backends = new Backends(1);
      await using instance = await startInstance(backends.operands, { command });
      await body(instance);
    });

  test("Ctrl-C ends -c watch with exit code 0, and each line comes when it happens", async (instance) => {
    const { runDir, port } = instance;
    await using session = new ShellSession([...BIND, "-c", "watch", port], { command, runDir });
    await eventually(async () => {
      await instance.ask("reset 0");
      return session.output.text !== "";
    }, "it watches");
    await instance.ask("disable 0");
    await session.output.until("notice channel 0.0");
    await session.output.until("disabled by an operator\n");
    session.signal("SIGINT");
    assertEquals(await session.end(), 0);
    assertEquals(session.errors.text, "");
  });

  test("a watch ends with its instance: a line, and exit code 69", async (instance) => {
    const { runDir, port, pid } = instance;
    await using session = new ShellSession([...BIND, "-c", "watch", port], { command, runDir });
    await eventually(async () => {
      await instance.ask("reset 0");
      return session.output.text !== "";
    }, "it watches");
    await instance.ask("kill");
    assertEquals(await session.end(), 69);
    assertMatch(
      session.output.text,
      new RegExp(`\nno master process with pid ${pid}, exiting.\n$`),
    );
  });

  test("a watch whose reader goes ends quietly, with exit code 0", async (instance) => {
    const { runDir, port } = instance;
    const watch = quoted(commandLine([...BIND, "-c", "watch all", port], { command, runDir }));
    await instance.ask("disable 0");
    await instance.ask("enable 0");
    const watching = execute(["sh", "-c", `{ ${watch}; echo $? >&2; } | head -1`]);
    const ticking = setInterval(() => void instance.ask("reset 0").catch(() => {}), 100);
    const { stdout, stderr } = await watching.finally(() => clearInterval(ticking));
    assertMatch(
      new TextDecoder().decode(stdout),
      /^[^\n]* channel 0\.0 [^\n]* disabled by an operator\n$/,
    );
    assertEquals(stderr, "0\n");
  });

  test("in a session the next line ends a watch, and is carried out", async (instance) => {
    const { runDir, port } = instance;
    await using session = new ShellSession([...BIND, "-i", port], { command, runDir });
    await session.output.until("balance[0] ");
    await session.type("watch\n");
    await eventually(async () => {
      await instance.ask("reset 0");
      return session.output.text.includes("counters reset");
    }, "it watches");
    await session.type("disable 0\n");
    await session.output.until("balance[0] channel 0 disabled\nbalance[0] ");
    await session.type("watch\n");
    await session.type("quit\n");
    assertEquals(await session.end(), 0);
  });

  test("Ctrl-C on a terminal ends a watch and its session", async (instance) => {
    const { runDir, port } = instance;
    await using terminal = new Terminal(commandLine([...BIND, "-i", port], { command, runDir }));
    await terminal.screen.until("balance[0] ");
    await terminal.type("watch\r");
    await eventually(async () => {
      await instance.ask("reset 0");
      return terminal.screen.text.includes("counters reset");
    }, "it watches");
    await terminal.type("\r");
    await eventually(() => plain(terminal.screen.text).endsWith("\nbalance[0] "), "a prompt");
    await terminal.type("watch\r");
    const from = terminal.screen.text.length;
    await eventually(async () => {
      await instance.ask("reset 0");
      return terminal.screen.text.includes("counters reset", from);
    }, "it watches again");
    await terminal.type("\x03");
    await terminal.end();
    assert((await run([...BIND, "-c", "version", port], { command, runDir })).code === 0);
  }, [program("script")]);
}

Deno.test("as many watch as may be connected, and all hear the same", async () => {
  await using backends = new Backends(1);
  await using instance = await startInstance(backends.operands);
  using stack = new DisposableStack();
  const watchers: Control[] = [];
  // One connection is the operator's.
  for (let count = 0; count < 31; count++) watchers.push(stack.use(await watcher(instance)));
  using operator = await Control.open(instance.socket);
  await operator.ask("disable 0");
  const lines = await Promise.all(watchers.map((each) => each.text()));
  assertEquals(new Set(lines).size, 1);
  assertMatch(lines[0] ?? "", /disabled by an operator$/);
  for (const each of watchers) await each.interrupt();
  for (const each of watchers) {
    assertEquals(await each.line(), { kind: "end", group: 0, bye: false, status: 0 });
    assertEquals(await each.ask("version") !== "", true);
  }
});

Deno.test("a watcher that does not read is let go, and disturbs nobody", async () => {
  await using backends = new Backends(1);
  await using instance = await startInstance(backends.operands);
  const deaf = await Deno.connect({ transport: "unix", path: instance.socket });
  await deaf.write(new TextEncoder().encode("watch json\n"));
  using other = await watcher(instance);
  using operator = await Control.open(instance.socket);
  const before = residentBytes(instance.pid);
  // More than the socket takes, and than waits for a reader.
  for (let round = 0; round < 6000; round++) {
    await operator.ask(round % 2 === 0 ? "disable 0" : "enable 0");
    await other.text();
  }
  assertEquals(await gets(1, instance.port), "A");
  assert(residentBytes(instance.pid) - before < 64 * 1024 * 1024);
  // It reads on after all: what waited comes, and then the end.
  const limit = performance.now() + START_MS;
  let text = "";
  const decoder = new TextDecoder();
  const chunk = new Uint8Array(65536);
  while (!/\n\. 0 status=75\n$/.test(text.slice(-100))) {
    assert(performance.now() < limit, "its end never came");
    const count = await within(deaf.read(chunk), "what is left");
    if (count === null) break;
    text += decoder.decode(chunk.subarray(0, count), { stream: true });
  }
  const events = text.split("\n").filter((line) => line.startsWith("{"));
  assert(events.length < 6000, String(events.length));
  for (const event of events.slice(0, 3)) readEvent(event);
  assertEquals(await operator.ask("version") !== "", true);
  deaf.close();
});
