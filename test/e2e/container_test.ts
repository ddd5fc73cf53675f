/** Manners in a container: the first process, read-only file systems, logs to stderr. */
import { assertEquals, assertMatch } from "../kit/assert.ts";
import { Backend, echo, startBackend } from "../kit/backends.ts";
import { checkEcho, get } from "../kit/clients.ts";
import { binary, namespace, NOBODY, otherUser } from "../kit/needs.ts";
import { freePort, isOpen } from "../kit/ports.ts";
import { children } from "../kit/processes.ts";
import { asUser, commands, COMPILED, run, running, spawn } from "../kit/programs.ts";
import { TempDir } from "../kit/temp_dir.ts";
import { eventually, Output, within } from "../kit/wait.ts";

/** Makes a program the first process of a namespace, which ends with it. */
const FIRST = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child"];

/** A first process and what it says. */
class Container implements AsyncDisposable {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly #child: Deno.ChildProcess;

  constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.stdout = new Output(child.stdout);
    this.stderr = new Output(child.stderr);
  }

  /** The process, as this namespace numbers it. */
  get pid(): number {
    return children(this.#child.pid)[0] ?? 0;
  }

  /** Its exit code. */
  async end(): Promise<number> {
    return (await within(this.#child.status, "the end of the first process")).code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.#child.status;
    await Promise.all([this.stdout.ended, this.stderr.ended]);
  }
}

for (const command of commands()) {
  /** Starts an instance as a first process, without `-f`. */
  const start = async (
    options: readonly string[],
    port: number,
    folder: string,
    to: string,
  ): Promise<Container> => {
    const args = [...options, "-b", "127.0.0.1", port, to];
    const child = spawn(args, { command, runDir: folder, wrapper: FIRST });
    await child.stdin.close();
    const container = new Container(child);
    await eventually(() => isOpen(port), "the port is open");
    return container;
  };
  const test = (name: string, body: (port: number, folder: string) => Promise<void>): void =>
    Deno.test(running(command, name, [namespace("pid")]), async () => {
      using folder = new TempDir();
      await body(freePort(), folder.path);
    });

  for (const [signal, code] of [["SIGTERM", 143], ["SIGINT", 130], ["SIGHUP", 129]] as const) {
    test(`as the first process ${signal} ends an instance at once, with exit code ${code}`, async (
      port,
      folder,
    ) => {
      await using backend = new Backend(echo);
      await using container = await start([], port, folder, backend.operand);
      using client = await Deno.connect({ port });
      await checkEcho(client);
      Deno.kill(container.pid, signal);
      assertEquals(await container.end(), code);
    });
  }

  test("as the first process it stays, without -f, has no children and logs to stderr", async (
    port,
    folder,
  ) => {
    await using container = await start(["-a"], port, folder, "127.0.0.1:1");
    assertEquals(children(container.pid), []);
    assertEquals(await get(port), "");
    await container.stderr.until("connection failed group 0 channel 0");
    Deno.kill(container.pid, "SIGQUIT");
    assertEquals(await container.end(), 0);
  });

  if (Deno.build.os === "linux") {
    test(
      "the first process hands over to nobody, since all would end with it",
      async (port, folder) => {
        await using backend = startBackend("A");
        await using first = await start(["--engine=native"], port, folder, backend.operand);
        const args = ["--engine=native", "--takeover", "-b", "127.0.0.1", port, "127.0.0.1:1"];
        const { code, stderr } = await run(args, { command, runDir: folder });
        assertEquals([code, stderr], [
          71,
          "balance: no takeover: it is the first process of its container, which would end with it\n",
        ]);
        assertEquals(await get(port), "A");
        assertEquals(first.stderr.text, "");
      },
    );
  }

  test("as the first process SIGTERM drains with --drain, and a second one ends it", async (
    port,
    folder,
  ) => {
    await using backend = new Backend(echo);
    await using container = await start(["--drain=60"], port, folder, backend.operand);
    using client = await Deno.connect({ port });
    await checkEcho(client);
    Deno.kill(container.pid, "SIGTERM");
    await eventually(async () => !await isOpen(port), "the port is closed");
    await checkEcho(client);
    Deno.kill(container.pid, "SIGTERM");
    assertEquals(await container.end(), 143);
  });
}

/** Runs a program where nothing can be written to. */
const READ_ONLY = [
  "unshare",
  "--mount",
  "sh",
  "-c",
  `for folder in /run /tmp /var/tmp /dev/shm; do
     [ -L $folder ] || mount -t tmpfs -o ro,mode=1777 none $folder || exit
   done
   mount -o remount,bind,ro / && exec "$@"`,
  "sh",
];

for (const [who, user] of [["root", undefined], ["nobody", NOBODY]] as const) {
  const needs = [binary(), namespace("mount"), ...(user === undefined ? [] : [otherUser()])];
  Deno.test(
    running(
      COMPILED,
      `an instance of ${who} in the foreground needs no file system to write to`,
      needs,
    ),
    async () => {
      await using backend = startBackend("A");
      const port = freePort();
      const become = user === undefined ? [] : asUser(user);
      const wrapper = [...READ_ONLY, ...become];
      const args = ["-f", "-b", "127.0.0.1", port, backend.operand];
      const child = spawn(args, { command: COMPILED, wrapper });
      await child.stdin.close();
      await using container = new Container(child);
      await container.stderr.until("\n");
      await eventually(() => isOpen(port), "the port is open");
      assertEquals(await get(port), "A");
      child.kill("SIGQUIT");
      assertEquals(await container.end(), 0);
      assertMatch(container.stderr.text, /^balance: no control socket: .* read-only\n$/);
    },
  );
}
