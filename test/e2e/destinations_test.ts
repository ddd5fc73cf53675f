/** Destinations of every kind: IPv6, Unix sockets, attributes, files of words. */
import { eventually, Output, within } from "../kit/wait.ts";
import { deadPort, freePort } from "../kit/ports.ts";
import { TempDir } from "../kit/temp_dir.ts";
import { startBalance } from "../kit/start.ts";
import { run, spawn } from "../kit/programs.ts";
import { dial, get, gets, HeldClient } from "../kit/clients.ts";
import { receiveAll, send } from "../kit/streams.ts";
import { banner, hold, startBackend } from "../kit/backends.ts";
import { fileURLToPath } from "node:url";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../kit/assert.ts";
import { ipv6, needing } from "../kit/needs.ts";
import { greet, sendBack, SocketServer } from "./socket_server.ts";

/** What a start says on stderr beside the notice that it cannot be controlled. */
function complaint(stderr: string): string {
  return stderr.replace(/^balance: no control socket.*\n/, "");
}

Deno.test(
  needing(
    ipv6(),
    "an IPv6 server is served everywhere an IPv4 one is: operand, group, create, assign, -a",
  ),
  async () => {
    await using six = startBackend("six", banner, { hostname: "::1" });
    await using four = startBackend("four");
    const dead = deadPort();
    await using instance = await startBalance([
      ...["-f", "-a", freePort(), `[::1]:${dead}`, "!", `[0:0::1]:${six.port},maxc=9`],
    ]);
    assertEquals(await gets(2, instance.port), "six six");
    const rows = await instance.show();
    assertEquals(rows.map(({ status, destination, maxc }) => [status, destination, maxc]), [
      ["dis", `::1:${dead}`, 0],
      ["ENA", `::1:${six.port}`, 9],
    ]);
    await instance.stderr.until(`[::1]:${dead} needs to be enabled manually`);
    assertEquals(await instance.ask(`create [::1]:${six.port}`), "channel created");
    assertEquals(await instance.ask(`assign 0 [::1] ${six.port}`), "channel reassigned");
    assertEquals(await instance.ask(`create [::1]:${dead},backup,weight=7`), "channel created");
    assertEquals(await instance.ask(`assign 2 127.0.0.1 ${four.port}`), "channel reassigned");
    for (const channel of [0, 1]) await instance.ask(`enable ${channel}`);
    assertEquals(await gets(2, instance.port), "six six");
    const show = await instance.ask("show");
    assertStringIncludes(show, ` ENA              ::1 ${six.port} `);
  },
);

Deno.test(needing(ipv6(), "hash groups and -b with IPv6 servers"), async () => {
  await using a = startBackend("A", banner, { hostname: "::1" });
  await using b = startBackend("B", banner, { hostname: "::1" });
  await using instance = await startBalance([
    ...["-f", "-b", "::1", freePort(), `[::1]:${a.port}`, `[::1]:${b.port}`, "%"],
  ]);
  const first = await get(instance.port, "::1");
  assert(["A", "B"].includes(first));
  assertEquals(await gets(3, instance.port, "::1"), [first, first, first].join(" "));
});

Deno.test(needing(ipv6(), "-B of one family is ignored for servers of the other"), async () => {
  await using six = startBackend("six", hold, { hostname: "::1" });
  await using four = startBackend("four", hold);
  const operands = [`[::1]:${six.port}`, `127.0.0.1:${four.port}`];
  for (const [source, peers] of [["127.0.0.9", "::1 127.0.0.9"], ["::1", "::1 127.0.0.1"]]) {
    await using instance = await startBalance(["-f", "-B", source ?? "", freePort(), ...operands]);
    for (const name of ["six", "four"]) {
      using guest = await HeldClient.open(instance.port);
      assertEquals(guest.name, name);
    }
    assertEquals([six.peers.at(-1), four.peers.at(-1)].join(" "), peers);
  }
});

