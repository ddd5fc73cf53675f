/** `--top` in a terminal, in front of an instance that is made up. */
import { FakeControl } from "../kit/fake_control.ts";
import { needing, program } from "../kit/needs.ts";
import { commandLine, quoted, run } from "../kit/programs.ts";
import { children, isAlive } from "../kit/processes.ts";
import { TempDir } from "../kit/temp_dir.ts";
import { Tmux, type TmuxOptions } from "../kit/tmux.ts";
import { eventually } from "../kit/wait.ts";
import { assert, assertEquals, assertStringIncludes } from "../kit/assert.ts";
import { type MadeChannel, makeState } from "../kit/documents.ts";
import type { StateDocument } from "../../lib/core/report/documents.ts";

const TMUX = program("tmux");
const EVENT = {
  at: "2026-11-25T14:03:12Z",
  kind: "transition",
  level: "warning",
  text: "channel 0.1 web2 down: http 503 (3 of 3), was up 6d1h",
} as const;

const THREE: readonly MadeChannel[] = [
  { name: "web1", connections: 7 },
  { name: "web2", state: "down", reason: "http 503" },
  { name: "web3" },
];

/** A state whose counters grow with the clock: ten new connections a second. */
function growing(channels: readonly MadeChannel[] = THREE): StateDocument {
  const totalConnections = Math.floor(Date.now() / 100);
  const [first = { name: "none" }, ...others] = channels;
  const groups = [[{ ...first, totalConnections }, ...others], [{ name: "spare" }]];
  return makeState(groups, { now: new Date().toISOString() });
}

/** Lines around `--top`: what was on the screen before it, how it ended, and whether the terminal is as it was. */
function script(
  fake: FakeControl,
  words: readonly string[] = ["--top", String(fake.port)],
): string {
  const command = quoted(commandLine(words, { runDir: fake.runDir }));
  return `echo before; old=$(stty -g); ${command}; echo "ended with $?"
    test "$old" = "$(stty -g)" && echo "as it was"; exec cat`;
}

/** A test of a terminal in which the instance is seen. */
function seen(
  name: string,
  body: (terminal: Tmux, fake: FakeControl) => Promise<void>,
  options: TmuxOptions = {},
  state: () => StateDocument = growing,
): void {
  Deno.test(needing(TMUX, name), async () => {
    await using fake = new FakeControl(state);
    await using terminal = await Tmux.start(script(fake), options);
    await terminal.until("balance 8888");
    await body(terminal, fake);
  });
}

/** Waits for the end: the screen and the terminal are as they were, and a line may say why. */
async function endsWith(terminal: Tmux, code: number, said?: string | RegExp): Promise<void> {
  const screen = await terminal.until(`ended with ${code}\nas it was`);
  assertEquals(screen[0], "before");
  if (said !== undefined) await terminal.until(said);
  else assertEquals(screen[1], `ended with ${code}`);
  assertEquals([await terminal.ask("alternate_on"), await terminal.ask("cursor_flag")], ["0", "1"]);
}

seen("80x24: the sentence, the figures, the table and the keys", async (terminal) => {
  const screen = await terminal.until(/ new\/s {4,5}(9|10|11) /);
  assertStringIncludes(screen[0] ?? "", "balance 8888  3 of 4 up - web2 down");
  assertStringIncludes(screen[3] ?? "", "out/s  p99ms");
  assertStringIncludes(screen[4] ?? "", "> 0  0  up        web1   10.0.0.11:80      7");
  assertStringIncludes(screen[23] ?? "", "q quit");
  assertEquals([await terminal.ask("alternate_on"), await terminal.ask("cursor_flag")], ["1", "0"]);
});

seen("200x60 uses the room, the last column too", async (terminal) => {
  const screen = await terminal.until("minute");
  assertStringIncludes(screen[59] ?? "", "w why ended");
  assertEquals(screen[0]?.length, 200);
}, { columns: 200, rows: 60 });

seen("40x10 keeps what matters", async (terminal) => {
  const screen = await terminal.until("web3");
  assertStringIncludes(screen[4] ?? "", "DOWN      web2");
  assertStringIncludes(screen[9] ?? "", "q quit");
}, { columns: 40, rows: 10 });

