/** Servers that fail: what clients get, what operators see, in one thread and in several. */
import { eventually, within } from "../kit/wait.ts";
import { deadPort, freePort, ownAddress } from "../kit/ports.ts";
import { TempDir } from "../kit/temp_dir.ts";
import { startBalance } from "../kit/start.ts";
import { type Instance } from "../kit/instance.ts";
import { commands, run, running } from "../kit/programs.ts";
import { dial, get, gets, HeldClient } from "../kit/clients.ts";
import { Backend, banner, type Behaviour, hold, sink } from "../kit/backends.ts";
import { assert, assertEquals, assertStringIncludes } from "../kit/assert.ts";

const QUICK = ["--check-interval", "0.1", "--check-timeout", "0.5"];

/** Waits until the S column reads as wanted. */
async function shows(balance: Instance, ...wanted: string[]): Promise<void> {
  const look = async (): Promise<boolean> =>
    (await balance.column("status")).join() === wanted.join();
  await eventually(look, `show with ${wanted.join(" ")}`);
}

/** What a client is told: the server's first line, or how it failed. */
function outcome(port: number): Promise<string> {
  return get(port).then((text) => text || "closed", (error: Error) => error.name);
}

/** A listener that takes no connection any more: connecting to it hangs, until it is closed. */
async function fullListener(hostname: string, port: number): Promise<AsyncDisposable> {
  const listener = Deno.listen({ hostname, port, tcpBacklog: 1 });
  const taken: Deno.TcpConn[] = [];
  for (;;) {
    try {
      taken.push(await Deno.connect({ hostname, port, signal: AbortSignal.timeout(300) }));
    } catch {
      break;
    }
  }
  return {
    [Symbol.asyncDispose]: () => {
      for (const connection of taken) connection.close();
      listener.close();
      return Promise.resolve();
    },
  };
}

/** Closes at once, without a byte. */
const slam: Behaviour = () => Promise.resolve();