Deno.test("a Unix socket is served, with half-close, counters, and port 0", async () => {
  using folder = new TempDir();
  await using server = new SocketServer(`${folder.path}/web.sock`, sendBack);
  await using instance = await startBalance(["-f", freePort(), `unix:${server.path}`]);
  using connection = await dial(instance.port);
  await send(connection, "hello");
  await connection.closeWrite();
  assertEquals(await within(receiveAll(connection), "the end of file"), "hello");
  await instance.idle();
  const [row] = await instance.show();
  assertEquals([row?.destination, row?.sent, row?.received], [`unix:${server.path}:0`, 5, 5]);
});

Deno.test("Unix sockets work with workers, and in the background by a relative path", async () => {
  using folder = new TempDir();
  await using _server = new SocketServer(`${folder.path}/web.sock`, greet);
  for (const words of [["-f", "--workers", 2], ["--workers", 2], []]) {
    await using instance = await startBalance(
      [...words, freePort(), "unix:web.sock", "unix:gone.sock,backup"],
      { cwd: folder.path },
    );
    assertEquals(await gets(4, instance.port), "S S S S");
    await instance.ask("disable 0");
    assertEquals(await get(instance.port), "", "a socket that is not there refuses");
    assertEquals(
      (await instance.column("destination"))[1],
      `unix:${folder.path}/gone.sock:0`,
    );
    // The socket that the command line named may come later, and be assigned.
    await using _late = new SocketServer(`${folder.path}/gone.sock`, greet);
    assertEquals(await get(instance.port), "S");
    await instance.ask("disable 0");
    assertEquals(
      await instance.ask(`assign 0 unix:${folder.path}/gone.sock`),
      "channel reassigned",
    );
    assertEquals(
      await instance.ask(`create unix:${folder.path}/other.sock`),
      "no permission for this socket: only those of the command line can be used",
    );
    assertEquals(
      await instance.ask("create unix:web.sock"),
      "the path of a Unix socket begins with / here",
    );
  }
});

Deno.test("a grant too narrow for a destination is named, of every kind", async () => {
  const port = freePort();
  const words = [Deno.execPath(), "run", "--no-prompt", `--allow-net=0.0.0.0:${port}`];
  const command = {
    name: "narrow",
    words: [...words, fileURLToPath(new URL("../../main.ts", import.meta.url))],
  };
  const cases = [
    ["[::1]:81", "connect to ::1, needs --allow-net=[::1]:81"],
    ["unix:/run/x", "connect to unix:/run/x, needs --allow-read=/run/x --allow-write=/run/x"],
    ["web.test:81", "look up web.test, needs --allow-net=web.test"],
    ["dns:web.test:81", "look up dns:web.test, needs --allow-net=web.test"],
    ["srv:_http._tcp.test", "look up srv:_http._tcp.test, needs --allow-net"],
    ["--dns=127.0.0.1:5353 web.test", "look up web.test, needs --allow-net=127.0.0.1:5353"],
    ["@/etc/balance.conf", "read @/etc/balance.conf, needs --allow-read=/etc/balance.conf"],
  ] as const;
  for (const [operands, text] of cases) {
    const { code, stderr } = await run(["-f", port, ...operands.split(" ")], { command });
    assertEquals([code, complaint(stderr)], [71, `balance: no permission to ${text}\n`]);
  }
});

Deno.test("a backup is used while nothing else of its group is usable, with workers too", async () => {
  for (const workers of [1, 2]) {
    await using a = startBackend("A");
    await using spare = startBackend("S");
    await using next = startBackend("N");
    await using instance = await startBalance([
      ...["-f", "--workers", workers, freePort()],
      ...[a.operand, `${spare.operand},backup`, "!", next.operand],
    ]);
    assertEquals(await gets(3, instance.port), "A A A");
    await instance.ask("disable 0");
    assertEquals(await gets(3, instance.port), "S S S");
    await instance.ask("disable 1");
    assertEquals(await gets(2, instance.port), "N N");
    await instance.ask("enable 0");
    assertEquals(await gets(2, instance.port), "A A");
    await a[Symbol.asyncDispose]();
    await instance.ask("enable 1");
    assertEquals(await gets(2, instance.port), "S S", "it has failed for every client");
  }
});

