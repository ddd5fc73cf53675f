/**
 * Ends: by signal, by command, by accident; nothing left running, nothing that blocks the next start.
 *
 * @module
 */
import { assert, assertEquals, assertMatch, assertRejects } from "../kit/assert.ts";
import { needing, program } from "../kit/needs.ts";
import { Background, run } from "./background.ts";
import { balanceCommand, eventually, freePort, Instance, within } from "./kit.ts";
import { Backend, echo, readExactly, writeAll } from "./peers.ts";
import { alive, state } from "./proc.ts";

const HELLO = new TextEncoder().encode("hello");

async function talk(connection: Deno.TcpConn): Promise<void> {
  await writeAll(connection, HELLO);
  await readExactly(connection, HELLO.length);
}

for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
  Deno.test(`${signal} ends a foreground instance at once, with the conventional status`, async () => {
    await using backend = new Backend(echo);
    await using balance = await Instance.start([backend.port]);
    using client = await balance.connect();
    await talk(client);
    balance.kill(signal);
    assertEquals((await within("the end", balance.status, 2000)).signal, signal);
    await client.read(HELLO).catch(() => {});
  });
}

Deno.test("after kill -9 the same start works at once, again and again", async () => {
  await using backend = new Backend(echo);
  const words = [`127.0.0.1:${backend.port}`];
  await using background = await Background.start(words);
  for (let round = 0; round < 5; round++) {
    using client = await background.connect();
    await talk(client);
    const old = background.pid;
    Deno.kill(old, "SIGKILL");
    const { code, stderr } = await eventuallyStarts(background, words);
    assertEquals([code, stderr], [0, ""]);
    assert(background.pid !== old);
    assertMatch(await background.ask("show"), /ENA +127\.0\.0\.1 \d+( +0){5}$/m);
  }
});

/** The port is free as soon as the killed process is gone. */
async function eventuallyStarts(
  background: Background,
  words: readonly string[],
): Promise<{ code: number; stderr: string }> {
  const old = background.pid;
  await eventually("its end", () => !alive(old), 2000);
  return await background.startAgain(words);
}

Deno.test("a dead instance is named with its pid", async () => {
  await using background = await Background.start([]);
  const { pid } = background;
  await background.end("SIGKILL");
  const dead = await background.control("show");
  assertEquals([dead.code, dead.stdout], [69, `no master process with pid ${pid}, exiting.\n`]);
});

Deno.test("a second start is refused and leaves the first one in control", async () => {
  await using backend = new Backend(echo);
  const words = [`127.0.0.1:${backend.port}`];
  await using background = await Background.start(words);
  const { pid } = background;
  const again = await background.startAgain(words);
  assertEquals([again.code, again.stderr], [71, "bind(): Address already in use\n"]);
  assertEquals((await background.control("version")).code, 0);
  assertEquals([background.pid, alive(pid)], [pid, true]);
});

Deno.test("a draining instance and its successor on the same port do not disturb each other", async () => {
  await using backend = new Backend(echo);
  const words = [`127.0.0.1:${backend.port}`];
  await using background = await Background.start(words);
  const old = background.pid;
  using client = await background.connect();
  await talk(client);
  assertEquals((await background.control("kill")).stdout, "shutdown complete, exiting.\n");
  assertEquals((await background.startAgain(words)).code, 0);
  await talk(client);
  client.close();
  await eventually("the end of the old one", () => !alive(old));
  assertEquals((await background.control("version")).code, 0);
  using next = await background.connect();
  await talk(next);
});

Deno.test("a background instance has its own session, no terminal, and stands in /", async () => {
  await using background = await Background.start([]);
  const stat = await Deno.readTextFile(`/proc/${background.pid}/stat`);
  const [, , , session, terminal] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  assertEquals([session, terminal], [String(background.pid), "0"]);
  assertEquals(await Deno.readLink(`/proc/${background.pid}/cwd`), "/");
});

Deno.test(
  needing(
    program("script"),
    "a start on a terminal that hangs up leaves a living, controllable instance",
  ),
  async () => {
    await using background = await Background.start([]);
    await background.end("SIGKILL");
    const words = [
      ...balanceCommand(),
      ...["-b", "127.0.0.1", "--run-dir", background.runDir, String(background.port)],
    ];
    const command = words.map((word) => `'${word}'`).join(" ");
    // The terminal goes as soon as the command has returned, and everything on it is hung up.
    const script = new Deno.Command("script", {
      args: ["-qec", command, "/dev/null"],
      stdin: "null",
      stdout: "null",
    });
    assertEquals((await script.output()).code, 0);
    assertMatch(await background.ask("version"), /3\.54/);
    assertEquals((await background.control("kill")).code, 0);
  },
);

Deno.test("without its run dir an instance serves on, and can be controlled again soon", async () => {
  await using backend = new Backend(echo);
  await using balance = await Instance.start([backend.port]);
  await Deno.remove(balance.runDir, { recursive: true });
  using client = await balance.connect();
  await talk(client);
  await eventually("control again", async () => {
    try {
      return (await balance.ask("version")).includes("3.54");
    } catch {
      return false;
    }
  }, 5000);
});

Deno.test("a missing run dir that cannot be made is told in three lines, exit 69", async () => {
  const { code, stderr } = await run(["-f", "--run-dir", "/proc/nowhere", String(freePort())]);
  assertEquals([code, stderr.trim().split("\n").length], [69, 3]);
});

Deno.test("a start that fails leaves no process, no socket and no file", async () => {
  const dir = await Deno.makeTempDir({ prefix: "balance-hard-" });
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const port = String(freePort());
  const place = ["-b", "127.0.0.1", "--run-dir", dir];
  for (
    const [words, expected] of [
      [[String((taken.addr as Deno.NetAddr).port)], 71],
      [[port, "no.such.host.invalid"], 65],
      [[port, "!", "127.0.0.1"], 69],
      [["--log-file", `${dir}/no/such`, port], 71],
      [["-B", "no.such.host.invalid", port], 65],
    ] as const
  ) {
    for (const mode of [["-f"], []]) {
      const { code, stdout, stderr } = await run([...place, ...mode, ...words]);
      assertEquals([words, code, stdout, stderr.endsWith("\n")], [words, expected, "", true]);
    }
  }
  assertEquals(await Array.fromAsync(Deno.readDir(dir)), []);
  await assertRejects(() => Deno.connect({ hostname: "127.0.0.1", port: Number(port) }));
  await Deno.remove(dir, { recursive: true });
});

Deno.test("SIGSTOP and SIGCONT cost nothing but the time", async () => {
  await using backend = new Backend(echo);
  await using balance = await Instance.start([backend.port], { options: ["-T", "60"] });
  using client = await balance.connect();
  await talk(client);
  balance.kill("SIGSTOP");
  await eventually("its stop", () => state(balance.pid) === "T");
  const answer = talk(client);
  balance.kill("SIGCONT");
  await within("the echo", answer);
});
