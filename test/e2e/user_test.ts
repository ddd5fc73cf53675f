/** What an unprivileged user may do; needs root to become one. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../kit/assert.ts";
import { binary, needing, NOBODY, otherUser, reserved } from "../kit/needs.ts";
import { startBackend } from "../kit/backends.ts";
import { get } from "../kit/clients.ts";
import { startBalance } from "../kit/start.ts";
import { freePort } from "../kit/ports.ts";
import { TempDir } from "../kit/temp_dir.ts";
import {
  asUser,
  BINARY,
  type Command,
  defaultCommand,
  execute,
  run,
  SOURCE,
} from "../kit/programs.ts";

interface Place extends Disposable {
  readonly command: Command;
}

/** A command that nobody may run: the binary where it is, or a copy; undefined where there is none. */
async function commandForNobody(): Promise<Place | undefined> {
  const mayRun = async (path: string): Promise<boolean> => {
    return await execute([...asUser(NOBODY), path, "--version"])
      .then(({ code }) => code === 0, () => false);
  };
  const words = defaultCommand() === SOURCE ? [BINARY] : defaultCommand().words;
  if (await mayRun(words[0] ?? "")) {
    return { command: { name: "nobody's", words }, [Symbol.dispose]: () => {} };
  }
  const dir = new TempDir();
  const copy = `${dir.path}/balance`;
  try {
    await Deno.copyFile(BINARY, copy);
    if (await mayRun(copy)) {
      const dispose = (): void => dir[Symbol.dispose]();
      return { command: { name: "nobody's", words: [copy] }, [Symbol.dispose]: dispose };
    }
  } catch {
    // Not compiled.
  }
  dir[Symbol.dispose]();
  return undefined;
}

const other = otherUser();
const place = other.met ? await commandForNobody() : undefined;
const needs = [other, { ...binary(), met: place !== undefined }];
const command = place?.command ?? defaultCommand();
const nobody = { command, user: NOBODY };

function test(name: string, body: () => Promise<void>): void {
  Deno.test(needing(needs, name), body);
}

const LOW = 81;
Deno.test(
  needing(
    [...needs, reserved(LOW)],
    "a low port is refused to an unprivileged user with exit code 71",
  ),
  async () => {
    using dir = new TempDir();
    for (const args of [["-f", LOW], [LOW]]) {
      const result = await run([...args, "127.0.0.1"], { ...nobody, runDir: dir.path });
      assertEquals([result.code, result.stdout], [71, ""]);
      assertEquals(result.stderr, "bind(): Permission denied\n");
    }
    assertEquals(dir.names, []);
  },
);

test("a user's instance is controlled by that user and by root", async () => {
  await using backend = startBackend("A");
  const port = freePort();
  await using balance = await startBalance([port, backend.operand], nobody);
  const { runDir } = balance;
  assertEquals(await get(port), "A");
  const own = await run(["-c", "disable 0", port], { ...nobody, runDir });
  assertEquals([own.code, own.stdout], [0, "channel 0 disabled\n"]);
  const root = await run(["-c", "enable 0", port], { command, runDir });
  assertEquals([root.code, root.stdout], [0, "channel 0 enabled\n"]);
});

test("root's instance is not controlled by an unprivileged user", async () => {
  const port = freePort();
  await using balance = await startBalance(["-f", port, "127.0.0.1:1"], { command });
  for (const args of [["-c", "kill"], ["-i"]]) {
    const result = await run([...args, port], { ...nobody, runDir: balance.runDir });
    assertEquals([result.code, result.stdout], [71, ""]);
    assertEquals(
      result.stderr,
      `open: Permission denied\ncheck rendezvousfile permissions [${balance.socket}]\n`,
    );
  }
  assertEquals(await balance.column("status"), ["ENA"]);
});

test("an unprivileged user cannot take the place of root's control socket", async () => {
  using dir = new TempDir();
  const port = freePort();
  const squat = `${dir.path}/balance.${port}.0.0.0.0`;
  await Deno.writeTextFile(squat, "not a socket");
  const user = await run([port], { ...nobody, runDir: dir.path });
  assertEquals(user.code, 66);
  assertMatch(user.stderr, /^open: Permission denied\ncheck rendezvousfile permissions \[.*\]\n$/);
  assertEquals(await Deno.readTextFile(squat), "not a socket");
});

test("root starts where another user has left a dead socket", async () => {
  using dir = new TempDir();
  const port = freePort();
  const options = { ...nobody, runDir: dir.path };
  const dead = await startBalance([port], options);
  dead.signal("SIGKILL");
  await dead.gone();
  await using balance = await startBalance([port], { command, runDir: dir.path });
  assert(balance.pid !== dead.pid);
  assertStringIncludes(await balance.ask("version"), "3.54");
  const result = await run(["-c", "show", port], options);
  assertEquals(result.code, 71);
  assertStringIncludes(result.stderr, "open: Permission denied");
});

test("a run directory of another user is refused with exit code 69, saying whose it is", async () => {
  using dir = new TempDir();
  await Deno.chown(dir.path, 12345, 12345);
  const port = freePort();
  const result = await run(["-f", port], { ...nobody, runDir: dir.path });
  assertEquals([result.code, result.stdout], [69, ""]);
  assertEquals(
    result.stderr,
    `balance: run directory ${dir.path} is not used: it belongs to another user (uid 12345)\n`,
  );
  assertEquals(dir.names, []);
});

test("a user without a folder of the system's finds its own one", async () => {
  using home = new TempDir();
  const port = freePort();
  const env = { TMPDIR: home.path, XDG_RUNTIME_DIR: "" };
  const options = { ...nobody, env };
  const started = await run([port, "127.0.0.1:1"], options);
  assertEquals([started.code, started.stderr], [0, ""]);
  const shown = await run(["-c", "version", port], options);
  assertEquals(shown.code, 0);
  const killed = await run(["-c", "kill", port], options);
  assertEquals(killed.stdout, "shutdown complete, exiting.\n");
});

globalThis.addEventListener("unload", () => place?.[Symbol.dispose]());
