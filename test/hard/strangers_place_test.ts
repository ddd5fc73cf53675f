/**
 * Strangers in the run dir: what others planted there is never followed, overwritten, removed or trusted.
 *
 * @module
 */
import { assertEquals, assertStringIncludes } from "../kit/assert.ts";
import { binary, needing, otherUser, program } from "../kit/needs.ts";
import { balanceCommand, BINARY, freePort, Instance } from "./kit.ts";

const OTHER = otherUser();
/** Another user cannot run the source: its modules are in this user's cache. */
const OTHERS_BALANCE = [OTHER, binary()];
const PERL = program("perl");
const NOBODY = 65534;

/** A run dir as root makes the classic's: everybody may make files, nobody may touch another's. */
async function stickyDir(): Promise<string> {
  const dir = await Deno.makeTempDir({ prefix: "balance-hard-" });
  await Deno.chmod(dir, 0o1777);
  return dir;
}

interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the program to its end; a start that works against expectation is killed after a while. */
async function run(args: readonly string[], uid?: number): Promise<Result> {
  const [program, ...first] = uid === undefined
    ? balanceCommand()
    : ["setpriv", `--reuid=${uid}`, `--regid=${uid}`, "--clear-groups", BINARY];
  const child = new Deno.Command(program ?? "", {
    args: [...first, ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const timer = setTimeout(() => child.kill("SIGKILL"), 8000);
  const { code, stdout, stderr } = await child.output();
  clearTimeout(timer);
  const decoder = new TextDecoder();
  return { code, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** Makes something at a path, as a user. */
async function plant(what: string, path: string, uid: number): Promise<void> {
  const as = ["--reuid", String(uid), "--regid", String(uid), "--clear-groups", "--"];
  const script: Record<string, string> = {
    "a symbolic link": `ln -s ${path}.target ${path}`,
    "a file": `echo mine > ${path}`,
    "a folder": `mkdir ${path} && touch ${path}/kept`,
    "a pipe": `mkfifo ${path}`,
    "a dead socket":
      `perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Local=>"${path}",Listen=>1)'`,
  };
  const shell = ["sh", "-c", `umask 0; ${script[what]}`];
  const { success } = await new Deno.Command("setpriv", { args: [...as, ...shell] }).output();
  assertEquals(success, true, what);
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
        const dir = await stickyDir();
        const port = freePort();
        const path = `${dir}/balance.${port}.127.0.0.1`;
        await Deno.writeTextFile(`${path}.target`, "precious");
        await plant(what, path, planter);
        const before = describe(path);
        const start = await run(["-f", "-b", "127.0.0.1", "--run-dir", dir, String(port)]);
        assertEquals(start.code, 66, start.stderr);
        assertStringIncludes(start.stderr, "check rendezvousfile permissions");
        assertEquals(describe(path), before);
        assertEquals(await Deno.readTextFile(`${path}.target`), "precious");
        const query = await run(["-b", "127.0.0.1", "--run-dir", dir, "-c", "show", String(port)]);
        assertEquals([query.code === 69 || query.code === 71, describe(path)], [true, before]);
        await Deno.remove(dir, { recursive: true });
      },
    });
  }
}

Deno.test({
  ...needing(
    [...OTHERS_BALANCE, PERL],
    "root clears away a dead socket of a stranger, a stranger none of root's",
  ),
  fn: async (): Promise<void> => {
    const dir = await stickyDir();
    const port = freePort();
    await plant("a dead socket", `${dir}/balance.${port}.127.0.0.1`, NOBODY);
    {
      await using balance = await Instance.start([], { runDir: dir, port });
      assertEquals(await balance.ask("version").then((text) => text.includes("3.54")), true);
    }
    const query = await run(
      ["-b", "127.0.0.1", "--run-dir", dir, "-c", "show", String(port)],
      NOBODY,
    );
    assertEquals(query.code, 71, query.stderr);
    assertStringIncludes(query.stderr, "open: Permission denied");
    await Deno.remove(dir, { recursive: true });
  },
});

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
    const dir = await stickyDir();
    const port = freePort();
    using _fake = await fakeInstance(`${dir}/balance.${port}.0.0.0.0`, 12345, "");
    const { code, stderr } = await run(["--run-dir", dir, "-c", "show", String(port)], NOBODY);
    assertEquals(code, 71, stderr);
    assertStringIncludes(stderr, "open: Permission denied");
    await Deno.remove(dir, { recursive: true });
  },
});

Deno.test({
  ...needing(
    [OTHER, PERL],
    "another user cannot open the control socket, from the moment it appears",
  ),
  fn: async (): Promise<void> => {
    const dir = await stickyDir();
    const port = freePort();
    const path = `${dir}/balance.${port}.127.0.0.1`;
    const spy = new Deno.Command("setpriv", {
      args: [
        ...[`--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups", "perl"],
        ...["-MSocket", "-e", SPY, path],
      ],
      stdout: "piped",
    }).spawn();
    await using _balance = await Instance.start([], { runDir: dir, port });
    const { stdout } = await spy.output();
    assertEquals(new TextDecoder().decode(stdout), "600 Permission denied\n");
    await Deno.remove(dir, { recursive: true });
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
    const dir = await stickyDir();
    for (
      const text of [
        "balance-control 1 1 3.54\nnice\x1b[2Jtext\x9b1m\n. 0\n",
        "balance-control 1\x1b[2J 1 3.54\x1b[2J\n",
      ]
    ) {
      // The runtime removes a closed socket's name late: each one has a name of its own.
      const port = freePort();
      using _fake = await fakeInstance(`${dir}/balance.${port}.0.0.0.0`, NOBODY, text);
      const { stdout, stderr } = await run(["--run-dir", dir, "-c", "show", String(port)]);
      // deno-lint-ignore no-control-regex
      assertEquals(/[\x00-\x09\x0b-\x1f\x7f-\x9f]/.test(stdout + stderr), false, stdout + stderr);
    }
    await Deno.remove(dir, { recursive: true });
  },
});