for (const workers of [1, 2]) {
  for (const command of commands()) {
    const test = (name: string, body: () => Promise<void>): void =>
      Deno.test(running(command, `health, --workers ${workers}: ${name}`), body);

    /** Starts an instance in the foreground. */
    const start = (options: readonly string[], operands: readonly string[]): Promise<Instance> =>
      startBalance(["-f", "--workers", workers, ...options, freePort(), ...operands], { command });

    test("a server that is down gets nobody, and its share when it is back", async () => {
      const host = ownAddress();
      const port = freePort();
      await using good = new Backend(banner, { name: "A" });
      await using balance = await start(["--check", "tcp", ...QUICK], [
        good.operand,
        `${host}:${port},name=b`,
      ]);
      await shows(balance, "ENA", "down");
      assertEquals(await gets(4, balance.port), "A A A A");
      assertEquals((await balance.column("totalc"))[1], 0);
      await using _back = new Backend(banner, { name: "B", hostname: host, port });
      await shows(balance, "ENA", "ENA");
      assertEquals((await gets(4, balance.port)).split(" ").toSorted().join(""), "AABB");
      const said = await balance.stderr.until("channel 0.1 b up: connected (2 of 2), was down ");
      assertStringIncludes(said ?? "", "channel 0.1 b down: refused (first check)\n");
    });

    test("--eject: N failures in a row over all threads eject, and a served client brings it back", async () => {
      const host = ownAddress();
      const port = freePort();
      await using good = new Backend(banner, { name: "A" });
      await using balance = await start(["--eject", "3"], [good.operand, `${host}:${port},name=b`]);
      assertEquals(await gets(12, balance.port), Array(12).fill("A").join(" "));
      await shows(balance, "ENA", "ejct");
      // Three clients' attempts ejected it; a trial may have come since.
      const [, tried = 0] = await balance.column("totalc");
      assert(tried >= 3 && tried <= 4, `${tried}`);
      await using _back = new Backend(banner, { name: "B", hostname: host, port });
      const come = async (): Promise<boolean> => (await get(balance.port)) === "B";
      await eventually(come, "a trial that is served");
      await shows(balance, "ENA", "ENA");
      const said = await balance.stderr.until(
        "channel 0.1 b up: a client was served, was ejected ",
      );
      assertStringIncludes(said ?? "", "channel 0.1 b ejected: refused (3 of 3), was up ");
    });

    test("--eject: a server that closes at once without a byte is ejected, one that answers is not", async () => {
      await using good = new Backend(banner, { name: "A" });
      await using bad = new Backend(slam, { name: "B" });
      await using balance = await start(["--eject", "2"], [good.operand, bad.operand]);
      await eventually(async () => {
        await get(balance.port);
        return (await balance.column("status"))[1] === "ejct";
      }, "ejected");
      await balance.stderr.until("ejected: closed without a byte (2 of 2)");
      assertEquals((await balance.column("status"))[0], "ENA");
    });

    test("--eject: of many clients at once exactly one is the trial", async () => {
      const host = ownAddress();
      const port = freePort();
      await using good = new Backend(hold, { name: "A" });
      await using balance = await start(["--eject", "1"], [good.operand, `${host}:${port}`]);
      await eventually(async () => {
        using _guest = await HeldClient.open(balance.port);
        return (await balance.column("status"))[1] === "ejct";
      }, "ejected");
      await balance.idle();
      const [, before = 0] = await balance.column("totalc");
      let guests: Promise<HeldClient>[];
      {
        // From now on a connect to it hangs, so the trial lasts.
        await using _full = await fullListener(host, port);
        await eventually(async () => (await balance.ask("health")).includes("  due  "), "a trial");
        guests = Array.from({ length: 10 }, () => HeldClient.open(balance.port));
        await eventually(async () => (await balance.column("c")).join() === "9,1", "one on trial");
        assertEquals((await balance.column("totalc"))[1], before + 1);
        assertStringIncludes(await balance.ask("health"), "  now  ");
      }
      // It failed: the client is served elsewhere, as ever.
      for (const guest of await Promise.all(guests)) {
        using it = guest;
        assertEquals(it.name, "A");
      }
      assertEquals((await balance.column("status"))[1], "ejct");
    });

    for (const [what, behave] of [["answers", hold], ["is silent for a second", sink]] as const) {
      test(`--eject: a trial that ${what} and goes on brings its channel back`, async () => {
        const host = ownAddress();
        const port = freePort();
        await using good = new Backend(hold, { name: "A" });
        await using balance = await start(["--eject", "1"], [good.operand, `${host}:${port}`]);
        await eventually(async () => {
          using _guest = await HeldClient.open(balance.port);
          return (await balance.column("status"))[1] === "ejct";
        }, "ejected");
        await using back = new Backend(behave, { name: "B", hostname: host, port });
        const clients: Deno.TcpConn[] = [];
        using stack = new DisposableStack();
        await eventually(async () => {
          clients.push(stack.use(await dial(balance.port)));
          return back.open === 1;
        }, "the trial");
        await shows(balance, "ENA", "ENA");
        assertEquals(back.open, 1);
      });
    }

    test("--when-down try: with every server down clients are served all the same, told once", async () => {
      await using good = new Backend(banner, { name: "A" });
      const dead = deadPort();
      await using balance = await start(["--check", "tcp", ...QUICK], [
        `127.0.0.1:${dead}`,
        // Its check is wrong, not the server.
        `${good.operand},checkport=${dead}`,
        `${good.operand},checkport=${dead}`,
      ]);
      await balance.ask("disable 2");
      await shows(balance, "down", "down", "dis");
      assertEquals(await gets(4, balance.port), "A A A A");
      assertEquals((await balance.column("totalc"))[2], 0);
      const line = "no channel is up: enabled ones get clients all the same\n";
      const said = await balance.stderr.until(line) ?? "";
      assertEquals(said.split(line).length, 2);
    });

    test("--when-down close: with every server down clients are closed", async () => {
      await using good = new Backend(banner, { name: "A" });
      const options = ["--check", "tcp", "--when-down", "close", ...QUICK];
      await using balance = await start(options, [`${good.operand},checkport=${deadPort()}`]);
      await shows(balance, "down");
      assertEquals([await outcome(balance.port), good.peers.length], ["closed", 0]);
    });

    test("--when-down refuse: with every server down clients are refused, and accepted again", async () => {
      const host = ownAddress();
      const port = freePort();
      const options = ["--check", "tcp", "--when-down", "refuse", ...QUICK];
      await using balance = await start(options, [`${host}:${port}`]);
      await eventually(async () => await outcome(balance.port) === "ConnectionRefused", "refused");
      {
        await using _back = new Backend(banner, { name: "B", hostname: host, port });
        await eventually(async () => await outcome(balance.port) === "B", "served");
        assertEquals(await gets(3, balance.port), "B B B");
      }
      await eventually(async () => await outcome(balance.port) === "ConnectionRefused", "refused");
      const told = (): string[] =>
        balance.stderr.text.split("\n").filter((line) => /client/.test(line));
      await eventually(() => told().length === 3, "three lines");
      assertEquals(told(), [
        "no channel is usable: clients are refused",
        "clients are accepted again",
        "no channel is usable: clients are refused",
      ]);
      // It can still be ended.
      assertEquals(await balance.ask("kill"), "shutdown complete, exiting.");
      await balance.gone();
    });

    test("--when-down refuse: a port that somebody else has taken is taken back when it is free", async () => {
      const host = ownAddress();
      const port = freePort();
      const options = ["--check", "tcp", "--when-down", "refuse", ...QUICK];
      await using balance = await start(options, [`${host}:${port}`]);
      await balance.stderr.until("no channel is usable: clients are refused");
      const stranger = new Backend(banner, {
        name: "stranger",
        hostname: "0.0.0.0",
        port: balance.port,
      });
      await using _back = new Backend(banner, { name: "B", hostname: host, port });
      await balance.stderr.until("cannot listen again");
      assertEquals(await outcome(balance.port), "stranger");
      await stranger[Symbol.asyncDispose]();
      await balance.stderr.until("clients are accepted again");
      assertEquals(await gets(3, balance.port), "B B B");
    });

    test("--cut-down: connections of a server that a check takes down end, others stay", async () => {
      const host = ownAddress();
      await using a = new Backend(hold, { name: "A", hostname: host });
      await using b = new Backend(hold, { name: "B", hostname: host });
      const probe = new Backend(banner, { name: "probe", hostname: host, port: freePort() });
      const options = ["--check", "tcp", "--cut-down", ...QUICK];
      await using balance = await start(options, [
        `${a.operand},check=off`,
        `${b.operand},checkport=${probe.port}`,
      ]);
      const guests = await Promise.all([1, 2, 3, 4].map(() => HeldClient.open(balance.port)));
      using stack = new DisposableStack();
      for (const guest of guests) stack.use(guest);
      await probe[Symbol.asyncDispose]();
      await shows(balance, "ENA", "down");
      await eventually(() => b.open === 0, "the end of the connections");
      assertEquals(await balance.column("c"), [a.open, 0]);
      assert(a.open > 0);
      const lost = guests.filter(({ name }) => name === "B");
      for (const { connection } of lost) {
        assertEquals(await within(connection.read(new Uint8Array(1)), "its end"), null);
      }
    });
  }
}

