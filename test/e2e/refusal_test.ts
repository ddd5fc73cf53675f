/** Starts that are refused, and what is left of them: nothing. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../kit/assert.ts";
import { startBackend } from "../kit/backends.ts";
import { get } from "../kit/clients.ts";
import { startBalance } from "../kit/start.ts";
import { freePort, isOpen } from "../kit/ports.ts";
import { TempDir } from "../kit/temp_dir.ts";
import { run } from "../kit/programs.ts";
import { whoAnswers } from "../kit/control.ts";

interface Refusal {
  readonly name: string;
  readonly args: (port: number) => (string | number)[];
  readonly code: number;
  readonly says: RegExp;
}

const REFUSALS: readonly Refusal[] = [
  {
    name: "an unknown host",
    args: (port) => ["-f", port, "nosuch.invalid:80"],
    code: 65,
    says: /^unknown or invalid address \[nosuch\.invalid\]\n$/,
  },
  {
    name: "an IPv6 destination",
    args: (port) => ["-f", port, "::1"],
    code: 65,
    says: /^unknown or invalid address \[\]\n$/,
  },
  {
    name: "an unknown method",
    args: (port) => ["-f", "--method", "rr,best", port, "127.0.0.1"],
    code: 64,
    says:
      /^balance: --method takes rr, hash, least, random or rendezvous, or several with commas, not 'best'\n/,
  },
  {
    name: "a load bound below 100",
    args: (port) => ["-f", "--method=rendezvous", "--load-bound=80", port, "127.0.0.1"],
    code: 64,
    says: /^balance: --load-bound takes a percentage of 100 or more, not '80'\n/,
  },
  {
    name: "an unknown -B",
    args: (port) => ["-f", "-B", "nosuch.invalid", port, "127.0.0.1"],
    code: 65,
    says: /^unknown or invalid address \[nosuch\.invalid\]\n$/,
  },
  {
    name: "a -b that is not local",
    args: (port) => ["-f", "-b", "192.0.2.1", port],
    code: 71,
    says: /^bind\(\): Cannot assign requested address\n$/,
  },
  {
    name: "a -b that is unknown",
    args: (port) => ["-f", "-b", "nosuch.invalid", port],
    code: 71,
    says: /^error at getaddrinfo: .+\nexiting\.\n$/,
  },
  {
    name: "-6 with an IPv4 -b",
    args: (port) => ["-f6", "-b", "127.0.0.1", port],
    code: 71,
    says: /^error at getaddrinfo: Address family for hostname not supported\nexiting\.\n$/,
  },
  {
    name: "a -b with a slash",
    args: (port) => ["-f", "-b", "a/b", port],
    code: 71,
    says: /^cannot create rendezvous file /,
  },
  {
    name: "a port with text behind it",
    args: (port) => ["-f", `${port}abc`],
    code: 71,
    says: /^error at getaddrinfo: Servname not supported for ai_socktype\nexiting\.\n$/,
  },
  {
    name: "an unknown port name",
    args: () => ["-f", "nosuchservice"],
    code: 64,
    says: /^invalid port \[nosuchservice\], exiting\.\n$/,
  },
  {
    name: "a port above 65535",
    args: () => ["-f", 70000],
    code: 64,
    says: /^invalid port \[70000\], exiting\.\n$/,
  },
  {
    name: "a leading separator",
    args: (port) => ["-f", port, "!", "127.0.0.1"],
    code: 69,
    says: /^balance: no channels in group\n$/,
  },
  ...["/proc/nowhere/log", "/nowhere/log", "/"].map((file) => ({
    name: `a --log-file that cannot be opened (${file})`,
    args: (port: number) => ["-f", "--log-file", file, port],
    code: 71,
    says: /^balance: cannot write log file [^\n]+\n$/,
  })),
  {
    name: "a doubled separator",
    args: (port) => ["-f", port, "127.0.0.1", "!", "!"],
    code: 69,
    says: /^balance: no channels in group\n$/,
  },
  {
    name: "an unknown option",
    args: (port) => ["-x", port],
    code: 64,
    says: /^balance: invalid option -- 'x'\nusage: /,
  },
];

for (const { name, args, code, says } of REFUSALS) {
  Deno.test(`${name} ends the start with exit code ${code}, and leaves nothing`, async () => {
    using dir = new TempDir();
    const port = freePort();
    for (const foreground of [true, false]) {
      const words = args(port).map((word) =>
        foreground ? word : String(word).replace(/^-f(?=6?$)/, "-M")
      );
      const result = await run(words, { runDir: dir.path });
      assertEquals([result.code, result.stdout], [code, ""]);
      assertMatch(result.stderr, says);
    }
    assertEquals(dir.names, []);
    assert(!await isOpen(port), "an instance runs");
  });
}

Deno.test("a port in use is refused, and its owner is not disturbed and stays in control", async () => {
  await using backend = startBackend("A");
  const port = freePort();
  await using balance = await startBalance(["-f", port, backend.operand]);
  for (const args of [["-f"], []]) {
    const { runDir } = balance;
    const second = await run([...args, port, backend.operand], { runDir });
    assertEquals([second.code, second.stdout], [71, ""]);
    assertEquals(second.stderr, "bind(): Address already in use\n");
    assertEquals((await run(["-c", "version", port], { runDir })).code, 0);
    assertEquals(await whoAnswers(balance.socket), balance.pid);
  }
  assertEquals(await get(port), "A");
  assertEquals(await balance.column("totalc"), [1]);
});

Deno.test("a run directory that others can write to is refused with exit code 69, by a link to it too", async () => {
  using parent = new TempDir();
  const dir = `${parent.path}/run`;
  await Deno.mkdir(dir);
  await Deno.chmod(dir, 0o777);
  await Deno.symlink(dir, `${parent.path}/link`);
  for (const runDir of [dir, `${parent.path}/link`]) {
    const result = await run(["-f", freePort()], { runDir });
    assertEquals([result.code, result.stdout], [69, ""]);
    assertEquals(
      result.stderr,
      `balance: run directory ${dir} is not used: ` +
        "others can write to it and it is not sticky (mode 0777)\n",
    );
  }
});

Deno.test("a run directory may be named by a symbolic link, at the start and for control", async () => {
  using parent = new TempDir();
  using dir = new TempDir();
  const runDir = `${parent.path}/link`;
  await Deno.symlink(dir.path, runDir);
  const port = freePort();
  await using _balance = await startBalance([port], { runDir });
  assertEquals(dir.names, [`balance.${port}.0.0.0.0`]);
  const killed = await run(["-c", "kill", port], { runDir });
  assertEquals([killed.code, killed.stdout], [0, "shutdown complete, exiting.\n"]);
  assertEquals(dir.names, []);
});

Deno.test("--help and --version answer on stdout", async () => {
  const help = await run(["--help"]);
  assertEquals([help.code, help.stderr], [0, ""]);
  assertStringIncludes(help.stdout, "usage: balance ");
  const version = await run(["--version"]);
  assertEquals([version.code, version.stderr], [0, ""]);
  assertMatch(version.stdout, /^balance \S+ \(behaves as balance 3\.54\)\n$/);
});