Deno.test("a weight of 0 gets nobody, whatever the worker", async () => {
  await using a = startBackend("A");
  await using b = startBackend("B");
  await using instance = await startBalance([
    ...["-f", freePort(), `${a.operand},weight=0`, b.operand],
  ]);
  assertEquals(await gets(3, instance.port), "B B B");
});

const BAD: readonly [words: string, line: string][] = [
  [
    "80 h:80,colour=red",
    "destination h:80,colour=red: no attribute colour; there are weight, maxc, backup, check, checkport, proxy, name",
  ],
  ["80 h:80,wieght=2", "destination h:80,wieght=2: no attribute wieght; did you mean weight?"],
  [
    "80 h:80,weight=1001",
    'destination h:80,weight=1001: weight takes a number from 0 to 1000, not "1001"',
  ],
  ["80 h:80,maxc=x", 'destination h:80,maxc=x: maxc takes a number from 0 to 2147483647, not "x"'],
  ["80 h:80,backup=1", 'destination h:80,backup=1: backup takes no value, not "1"'],
  [
    "80 h:80,check=udp",
    'destination h:80,check=udp: check takes off, tcp or http:/PATH, not "udp"',
  ],
  [
    "80 h:80,checkport=0",
    'destination h:80,checkport=0: checkport takes a number from 1 to 65535, not "0"',
  ],
  ["80 h:80,proxy=v3", 'destination h:80,proxy=v3: proxy takes v1, v2 or off, not "v3"'],
  ["80 h:80,name=", 'destination h:80,name=: name takes printable text, not ""'],
  ["80 h:80,", "destination h:80,: an attribute is missing at a comma"],
  ["80 [::1", "destination [::1: brackets are for an IPv6 address, like [2001:db8::1]:80"],
  ["80 unix:/x:80", "destination unix:/x:80: a Unix socket has no port"],
  ["80 srv:_a._tcp.b:80", "destination srv:_a._tcp.b:80: the port of srv: comes from the records"],
  ["--resolve soon 80", '--resolve takes a number of seconds from 0 to 86400, not "soon"'],
  [
    "--dns ns 80",
    '--dns takes an address, with a port if it is not 53, like 192.0.2.53 or [2001:db8::53]:5353, not "ns"',
  ],
  [
    "--resolve 0 --start-unresolved 80",
    '--resolve takes 1 second or more with --start-unresolved, not "0"',
  ],
  ["@/nowhere", "cannot read @/nowhere: No such file or directory"],
  ["@/", "cannot read @/: Is a directory"],
];

Deno.test("each bad value is one line, with exit code 64, in the background too", async () => {
  using folder = new TempDir();
  for (const [words, line] of BAD) {
    const port = String(freePort());
    const args = words.split(" ").map((word) => word === "80" ? port : word);
    for (const mode of words.includes("@/") ? [[], ["-f"]] : [["-f"]]) {
      const { code, stdout, stderr } = await run([...mode, ...args], { runDir: folder.path });
      assertEquals([code, stdout, stderr], [64, "", `balance: ${line}\n`], words);
    }
  }
});

/** A file in a folder of its own. */
function file(folder: TempDir, text: string): string {
  const path = `${folder.path}/web.conf`;
  Deno.writeTextFileSync(path, text);
  return path;
}

