/** Starts that are refused, and what is left of them: nothing. */
import { assertEquals, assertMatch, assertStringIncludes } from "../kit/assert.ts";
import { startBackend } from "./backends.ts";
import { get } from "./clients.ts";
import { run, startBalance, TempDir } from "./harness.ts";
import { freePort } from "./ports.ts";

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
  });
}

Deno.test("a port in use is refused, and its owner is not disturbed", async () => {
  await using backend = startBackend("A");
  const port = freePort();
  await using balance = await startBalance(["-f", port, backend.operand]);
  for (const args of [["-f"], []]) {
    const { runDir } = balance;
    const second = await run([...args, port, backend.operand], { runDir });
    assertEquals([second.code, second.stdout], [71, ""]);
    assertEquals(second.stderr, "bind(): Address already in use\n");
  }
  assertEquals(await get(port), "A");
  assertEquals(await balance.column("totalc"), [1]);
});

Deno.test("--help and --version answer on stdout", async () => {
  const help = await run(["--help"]);
  assertEquals([help.code, help.stderr], [0, ""]);
  assertStringIncludes(help.stdout, "usage: balance ");
  const version = await run(["--version"]);
  assertEquals([version.code, version.stderr], [0, ""]);
  assertMatch(version.stdout, /^balance \S+ \(behaves as balance 3\.54\)\n$/);
});
