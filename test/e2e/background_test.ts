/** Starting in the background. */
import {
  assert,
  assertEquals,
  assertMatch,
  assertNotEquals,
  assertStringIncludes,
} from "../kit/assert.ts";
import { Backends, hold, startBackend } from "../kit/backends.ts";
import { get, gets, HeldClient } from "../kit/clients.ts";
import { startBalance } from "../kit/start.ts";
import { freePort } from "../kit/ports.ts";
import { Output, within } from "../kit/wait.ts";
import { TempDir } from "../kit/temp_dir.ts";
import { commandLine, commands, quoted, run, running } from "../kit/programs.ts";
import { Instance } from "../kit/instance.ts";

function proc(pid: number | "self", name: string): string {
  return Deno.readTextFileSync(`/proc/${pid}/${name}`);
}

/** Session and controlling terminal of a process, 0 for none. */
function sessionOf(pid: number | "self"): string[] {
  const stat = proc(pid, "stat");
  return stat.slice(stat.lastIndexOf(")") + 2).split(" ").slice(3, 5);
}

/** What a process has open. */
function openFiles(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  return [...Deno.readDirSync(folder)].flatMap(({ name }) => {
    try {
      return [readLink(`${folder}/${name}`)];
    } catch (error) {
      // Closed meanwhile.
      if (error instanceof Deno.errors.NotFound) return [];
      throw error;
    }
  });
}

function readLink(path: string): string {
  return Deno.readLinkSync(path);
}

for (const command of commands()) {
  const test = (name: string, body: () => Promise<void>): void =>
    Deno.test(running(command, name), body);

  test("a background start is silent, and serves and answers when it returns", async () => {
    await using backends = new Backends(2);
    const port = freePort();
    using dir = new TempDir();
    const options = { command, runDir: dir.path };
    const started = await run([port, ...backends.operands], options);
    assertEquals(started, { code: 0, signal: null, stdout: "", stderr: "" });
    assertEquals(await gets(2, port), "A B");
    const killed = await run(["-c", "kill", port], options);
    assertEquals(killed, {
      code: 0,
      signal: null,
      stdout: "shutdown complete, exiting.\n",
      stderr: "",
    });
  });

  test("a background instance has its own session, no terminal, and stands in the root folder", async () => {
    const port = freePort();
    await using balance = await startBalance([port], { command });
    assertEquals(readLink(`/proc/${balance.pid}/cwd`), "/");
    assertEquals(sessionOf(balance.pid), [String(balance.pid), "0"]);
    assertNotEquals(sessionOf(balance.pid)[0], sessionOf("self")[0]);
    assertEquals(readLink(`/proc/${balance.pid}/fd/0`), "/dev/null");
    assertEquals(readLink(`/proc/${balance.pid}/fd/2`), "/dev/null");
  });

  test("a background instance keeps no descriptor of its caller's open", async () => {
    using dir = new TempDir();
    const port = freePort();
    const words = commandLine([port], { command, runDir: dir.path });
    const inherited = `${dir.path}/inherited`;
    const started = await new Deno.Command("sh", {
      args: ["-c", 'exec 9>"$0"; "$@"', inherited, ...words],
    }).output();
    assertEquals(started.code, 0);
    await using balance = await Instance.at(port, dir.path);
    assertEquals(openFiles(balance.pid).filter((file) => file === inherited), []);
  });

  test("a start whose output is captured by a shell returns", async () => {
    const port = freePort();
    using dir = new TempDir();
    const words = commandLine([port], { command, runDir: dir.path });
    const script = `out=$(${quoted(words)} 2>&1); echo "[$out] $?"; ` +
      `${quoted(commandLine(["-c", "kill", port], { command, runDir: dir.path }))} | head -1`;
    const child = new Deno.Command("sh", { args: ["-c", script], stdout: "piped", stderr: "null" })
      .spawn();
    const output = new Output(child.stdout);
    const { code } = await within(child.status, "the shell");
    await output.ended;
    assertEquals([code, output.text], [0, "[] 0\nshutdown complete, exiting.\n"]);
  });

  test("errors of a background start reach the caller", async () => {
    using dir = new TempDir();
    const port = freePort();
    const options = { command, runDir: dir.path };
    const unknown = await run([port, "nosuch.invalid"], options);
    assertEquals(unknown, {
      code: 65,
      signal: null,
      stdout: "",
      stderr: "unknown or invalid address [nosuch.invalid]\n",
    });
    const leading = await run([port, "!", "127.0.0.1"], options);
    assertEquals([leading.code, leading.stderr], [69, "balance: no channels in group\n"]);
    using listener = Deno.listen({ port });
    const used = await run([port, "127.0.0.1"], options);
    assertEquals([used.code, used.stderr], [71, "bind(): Address already in use\n"]);
    assertEquals(listener.addr.transport, "tcp");
    assertEquals(dir.names, []);
  });
}

