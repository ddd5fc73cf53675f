/**
 * Permissions, from inside and from outside: what an instance has given up is gone.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { PLAIN_ENGINE } from "../kit/engine_config.ts";
import { assertEquals } from "../kit/assert.ts";
import { createTable } from "../../lib/core/table/schema.ts";
import { WorkerPool } from "../../lib/workers/pool.ts";
import { GRANTS } from "../../lib/system/permissions.ts";
import { type Attempts, LEFT } from "./fixtures/attempts.ts";
import { Output, within } from "../kit/wait.ts";
import { binary, needing, tracing } from "../kit/needs.ts";
import { BINARY, execute } from "../kit/programs.ts";
import { startInstance } from "../kit/start.ts";
import { Backend, echo } from "../kit/backends.ts";
import { readExactly, send } from "../kit/streams.ts";
import { recorder } from "../kit/reporter.ts";
import { TempDir } from "../kit/temp_dir.ts";

const FIXTURES = fileURLToPath(new URL("./fixtures/", import.meta.url));

/** The two lists of names: done, and anything but refused. */
function verdict(attempts: Attempts): { done: string[]; odd: string[] } {
  const names = Object.keys(attempts);
  return {
    done: names.filter((name) => attempts[name] === "done"),
    odd: names.filter((name) => attempts[name] !== "done" && attempts[name] !== "refused"),
  };
}

Deno.test("a narrowed program can read and write its run dir and nothing else", async () => {
  using dir = new TempDir();
  const { stdout, stderr } = await execute([
    ...[Deno.execPath(), "run", "--quiet", "--no-prompt", ...GRANTS.map(({ flag }) => flag)],
    ...[`${FIXTURES}narrowed.ts`, dir.path],
  ]);
  assertEquals(stderr, "");
  assertEquals(verdict(JSON.parse(new TextDecoder().decode(stdout))), { done: LEFT, odd: [] });
});

/** What the fixture of the native engine prints. */
type NativeAttempts = Record<"main" | "thread", Attempts>;

const COMPILED_PROBE = {
  name: "DENORT_BIN",
  remedy: "DENORT_BIN=the runtime for compiled programs",
  met: Deno.env.get("DENORT_BIN") !== undefined,
};

for (const compiled of [false, true]) {
  const what = compiled ? "a compiled program" : "a program";
  Deno.test({
    ...needing(
      compiled ? [COMPILED_PROBE] : [],
      `${what} with the native engine can load nothing and reach no pointer, in any thread`,
    ),
    fn: async () => {
      using dir = new TempDir();
      using folder = new TempDir();
      const flags = [...GRANTS.map(({ flag }) => flag), "--no-prompt", "--quiet"];
      const words = compiled
        ? [await compileProbe(folder.path, flags)]
        : [Deno.execPath(), "run", ...flags, `${FIXTURES}native_narrowed.ts`];
      const { stdout, stderr } = await execute([...words, dir.path]);
      assertEquals(stderr, "");
      const { main, thread }: NativeAttempts = JSON.parse(new TextDecoder().decode(stdout));
      // What was loaded before can still be called, and that is all.
      assertEquals(verdict(main), { done: [...LEFT, "works"], odd: [] });
      assertEquals(verdict(thread), { done: ["works"], odd: [] });
    },
  });
}

/** Compiles the fixture as the program is compiled; the path of the result. */
async function compileProbe(folder: string, flags: readonly string[]): Promise<string> {
  const output = `${folder}/probe`;
  const { code, stderr } = await execute([
    ...[Deno.execPath(), "compile", "--no-check", "--unstable-worker-options", ...flags],
    ...[`--include=${FIXTURES}native_probe.ts`, `--output=${output}`],
    `${FIXTURES}native_narrowed.ts`,
  ], { limitMs: 120_000 });
  assertEquals(code, 0, stderr);
  return output;
}

Deno.test("a worker gets the network only", async () => {
  const log = recorder();
  const pool = new WorkerPool(
    { hostname: "127.0.0.1", port: 1 },
    PLAIN_ENGINE,
    createTable(1),
    log,
    { module: new URL("./fixtures/probe_worker.ts", import.meta.url) },
  );
  await pool.start();
  pool.stopListening();
  await pool.done;
  assertEquals(verdict(JSON.parse(log.messages()[0] ?? "{}")), { done: [], odd: [] });
});

Deno.test({
  ...needing(binary(), "the compiled binary carries exactly the grants of the table"),
  fn: (): void => {
    const text = new TextDecoder("latin1").decode(Deno.readFileSync(BINARY));
    const at = text.lastIndexOf('"permissions":{');
    const carried = JSON.parse(objectAt(text, at + '"permissions":'.length));
    for (const name of Object.keys(carried)) if (carried[name] === null) delete carried[name];
    // What may be imported by default is named, and denied.
    delete carried.allow_import;
    assertEquals(carried, {
      allow_ffi: [],
      allow_env: [
        "POSIXLY_CORRECT",
        "XDG_RUNTIME_DIR",
        "TMPDIR",
        "NOTIFY_SOCKET",
        "WATCHDOG_USEC",
        "WATCHDOG_PID",
        "JOURNAL_STREAM",
        "LISTEN_FDS",
        "LISTEN_PID",
        "LISTEN_FDNAMES",
      ],
      allow_net: [],
      allow_read: ["/"],
      allow_run: [],
      allow_sys: [],
      allow_write: ["/"],
      deny_import: [],
      prompt: false,
    });
  },
});

/** The JSON object that begins at a place of a text. */
function objectAt(text: string, from: number): string {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    if (text[at] === "{") depth++;
    if (text[at] === "}" && --depth === 0) return text.slice(from, at + 1);
  }
  return "";
}

Deno.test(
  needing(tracing(), "an instance at work opens no file and starts no program"),
  async () => {
    await using backend = new Backend(echo);
    await using balance = await startInstance([backend.port]);
    const tracer = new Deno.Command("strace", {
      args: [
        "-f",
        "-e",
        "trace=execve,openat,unlink,rename,mkdir,symlink",
        "-p",
        `${balance.pid}`,
      ],
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const trace = new Output(tracer.stderr);
    await trace.until(/ attached\b.*\n/);
    for (let round = 0; round < 5; round++) {
      using client = await balance.connect();
      await send(client, new Uint8Array(100_000));
      await readExactly(client, 100_000);
      await balance.ask("show");
    }
    tracer.kill("SIGINT");
    await within(tracer.status, "the end of strace");
    await trace.ended;
    const own = /^\S*strace: Process \d+ (attached|detached)/;
    // The engine itself looks at the processor's clock now and then.
    const calls = trace.text.split("\n").filter((line) =>
      !own.test(line) && !/"\/(sys|proc)\//.test(line)
    );
    assertEquals(calls.join("\n"), "");
  },
);
