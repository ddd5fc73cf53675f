/**
 * Strangers in the run dir: what others planted there is never followed, overwritten, removed or trusted.
 *
 * @module
 */
import { assertEquals, assertStringIncludes } from "../kit/assert.ts";
import { binary, needing, NOBODY, otherUser, program } from "../kit/needs.ts";
import { freePort } from "../kit/ports.ts";
import { startInstance } from "../kit/start.ts";
import { asUser, COMPILED, execute, run } from "../kit/programs.ts";
import { TempDir } from "../kit/temp_dir.ts";

const OTHER = otherUser();
/** Another user cannot run the source: its modules are in this user's cache. */
const OTHERS_BALANCE = [OTHER, binary()];
const PERL = program("perl");
const NOBODYS = { user: NOBODY, command: COMPILED };

/** Makes something at a path, as a user. */
async function plant(what: string, path: string, uid: number): Promise<void> {
  const script: Record<string, string> = {
    "a symbolic link": `ln -s ${path}.target ${path}`,
    "a file": `echo mine > ${path}`,
    "a folder": `mkdir ${path} && touch ${path}/kept`,
    "a pipe": `mkfifo ${path}`,
  };
  const planted = await execute([...asUser(uid), "sh", "-c", `umask 0; ${script[what]}`]);
  assertEquals(planted.code, 0, what);
}

function describe(path: string): string {
  const { mode, size, ino, uid } = Deno.lstatSync(path);
  return JSON.stringify({ mode, size, ino, uid });
}

for (const what of ["a symbolic link", "a file", "a folder", "a pipe"]) {
  for (const planter of [0, NOBODY]) {
    Deno.test({
      ...needing(
        OTHER,
        `${what} planted by ${planter === 0 ? "the own user" : "a stranger"} stays as it is`,
      ),
      fn: async (): Promise<void> => {
        using dir = new TempDir();
        const port = freePort();
        const path = `${dir.path}/balance.${port}.127.0.0.1`;
        await Deno.writeTextFile(`${path}.target`, "precious");
        await plant(what, path, planter);
        const before = describe(path);
        const start = await run(["-f", "-b", "127.0.0.1", port], { runDir: dir.path });
        assertEquals(start.code, 66, start.stderr);
        assertStringIncludes(start.stderr, "check rendezvousfile permissions");
        assertEquals(describe(path), before);
        assertEquals(await Deno.readTextFile(`${path}.target`), "precious");
        const query = await run(["-b", "127.0.0.1", "-c", "show", port], { runDir: dir.path });
        assertEquals([query.code === 69 || query.code === 71, describe(path)], [true, before]);
      },
    });
  }
}

/** A control server of somebody else, with an answer of its own. */
async function fakeInstance(path: string, uid: number, text: string): Promise<Disposable> {
  const listener = Deno.listen({ transport: "unix", path });
  await Deno.chown(path, uid, uid);
  await Deno.chmod(path, 0o777);
  const run = async (): Promise<void> => {
    for await (const connection of listener) {
      await connection.write(new TextEncoder().encode(text));
      await connection.read(new Uint8Array(100));
      connection.close();
    }
  };
  run().catch(() => {});
  return { [Symbol.dispose]: () => listener.close() };
}

Deno.test({
  ...needing(OTHERS_BALANCE, "-c does not talk to another user's socket"),
  fn: async (): Promise<void> => {
    using dir = new TempDir();
    const port = freePort();
    using _fake = await fakeInstance(`${dir.path}/balance.${port}.0.0.0.0`, 12345, "");
    const { code, stderr } = await run(["-c", "show", port], { ...NOBODYS, runDir: dir.path });
    assertEquals(code, 71, stderr);
    assertStringIncludes(stderr, "open: Permission denied");
  },
});

Deno.test({
  ...needing(
    [OTHER, PERL],
    "another user cannot open the control socket, from the moment it appears",
  ),
  fn: async (): Promise<void> => {
    using dir = new TempDir();
    const port = freePort();
    const path = `${dir.path}/balance.${port}.127.0.0.1`;
    const spying = execute([...asUser(NOBODY), "perl", "-MSocket", "-e", SPY, path]);
    await using _balance = await startInstance([], { runDir: dir.path, port });
    const { stdout } = await spying;
    assertEquals(new TextDecoder().decode(stdout), "600 Permission denied\n");
  },
});

/** Looks for a socket without a pause and tells the mode that it appears with, and what a connect comes to. */
const SPY = `my $path = shift; my $mode; my $end = time + 8;
until (defined $mode) { $mode = (lstat $path)[2]; die "late" if time > $end; }
socket(my $s, PF_UNIX, SOCK_STREAM, 0);
my $how = connect($s, sockaddr_un($path)) ? "connected" : "$!";
printf "%o %s\\n", $mode & 07777, $how;`;

Deno.test({
  ...needing(
    OTHER,
    "what another user's instance answers reaches root's terminal without control characters",
  ),
  fn: async (): Promise<void> => {
    using dir = new TempDir();
    for (
      const text of [
        "balance-control 1 1 3.54\nnice\x1b[2Jtext\x9b1m\n. 0\n",
        "balance-control 1\x1b[2J 1 3.54\x1b[2J\n",
      ]
    ) {
      // The runtime removes a closed socket's name late: each one has a name of its own.
      const port = freePort();
      using _fake = await fakeInstance(`${dir.path}/balance.${port}.0.0.0.0`, NOBODY, text);
      const { stdout, stderr } = await run(["-c", "show", port], { runDir: dir.path });
      // deno-lint-ignore no-control-regex
      assertEquals(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/.test(stdout + stderr), false, stdout + stderr);
    }
  },
});
