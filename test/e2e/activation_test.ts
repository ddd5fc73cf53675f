/** A listening socket from the service manager, handed over by systemd's own program. */
import { assertEquals, assertMatch } from "../kit/assert.ts";
import { answerLines, startBackend } from "../kit/backends.ts";
import { dial } from "../kit/clients.ts";
import { whoAnswers } from "../kit/control.ts";
import type { Instance } from "../kit/instance.ts";
import { ipv6, type Need, needing, program } from "../kit/needs.ts";
import { freePort } from "../kit/ports.ts";
import { commandLine, commands, execute, running, type Word } from "../kit/programs.ts";
import { startBalance } from "../kit/start.ts";
import { receiveLine, send } from "../kit/streams.ts";
import { TempDir } from "../kit/temp_dir.ts";
import { eventually, within } from "../kit/wait.ts";

const ACTIVATE: Need = { ...program("systemd-socket-activate"), package: "systemd" };

/** Words in front of a program that is to have sockets, the first client of one of which starts it. */
function activated(listen: readonly string[], options: readonly string[] = []): string[] {
  const folders = ["DENO_DIR", "XDG_CACHE_HOME"].filter((name) => Deno.env.has(name));
  return [
    "systemd-socket-activate",
    ...listen.flatMap((each) => ["-l", each]),
    ...folders.map((name) => `-E${name}`),
    ...options,
  ];
}

/** Connects as soon as somebody listens, which starts the program. */
async function wake(port: number, hostname?: string): Promise<Deno.TcpConn> {
  let client: Deno.TcpConn | undefined;
  await eventually(async () => {
    client = await dial(port, hostname).catch(() => undefined);
    return client !== undefined;
  }, "somebody listens");
  if (client === undefined) throw new Error("Nobody listens");
  return client;
}

/** The name of the server that a client gets. */
async function ask(client: Deno.TcpConn): Promise<string> {
  await send(client, "x\n");
  return (await within(receiveLine(client), "an answer")).trim();
}

/** What a start comes to that does not want its socket. */
async function refusal(
  args: readonly Word[],
  port: number,
  { wrapper, engine = "native" }: { readonly wrapper: readonly string[]; readonly engine?: string },
): Promise<[number, string]> {
  using dir = new TempDir();
  const words = commandLine(args, { wrapper, engine, runDir: dir.path });
  const ending = execute(words);
  using _client = await wake(port);
  const { code, stderr } = await ending;
  assertEquals(dir.names, []);
  const lines = stderr.split("\n").filter((line) =>
    !/^(Listening|Communication|Execing)/.test(line)
  );
  return [code, lines.join("\n")];
}

for (const command of commands()) {
  Deno.test(
    running(
      command,
      "the client that starts an instance by its socket is served, and all after it",
      [ACTIVATE],
    ),
    async () => {
      await using backend = startBackend("A", answerLines);
      const port = freePort();
      const wrapper = activated([`127.0.0.1:${port}`]);
      const args = ["-f", "--engine=native", "--workers=2", port, backend.operand];
      const starting = startBalance(args, { command, wrapper });
      using first = await wake(port);
      await using balance = await starting;
      assertEquals(await ask(first), "A");
      using second = await balance.connect();
      assertEquals(await ask(second), "A");
      balance.signal("SIGQUIT");
      first.close();
      second.close();
      assertEquals((await within(balance.status, "the end")).code, 0);
    },
  );
}

Deno.test(
  needing(
    [ACTIVATE, ipv6()],
    "of several sockets it is the one called balance, and -6 is not needed",
  ),
  async () => {
    await using backend = startBackend("A", answerLines);
    const [other, port] = [freePort(), freePort()];
    const wrapper = activated([`127.0.0.1:${other}`, `[::1]:${port}`], ["--fdname=other:balance"]);
    const args = ["-f", "--engine=native", port, backend.operand];
    const starting = startBalance(args, { wrapper });
    using client = await wake(port, "::1");
    await using _balance = await starting;
    assertEquals(await ask(client), "A");
  },
);

Deno.test(
  needing(
    ACTIVATE,
    "an instance with the manager's socket is taken over from, and its successor knows whose it is",
  ),
  async () => {
    await using backend = startBackend("A", answerLines);
    using dir = new TempDir();
    const port = freePort();
    const wrapper = activated([`127.0.0.1:${port}`]);
    const args = ["-f", "-b", "127.0.0.1", "--engine=native", port, backend.operand];
    const starting = startBalance(args, { wrapper, runDir: dir.path });
    using client = await wake(port);
    await using old = await starting;
    assertEquals(await ask(client), "A");
    await using first = await successor(old, args);
    assertEquals(await ask(client), "A");
    client.close();
    await old.gone();
    await using second = await successor(first, args);
    await first.gone();
    using last = await second.connect();
    assertEquals(await ask(last), "A");
    const refusing = [
      "-f",
      "-b",
      "127.0.0.1",
      "--takeover",
      "--when-down=refuse",
      port,
      "127.0.0.1:1",
    ];
    const { code, stderr } = await execute(
      commandLine(refusing, { engine: "native", runDir: dir.path }),
    );
    assertEquals([code, stderr], [
      71,
      "balance: no takeover: --when-down refuse would shut the service manager's socket for good\n",
    ]);
    assertEquals(await whoAnswers(second.socket), second.pid);
  },
);

async function successor(old: Instance, args: readonly Word[]): Promise<Instance> {
  const next = await startBalance(["--takeover", ...args], { runDir: old.runDir });
  await next.stderr.until(/took over from process \d+\n/);
  return next;
}

Deno.test(needing(ACTIVATE, "a socket that will not do is one line and exit code 71"), async () => {
  const port = freePort();
  const complaint = (why: string): [number, string] => [
    71,
    `balance: the service manager's socket: ${why}\n`,
  ];
  const tcp = activated([`127.0.0.1:${port}`]);
  const two = activated([`127.0.0.1:${port}`, `127.0.0.1:${freePort()}`]);
  const cases: [readonly Word[], readonly string[], string][] = [
    [["-f", port, "127.0.0.1:1"], tcp, "it needs --engine native"],
    [["-f", "1", "127.0.0.1:1"], tcp, `it has port ${port}, not 1`],
    [["-f", port, "127.0.0.1:1"], two, "of 2 sockets exactly one must be called balance"],
    [[port, "127.0.0.1:1"], tcp, "it does not come along to the background: it needs -f"],
    [
      ["-f", "--when-down=refuse", port, "127.0.0.1:1"],
      tcp,
      "--when-down refuse would shut the service manager's socket for good",
    ],
  ];
  for (const [args, wrapper, why] of cases) {
    const engine = why.includes("--engine") ? "deno" : "native";
    assertEquals(await refusal(args, port, { wrapper, engine }), complaint(why));
  }
  const takeover = await refusal(["-f", "--takeover", port, "127.0.0.1:1"], port, { wrapper: tcp });
  assertEquals(takeover, [
    71,
    "balance: no takeover: the socket is the service manager's to give\n",
  ]);
});

Deno.test({
  name: "sockets that are meant for another process are nobody's",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await using backend = startBackend("A", answerLines);
    const env = { LISTEN_PID: "1", LISTEN_FDS: "1" };
    const args = ["-f", "--engine=native", freePort(), backend.operand];
    await using balance = await startBalance(args, { env });
    using client = await balance.connect();
    assertEquals(await ask(client), "A");
    assertMatch(balance.stderr.text, /^$/);
  },
});
