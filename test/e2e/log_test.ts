/** The log at the end of an instance, in a file that moves, and after a fault of the program's own. */
import { assert, assertEquals, assertMatch } from "../kit/assert.ts";
import { needing, privilege } from "../kit/needs.ts";
import { Backends, hold, startBackend } from "../kit/backends.ts";
import { get, HeldClient } from "../kit/clients.ts";
import { startBalance } from "../kit/start.ts";
import type { Instance } from "../kit/instance.ts";
import { freePort } from "../kit/ports.ts";
import { eventually, within } from "../kit/wait.ts";
import { TempDir } from "../kit/temp_dir.ts";
import { ROOT, SOURCE } from "../kit/programs.ts";

/** How many connections a log tells of. */
function endings(log: string): number {
  return log.split("\n").filter((line) => /connection ended .*cause="/.test(line)).length;
}

async function exitCode(balance: Instance): Promise<number> {
  return (await within(balance.status, "the end")).code;
}

const ENDINGS: readonly [name: string, options: string[], end: (balance: Instance) => unknown][] = [
  ["the kill command", [], (balance) => balance.ask("kill")],
  ["SIGQUIT", [], (balance) => balance.signal("SIGQUIT")],
  ["SIGTERM with --drain", ["--drain=60"], (balance) => balance.signal("SIGTERM")],
  ["the kill command, with workers", ["--workers=2"], (balance) => balance.ask("kill")],
];

for (const [name, options, end] of ENDINGS) {
  for (const target of ["stderr", "file"]) {
    for (const earlier of [0, 1]) {
      const after = earlier === 0 ? "the first line" : "a line after others";
      Deno.test(`${after} is written to ${target} when the last client leaves after ${name}`, async () => {
        await using backends = new Backends(1, hold);
        using dir = new TempDir();
        const path = `${dir.path}/log`;
        const log = target === "file" ? [`--log-file=${path}`] : [];
        const port = freePort();
        const args = ["-f", "--log-connections", ...log, ...options, port, ...backends.operands];
        await using balance = await startBalance(args);
        const text = (): string =>
          target === "file" ? Deno.readTextFileSync(path) : balance.stderr.text ?? "";
        for (let count = 0; count < earlier; count++) {
          (await HeldClient.open(port))[Symbol.dispose]();
          await eventually(() => endings(text()) === 1, "the earlier line");
        }
        const client = await HeldClient.open(port);
        await end(balance);
        client[Symbol.dispose]();
        assertEquals(await exitCode(balance), 0);
        await balance.stderr.ended;
        assertEquals(endings(text()), earlier + 1);
      });
    }
  }
}

Deno.test("after a rename by logrotate, SIGHUP makes the log go on in a new file", async () => {
  await using backend = startBackend("A");
  using dir = new TempDir();
  const path = `${dir.path}/log`;
  const port = freePort();
  const args = ["-f", "--log-connections", `--log-file=${path}`, port, backend.operand];
  await using balance = await startBalance(args);
  const logged = async (file: string, lines: number): Promise<void> => {
    assertEquals(await get(port), "A");
    await eventually(() => endings(Deno.readTextFileSync(file)) === lines, `${lines} in ${file}`);
  };
  await logged(path, 1);
  await Deno.rename(path, `${path}.renamed`);
  await logged(`${path}.renamed`, 2);
  balance.signal("SIGHUP");
  await eventually(() => dir.names.includes("log"), "the new file");
  await logged(path, 1);
  assertEquals(endings(await Deno.readTextFile(`${path}.renamed`)), 2);
  assertEquals(balance.stderr.text, "");
});

Deno.test("SIGHUP and rotation work in the background too, through a link to the folder", async () => {
  await using backend = startBackend("A");
  using dir = new TempDir();
  await Deno.mkdir(`${dir.path}/real`);
  await Deno.symlink("real", `${dir.path}/link`);
  const path = `${dir.path}/link/log`;
  // One byte short of the size at which it is rotated, without that many bytes on the disk.
  await Deno.writeTextFile(path, "");
  await Deno.truncate(path, 10 * 1024 * 1024 - 1);
  const port = freePort();
  const args = ["--log-connections", `--log-file=${path}`, port, backend.operand];
  await using balance = await startBalance(args);
  const text = (): string => Deno.readTextFileSync(path);
  assertEquals(await get(port), "A");
  await eventually(() => Deno.statSync(path).size < 1000 && endings(text()) === 1, "a new file");
  await Deno.rename(path, `${path}.renamed`);
  balance.signal("SIGHUP");
  await eventually(() => [...Deno.readDirSync(`${dir.path}/real`)].length === 3, "the new file");
  assertEquals(await get(port), "A");
  await eventually(() => endings(text()) === 1, "a line in it");
});

Deno.test({
  ...needing(
    privilege("a root folder that can be written", ["test", "-w", "/"]),
    "a log file in the root folder gets its lines",
  ),
  fn: async () => {
    await using backend = startBackend("A");
    const path = `/balance-test-${crypto.randomUUID()}.log`;
    const port = freePort();
    try {
      const args = ["-f", "--log-connections", `--log-file=${path}`, port, backend.operand];
      await using balance = await startBalance(args);
      assertEquals(await get(port), "A");
      await eventually(() => endings(Deno.readTextFileSync(path)) === 1, "the line");
      assertEquals(balance.stderr.text, "");
    } finally {
      await Deno.remove(path);
    }
  },
});

Deno.test("a fault in a timer or a task is one log line, and the instance goes on", async () => {
  await using backend = startBackend("A");
  const port = freePort();
  const words = SOURCE.words.toSpliced(
    -1,
    0,
    `--preload=${ROOT}test/e2e/fixtures/planted_faults.ts`,
  );
  const command = { name: "with planted faults", words };
  await using balance = await startBalance(["-f", port, backend.operand], { command });
  balance.signal("SIGUSR2");
  await balance.stderr.until("planted in a task");
  await balance.stderr.until("planted in a timer");
  assertEquals(await get(port), "A");
  const lines = (balance.stderr.text ?? "").trimEnd().split("\n");
  assert(lines.length === 2, balance.stderr.text);
  for (const line of lines) assertMatch(line, /^internal error reason="Error: planted in a \w+"$/);
});