const DEAD = deadPort();

interface Try {
  readonly name: string;
  /** Words behind the port; `LIVE` is a server that answers by its name. */
  readonly words: readonly string[];
  readonly code: number;
  /** The columns works, name and result of each row. */
  readonly rows: readonly string[];
}

const TRIES: readonly Try[] = [
  {
    name: "all work",
    words: ["LIVE", "!", "LIVE"],
    code: 0,
    rows: ["yes LIVE connected", "yes LIVE connected"],
  },
  { name: "no channels", words: [], code: 0, rows: [] },
  {
    name: "one is dead",
    words: ["LIVE", `127.0.0.1:${DEAD}`],
    code: 69,
    rows: ["yes LIVE connected", `no 127.0.0.1:${DEAD} refused`],
  },
  {
    name: "an unknown name",
    words: ["LIVE", "name.invalid:80"],
    code: 69,
    rows: ["yes LIVE connected", "no name.invalid:80 unknown or invalid address"],
  },
  {
    name: "a check of its own",
    words: ["LIVE,check=http:/"],
    code: 69,
    rows: ["no LIVE malformed http answer"],
  },
  {
    name: "a dialogue",
    words: ["--check-expect", "LI", "LIVE", "LIVE,check=off"],
    code: 0,
    rows: ["yes LIVE expected answer", "yes LIVE connected"],
  },
];

for (const { name, words, code, rows } of TRIES) {
  Deno.test(`--try: ${name}: exit ${code}, a row each, no port bound`, async () => {
    await using live = new Backend(banner, { name: "LIVE" });
    // The port is taken: binding it would fail.
    await using taken = new Backend(banner, {
      name: "taken",
      hostname: "0.0.0.0",
      port: freePort(),
    });
    const operands = words.map((word) => word.replace(/^LIVE/, live.operand));
    const result = await run(["--try", taken.port, ...operands]);
    assertEquals([result.code, result.stderr], [code, ""]);
    const [header, ...lines] = result.stdout.trimEnd().split("\n");
    assertEquals(header?.trim().split(/ +/).at(-1), "result");
    const shown = lines.map((line) => line.trim().split(/ {2,}/).slice(-3).join(" "));
    assertEquals(shown, rows.map((row) => row.replace("LIVE", live.operand)));
  });
}

const BAD: readonly [words: readonly string[], complaint: string][] = [
  [["--check", "ftp"], 'balance: --check takes tcp, http:/PATH or off, not "ftp"'],
  [["--check-interval", "0"], 'balance: --check-interval takes seconds from 0.1 to 86400, not "0"'],
  [
    ["--when-down", "panic"],
    'balance: --when-down takes try, close, refuse or reset, not "panic"',
  ],
  [["--eject", "-1"], 'balance: --eject takes a number from 0 to 1000, not "-1"'],
];

for (const [words, complaint] of BAD) {
  Deno.test(`a bad value is one line and exit 64: ${words.join(" ")}`, async () => {
    using folder = new TempDir();
    const { code, stdout, stderr } = await run([...words, 80, "h"], { runDir: folder.path });
    assertEquals([code, stdout, stderr], [64, "", `${complaint}\n`]);
  });
}
