/**
 * Ends: by signal, by command, by accident; nothing left running, nothing that blocks the next start.
 *
 * @module
 */
import { assertEquals, assertMatch } from "../kit/assert.ts";
import { Backend, echo } from "../kit/backends.ts";
import { checkEcho } from "../kit/clients.ts";
import { Instance } from "../kit/instance.ts";
import { needing, program } from "../kit/needs.ts";
import { freePort } from "../kit/ports.ts";
import { state } from "../kit/processes.ts";
import { commandLine, execute, quoted, run } from "../kit/programs.ts";
import { startBalance, startInstance } from "../kit/start.ts";
import { TempDir } from "../kit/temp_dir.ts";
import { eventually, within } from "../kit/wait.ts";

Deno.test("after kill -9 the same start works at once, again and again", async () => {
  await using backend = new Backend(echo);
  using dir = new TempDir();
  const port = freePort();
  const pids = new Set<number>();
  for (let round = 0; round < 5; round++) {
    const started = await run([port, backend.operand], { runDir: dir.path });
    assertEquals([started.code, started.stdout, started.stderr], [0, "", ""]);
    await using balance = await Instance.at(port, dir.path);
    pids.add(balance.pid);
    assertMatch(await balance.ask("show"), /ENA +127\.0\.0\.1 \d+( +0){5}$/m);
    using client = await balance.connect();
    await checkEcho(client);
    balance.signal("SIGKILL");
    // The port is free as soon as the killed process is gone.
    await balance.gone(2000);
  }
  assertEquals(pids.size, 5);
});

Deno.test("a draining instance and its successor on the same port do not disturb each other", async () => {
  await using backend = new Backend(echo);
  using dir = new TempDir();
  const args = [freePort(), backend.operand];
  const runDir = dir.path;
  await using old = await startBalance(args, { runDir });
  using client = await old.connect();
  await checkEcho(client);
  const killed = await run(["-c", "kill", old.port], { runDir });
  assertEquals(killed.stdout, "shutdown complete, exiting.\n");
  await using successor = await startBalance(args, { runDir });
  await checkEcho(client);
  client.close();
  await old.gone();
  assertEquals((await run(["-c", "version", old.port], { runDir })).code, 0);
  using next = await successor.connect();
  await checkEcho(next);
});

Deno.test(
  needing(
    program("script"),
    "a start on a terminal that hangs up leaves a living, controllable instance",
  ),
  async () => {
    using dir = new TempDir();
    const port = freePort();
    // The terminal goes as soon as the command has returned, and everything on it is hung up.
    const words = commandLine([port], { runDir: dir.path });
    const started = await execute(["script", "-qec", quoted(words), "/dev/null"]);
    assertEquals(started.code, 0, started.stderr);
    await using balance = await Instance.at(port, dir.path);
    assertMatch(await balance.ask("version"), /3\.54/);
    assertEquals((await run(["-c", "kill", port], { runDir: dir.path })).code, 0);
  },
);

Deno.test("SIGSTOP and SIGCONT cost nothing but the time", async () => {
  await using backend = new Backend(echo);
  await using balance = await startInstance([backend.port], { options: ["-T", "60"] });
  using client = await balance.connect();
  await checkEcho(client);
  balance.signal("SIGSTOP");
  await eventually(() => state(balance.pid) === "T", "its stop");
  const answer = checkEcho(client);
  balance.signal("SIGCONT");
  await within(answer, "the echo");
});
