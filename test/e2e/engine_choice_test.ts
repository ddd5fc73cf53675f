/** Where the native engine cannot be: one line why with `--engine native`, the portable one in silence with `auto`. */
import { assert, assertEquals } from "../kit/assert.ts";
import { startBackend } from "../kit/backends.ts";
import { get } from "../kit/clients.ts";
import { filters, type Need, needing } from "../kit/needs.ts";
import { freePort, isOpen } from "../kit/ports.ts";
import { type Command, ROOT, run, SOURCE, spawn } from "../kit/programs.ts";
import { startInstance } from "../kit/start.ts";
import { eventually, Output } from "../kit/wait.ts";

const LINUX: Need = { name: "Linux", met: Deno.build.os === "linux" };

/** The program from source, with something loaded before it. */
function behind(fixture: string): Command {
  const [deno = "", run = "", ...rest] = SOURCE.words;
  const preload = `--preload=${ROOT}test/e2e/fixtures/${fixture}.ts`;
  return { name: fixture, words: [deno, run, preload, ...rest] };
}

/** The program from source, without one of its grants. */
function without(grant: string): Command {
  return { name: `no ${grant}`, words: SOURCE.words.filter((word) => !word.startsWith(grant)) };
}

const CASES: readonly [what: string, command: Command, why: string, needs?: Need][] = [
  ["no C library by a known name", behind("no_libc"), "no C library is found"],
  [
    "a filter that forbids epoll",
    behind("no_epoll"),
    "the system refuses epoll_create1 (1)",
    filters(),
  ],
  [
    "a filter that forbids eventfd",
    behind("no_eventfd"),
    "the system refuses eventfd (1)",
    filters(),
  ],
  ["another system", behind("other_system"), "it needs Linux"],
  ["no grant to load libraries", without("--allow-ffi"), "it needs --allow-ffi"],
];

for (const [what, command, why, needs = LINUX] of CASES) {
  Deno.test({
    ...needing(needs, `${what}: --engine native ends with one line why`),
    fn: async () => {
      const port = freePort();
      const { code, stdout, stderr } = await run(["-f", port, "127.0.0.1:1"], {
        command,
        engine: "native",
      });
      assertEquals([code, stdout, stderr], [71, "", `balance: no native engine: ${why}\n`]);
    },
  });

  Deno.test({
    ...needing(
      needs,
      `${what}: an option that needs the native engine is named, with --engine auto too`,
    ),
    fn: async () => {
      for (const engine of ["native", "auto"]) {
        const { code, stderr } = await run(
          ["-f", "--user-timeout", 20, freePort(), "127.0.0.1:1"],
          { command, engine },
        );
        const line = `balance: --user-timeout needs the native engine: ${why}\n`;
        assertEquals([code, stderr], [71, line]);
      }
    },
  });

  Deno.test({
    ...needing(needs, `${what}: --engine auto serves with the portable one, and says nothing`),
    fn: async () => {
      await using backend = startBackend("A");
      await using balance = await startInstance([backend.operand], { command, engine: "auto" });
      assertEquals(await get(balance.port), "A");
      assertEquals(JSON.parse(await balance.ask("show json")).engine, "deno");
      assertEquals([balance.stdout.text, balance.stderr.text], ["", ""]);
    },
  });
}

Deno.test({
  ...needing(
    LINUX,
    "where nothing is missing --engine auto is the native engine, and says nothing",
  ),
  fn: async () => {
    await using backend = startBackend("A");
    const command = SOURCE;
    await using balance = await startInstance([backend.operand], { command, engine: "auto" });
    assertEquals(await get(balance.port), "A");
    assertEquals(JSON.parse(await balance.ask("show json")).engine, "native");
    assertEquals([balance.stdout.text, balance.stderr.text], ["", ""]);
  },
});

Deno.test({
  ...needing(
    LINUX,
    "without a grant to read the native engine's threads cannot be: refused, or portable in silence",
  ),
  fn: async () => {
    const words = [Deno.execPath(), "run", "--no-prompt", "--allow-net", "--allow-ffi"];
    const command = { name: "net and ffi", words: [...words, `${ROOT}main.ts`] };
    const refused = await run(["-f", freePort(), "127.0.0.1:1"], { command, engine: "native" });
    const lines = refused.stderr.trimEnd().split("\n");
    assertEquals(lines.at(-1), "balance: no native engine: its threads need --allow-read");
    assertEquals([refused.code, lines.length], [71, 2]);

    await using backend = startBackend("A");
    const port = freePort();
    const child = spawn(["-f", port, backend.operand], { command, engine: "auto" });
    const output = [new Output(child.stdout), new Output(child.stderr)];
    await child.stdin.close();
    await eventually(() => isOpen(port), "it listens");
    assertEquals(await get(port), "A");
    child.kill("SIGKILL");
    await child.status;
    await Promise.all(output.map(({ ended }) => ended));
    const [stdout, stderr] = output.map(({ text }) => text);
    assertEquals(stdout, "");
    assert(/^balance: no control socket and .+\n$/.test(stderr ?? ""), stderr);
  },
});

Deno.test({
  ...needing(LINUX, "a start in the background that cannot be native ends with the same line"),
  fn: async () => {
    const command = without("--allow-ffi");
    const { code, stdout, stderr } = await run([freePort(), "127.0.0.1:1"], {
      command,
      engine: "native",
    });
    const line = "balance: no native engine: it needs --allow-ffi\n";
    assertEquals([code, stdout, stderr], [71, "", line]);
  },
});