seen("a resized terminal is drawn anew, smaller and larger", async (terminal) => {
  await terminal.resize(40, 10);
  await terminal.until(/^balance 8888 .*…\n[^]* d dis/);
  await terminal.resize(120, 30);
  const screen = await terminal.until("c connections  w why ended");
  assertStringIncludes(screen[29] ?? "", "q quit");
  assertEquals(screen.filter((line) => line.startsWith("balance 8888")).length, 1);
});

seen("trouble is red, and with NO_COLOR it is not", async (terminal) => {
  // deno-lint-ignore no-control-regex -- they are looked for
  assert(/\x1b\[[0-9;]*31m/.test((await terminal.screen(true)).join("")));
});

seen("NO_COLOR: no colour, but words, bold and reverse", async (terminal) => {
  await terminal.until("DOWN");
  const screen = (await terminal.screen(true)).join("");
  // deno-lint-ignore no-control-regex -- as above
  assert(!/\x1b\[[0-9;]*[349][0-7]m/.test(screen), JSON.stringify(screen));
  // deno-lint-ignore no-control-regex -- as above
  assert(/\x1b\[(0;)?7m/.test(screen));
}, { env: { NO_COLOR: "1" } });

const MANY: readonly MadeChannel[] = Array.from({ length: 64 }, (_, at) => ({ name: `web${at}` }));

seen(
  "64 channels scroll, the chosen one in sight",
  async (terminal) => {
    await terminal.press(...Array.from({ length: 20 }, () => "Down"));
    const screen = await terminal.until(/> {3}20 {2}up/);
    assert(screen.some((line) => line.startsWith("    19  up")));
    await terminal.press("End");
    await terminal.until("> 1  0  up        spare");
    await terminal.press("Home");
    await terminal.until("> 0  0  up        web0");
    await terminal.press("NPage");
    await terminal.until(/> {3}12 {2}up/);
  },
  {},
  () => growing(MANY),
);

seen("d, e and r are carried out at once, and what the instance says is shown", async (
  terminal,
  fake,
) => {
  fake.answer = (command) => [`did ${command}`];
  await terminal.press("Down", "d");
  await terminal.until("did disable 1");
  await terminal.press("Down", "Down", "e");
  await terminal.until("did enable 0");
  await terminal.press("Up", "r");
  await terminal.until("did drain 2 0");
  assertEquals(fake.commands, ["0: disable 1", "1: enable 0", "0: drain 2 0"]);
});

seen("x asks before it cuts", async (terminal, fake) => {
  await terminal.press("x");
  await terminal.until("cut all 7 connections of 0.0 web1? y/n");
  await terminal.press("n");
  await terminal.until("nothing was cut");
  await terminal.press("x", "y");
  await eventually(() => fake.commands.length === 1, "the cut");
  assertEquals(fake.commands, ["0: cut 0"]);
});

seen("h, c and w show what the instance answers, and Esc goes back", async (terminal, fake) => {
  const connection = {
    client: "192.0.2.7:5123",
    group: 0,
    channel: 0,
    server: "10.0.1.11:80",
    ageSeconds: 75,
    idleSeconds: 0,
    sentBytes: 1,
    receivedBytes: 2,
    phase: "relaying",
  };
  const health = {
    ...{
      group: 0,
      channel: 0,
      name: "web1",
      enabled: true,
      state: "up",
      reason: null,
      check: null,
    },
    ...{ since: "2026-11-25T14:03:12Z", failuresInARow: 0, trialInSeconds: null },
    ...{ downs: 77, ejections: 0 },
  };
  const answers: Record<string, unknown> = {
    "health json": { channels: [health] },
    "conns json 0.0": { connections: [connection], omitted: 0 },
    "causes json": { causes: [{ cause: "client closed", count: 12345, last: null }] },
  };
  fake.answer = (command) => [JSON.stringify(answers[command])];
  await terminal.press("h");
  await terminal.until(/downs[^]* 77$/m);
  await terminal.press("c");
  await terminal.until("192.0.2.7:5123         10.0.1.11:80   1m15s");
  await terminal.press("w");
  await terminal.until("client closed       12,345");
  await terminal.press("Escape");
  await terminal.until("new/s   in/s");
});

seen("events are seen as they come, by local time", async (terminal, fake) => {
  await terminal.until("no events since ");
  await eventually(() => fake.watchers === 1, "it listens");
  await fake.tell(EVENT);
  await terminal.until(" 15:03:12  channel 0.1 web2 down: http 503 (3 of 3), was up 6d1h");
}, { env: { TZ: "UTC-1" } });

for (const key of ["q", "C-c"]) {
  seen(`${key} gives the terminal back, exit 0`, async (terminal) => {
    await terminal.press(key);
    await endsWith(terminal, 0);
  });
}

seen("SIGTERM gives the terminal back too, exit 128+15", async (terminal) => {
  for (const pid of children(Number(await terminal.ask("pane_pid")))) Deno.kill(pid, "SIGTERM");
  await endsWith(terminal, 143);
});

seen("the end of the instance gives the terminal back, and one line says so: 69", async (
  terminal,
  fake,
) => {
  fake.end();
  await endsWith(
    terminal,
    69,
    /^balance: the instance at 8888 \(pid 4711\) has ended/m,
  );
});

/** A state that is none inside: a later version's, or a fault. */
let broken = false;
seen(
  "a fault gives the terminal back too: 70",
  async (terminal) => {
    broken = true;
    await endsWith(terminal, 70, /^balance: /m);
  },
  {},
  () => broken ? growing([{ name: 1 as unknown as string }]) : growing(),
);

seen("a terminal that has gone takes the view with it", async (terminal) => {
  const [pid = 0] = children(Number(await terminal.ask("pane_pid")));
  assert(isAlive(pid));
  await terminal[Symbol.asyncDispose]();
  await eventually(() => !isAlive(pid), "the end of the view");
});

seen("a connection that the instance drops is made again, and events still come", async (
  terminal,
  fake,
) => {
  await eventually(() => fake.watchers === 1, "it listens");
  fake.drop();
  await eventually(() => fake.watchers === 0, "it was dropped");
  await eventually(() => fake.watchers === 1, "it listens again");
  await fake.tell(EVENT);
  await terminal.until("channel 0.1 web2 down");
});

seen("an instance that does not answer is told, and when it does, nothing more", async (
  terminal,
  fake,
) => {
  const { promise, resolve } = Promise.withResolvers<void>();
  fake.silent = promise;
  await terminal.until("no answer since ");
  fake.silent = undefined;
  resolve();
  await terminal.until("3 of 4 up");
});

Deno.test(
  needing(TMUX, "Ctrl-Z gives the terminal to the shell, and fg takes it again"),
  async () => {
    await using fake = new FakeControl(growing);
    const command = quoted(commandLine(["--top", fake.port], { runDir: fake.runDir }));
    await using terminal = await Tmux.start(`PS1='shell> ' exec bash --norc --noprofile -i`);
    await terminal.until("shell>");
    await Deno.writeTextFile(`${fake.runDir}/top.sh`, `exec ${command}`);
    await terminal.press(`sh ${fake.runDir}/top.sh`, "Enter");
    await terminal.until("balance 8888");
    await terminal.press("C-z");
    await terminal.until(/Stopped[^]*shell>/);
    assertEquals(await terminal.ask("alternate_on"), "0");
    await terminal.press("fg", "Enter");
    await terminal.until("balance 8888");
    await terminal.press("q");
    await terminal.until(/^shell>$/m);
  },
);

Deno.test(needing(TMUX, "an instance that is not there is told as with -c: 69"), async () => {
  await using fake = new FakeControl(growing);
  await using terminal = await Tmux.start(script(fake, ["--top", "8889"]));
  await endsWith(terminal, 69, "no master process, exiting.");
});

Deno.test(
  needing(TMUX, "an instance that knows no show json is told to be too old: 65"),
  async () => {
    await using fake = new FakeControl(() => "x" as unknown as StateDocument);
    await using terminal = await Tmux.start(script(fake));
    await endsWith(terminal, 65, "balance: the instance is of a version without --top");
  },
);

Deno.test("without a terminal --top is one line on stderr: 64", async () => {
  using dir = new TempDir();
  const { code, stdout, stderr } = await run(["--top", 8888], { runDir: dir.path });
  assertEquals([code, stdout, stderr], [64, "", "balance: --top needs a terminal\n"]);
});