Deno.test("the port is served at once when the command returns, time after time", async () => {
  await using backend = startBackend("A");
  for (let round = 0; round < 3; round++) {
    const port = freePort();
    await using _balance = await startBalance([port, backend.operand]);
    assertEquals(await get(port), "A");
  }
});

Deno.test("a background instance with -d, -p and -T writes nothing into its connections", async () => {
  await using backend = startBackend("A", hold);
  const port = freePort();
  await using balance = await startBalance(["-dp", "-T1", port, backend.operand]);
  using client = await HeldClient.open(port);
  assertEquals(client.name, "A");
  const rest = await within(new Response(client.connection.readable).text(), "the idle timeout");
  assertEquals(rest, "");
  await balance.idle();
});

Deno.test("-d in the background shows the lines before detaching", async () => {
  const port = freePort();
  using dir = new TempDir();
  const options = { runDir: dir.path };
  const started = await run(["-d", port, "127.0.0.1:1:2"], options);
  assertEquals(started.stdout, "argv[0]=balance\nbindhost=NULL\n");
  assertStringIncludes(started.stderr, `source port ${port}\n`);
  assertStringIncludes(started.stderr, "  0  0 127.0.0.1:1:2\n");
  await run(["-c", "kill", port], options);
});

for (const mode of [["-f"], []]) {
  const how = mode.length === 0 ? "background" : "foreground";
  Deno.test(`a run dir that cannot be made is told in three lines, exit code 69 (${how})`, async () => {
    using dir = new TempDir();
    await Deno.writeTextFile(`${dir.path}/file`, "");
    for (const runDir of [`${dir.path}/file`, "/proc/nowhere"]) {
      const { code, stdout, stderr } = await run([...mode, freePort()], { runDir });
      assertEquals([code, stdout], [69, ""]);
      assertMatch(
        stderr,
        /^ERROR: rendezvous directory not available and\/or creatable\n {7}please create .* with mode 01777 like this: \n {7}# mkdir -m 01777 .*\n$/,
      );
    }
  });
}

Deno.test("--log-file gets what the background has to say", async () => {
  using dir = new TempDir();
  const port = freePort();
  const file = `${dir.path}/balance.log`;
  await using balance = await startBalance(["-a", `--log-file=${file}`, port, "127.0.0.1:1"]);
  assertEquals(await get(port), "");
  const log = (): Promise<string> => Deno.readTextFile(file);
  await within(
    (async () => {
      while (!(await log()).includes("enabled manually")) await balance.ask("version");
    })(),
    "the log",
  );
  assertMatch(
    await log(),
    /connection failed group 0 channel 0\n.*127\.0\.0\.1:1 needs to be enabled/,
  );
  assert((await balance.column("status"))[0] === "dis");
});

Deno.test("closed standard streams, as under some init scripts, hinder neither start nor control", async () => {
  await using backend = startBackend("A");
  using dir = new TempDir();
  const port = freePort();
  const shell = async (args: readonly (string | number)[], redirect: string): Promise<number> => {
    const words = commandLine(args, { runDir: dir.path });
    const child = new Deno.Command("sh", { args: ["-c", `"$0" "$@" ${redirect}`, ...words] });
    return (await within(child.output(), "the shell")).code;
  };
  assertEquals(await shell([port, backend.operand], "<&- >&- 2>&-"), 0);
  await using balance = await Instance.at(port, dir.path);
  assertEquals(await shell(["-c", "show", port], ">&-"), 0);
  assertEquals(await shell(["-i", port], "<&-"), 0);
  assertEquals(await get(port), "A");
  await balance.idle();
});