Deno.test("@FILE has options, port and destinations, in the foreground and in the background", async () => {
  await using a = startBackend("A");
  await using b = startBackend("B");
  using folder = new TempDir();
  const port = freePort();
  for (const foreground of ["-f", ""]) {
    const path = file(
      folder,
      `# a whole instance\n${foreground} --drain 5 '-b' "127.0.0.1"\n${port}\n\n${a.operand} \\\n  ${b.operand},backup # spare\n`,
    );
    const runDir = folder.path;
    if (foreground === "") {
      const { code, stderr } = await run([`@${path}`], { runDir });
      assertEquals([code, stderr], [0, ""]);
    } else {
      const child = spawn([`@${path}`], { runDir });
      await child.stdin.close();
      const outputs = [new Output(child.stdout), new Output(child.stderr)];
      await serves(port);
      assertEquals(await gets(2, port), "A A");
      child.kill("SIGKILL");
      await within(child.status, "the end");
      await Promise.all(outputs.map(({ ended }) => ended));
      continue;
    }
    assertEquals(await gets(2, port), "A A");
    const { stdout } = await run(["-b", "127.0.0.1", "-c", "kill", port], { runDir });
    assertStringIncludes(stdout, "shutdown complete");
  }
});

async function serves(port: number): Promise<void> {
  await eventually(async () => {
    try {
      (await Deno.connect({ port })).close();
      return true;
    } catch {
      return false;
    }
  }, "it listens");
}

Deno.test("@FILE may be a pipe, which can be read only once, also for the background", async () => {
  await using a = startBackend("A");
  using folder = new TempDir();
  const port = freePort();
  const pipe = `${folder.path}/pipe`;
  await new Deno.Command("mkfifo", { args: [pipe] }).output();
  const [result] = await Promise.all([
    run([`@${pipe}`], { runDir: folder.path }),
    Deno.writeTextFile(pipe, `${port} ${a.operand}\n`),
  ]);
  assertEquals([result.code, result.stderr], [0, ""]);
  assertEquals(await get(port), "A");
  await run(["-c", "kill", port], { runDir: folder.path });
});

Deno.test("a fault in a file is named with its line", async () => {
  using folder = new TempDir();
  const cases = [
    ["80\n'web", 2, "a quote ' that is not closed"],
    ["80\n\n@other", 3, "a file inside a file is not read; quote a word that begins with @"],
    ["80 a\\", 1, "a backslash at the end of the file"],
  ] as const;
  for (const [text, line, reason] of cases) {
    const path = file(folder, text);
    const { code, stderr } = await run(["-f", `@${path}`]);
    assertEquals([code, stderr], [64, `balance: @${path}, line ${line}: ${reason}\n`]);
  }
  const path = `${folder.path}/binary`;
  await Deno.writeFile(path, Uint8Array.of(0x80, 0x0a));
  const { code, stderr } = await run(["-f", `@${path}`]);
  assertEquals([code, stderr], [64, `balance: cannot read @${path}: it is no text in UTF-8\n`]);
  await Deno.writeFile(path, new Uint8Array(2 ** 20 + 1).fill(32));
  const large = await run(["-f", `@${path}`]);
  assertMatch(large.stderr, /^balance: cannot read @.*: it has more than 1048576 bytes\n$/);
});

Deno.test("a quoted @ is a host's name, in the background too", async () => {
  using folder = new TempDir();
  const path = file(folder, `${freePort()} '@web'`);
  for (const mode of [["-f"], []]) {
    const { code, stderr } = await run([...mode, `@${path}`], { runDir: folder.path });
    assertEquals([code, stderr], [65, "unknown or invalid address [@web]\n"]);
  }
});

Deno.test(
  needing(ipv6(), "an IPv6 address may have the name of an interface, which there must be"),
  async () => {
    const port = deadPort();
    await using instance = await startBalance(["-f", freePort(), `[fe80::1%lo]:${port},name=near`]);
    assertStringIncludes(await instance.ask("snapshot"), `[fe80::1%lo]:${port},name=near`);
    assertEquals(await instance.ask("create [fe80::2%1]:80"), "channel created");
    // By then the program may not look at interfaces any more.
    assertEquals(await instance.ask("create [fe80::2%lo]:80"), "invalid address");
    const { code, stderr } = await run(["-f", freePort(), "[fe80::1%nosuch0]:80"]);
    assertEquals([code, stderr], [65, "unknown or invalid address [fe80::1%nosuch0]\n"]);
  },
);
