/** `--takeover`: an instance that takes a running one's place, and nobody notices; where it cannot be had, why. */
import { assert, assertEquals, assertMatch } from "../kit/assert.ts";
import { answerLines, type Backend, startBackend } from "../kit/backends.ts";
import { dial } from "../kit/clients.ts";
import { askSocket, whoAnswers } from "../kit/control.ts";
import { Instance } from "../kit/instance.ts";
import { binary, LONG, needing, NOBODY, otherUser, patience, tracing } from "../kit/needs.ts";
import { freePort } from "../kit/ports.ts";
import { type Command, COMPILED, defaultCommand, run, spawn } from "../kit/programs.ts";
import { Manager } from "../kit/service_manager.ts";
import { startBalance, startInstance } from "../kit/start.ts";
import { receiveLine, send } from "../kit/streams.ts";
import { TempDir } from "../kit/temp_dir.ts";
import { eventually, Output, sleep, within } from "../kit/wait.ts";
import { fileURLToPath } from "node:url";

const LOAD = fileURLToPath(new URL("fixtures/new_clients.ts", import.meta.url));
const ignore = Deno.build.os !== "linux";

/** What came of the clients of a load. */
interface Outcome {
  readonly clients: number;
  readonly refused: number;
  readonly reset: number;
  readonly unanswered: number;
  readonly answers: Readonly<Record<string, number>>;
  readonly seconds: number;
}

/** New clients all the time. */
class Load {
  readonly #process: Deno.ChildProcess;
  readonly #output: Output;

  constructor(port: number, rate: number) {
    this.#process = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--allow-net", LOAD, String(port), String(rate)],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#output = new Output(this.#process.stdout);
  }

  /** Ends it; resolves when the last client has been answered. */
  async end(): Promise<Outcome> {
    await this.#process.stdin.close();
    await this.#process.status;
    await this.#output.ended;
    return JSON.parse(this.#output.text);
  }
}

/** Connections that stay, and are looked at again and again. */
class LongOnes implements Disposable {
  readonly #all: { readonly connection: Deno.TcpConn; readonly name: string }[] = [];

  async add(port: number, count: number): Promise<void> {
    for (let have = 0; have < count; have++) {
      const connection = await Deno.connect({ hostname: "127.0.0.1", port });
      await send(connection, "x\n");
      this.#all.push({ connection, name: await receiveLine(connection) });
    }
  }

  /** All of them still have the server that they had. */
  async check(): Promise<void> {
    await Promise.all(this.#all.map(async ({ connection, name }) => {
      await send(connection, "x\n");
      assertEquals(await receiveLine(connection), name);
    }));
  }

  [Symbol.dispose](): void {
    for (const { connection } of this.#all.splice(0)) connection.close();
  }
}

/** Starts an instance that takes another one's place; resolves when it has. */
async function take(
  old: Instance,
  backend: Backend,
  options: readonly string[] = [],
): Promise<Instance> {
  const next = await startInstance([backend.port], {
    port: old.port,
    runDir: old.runDir,
    options: ["--engine=native", "--takeover", ...options],
  });
  const line = `took over from process ${old.pid}`;
  await eventually(() => next.stderr.text.includes(line), line);
  return next;
}

/** The name of the server that a new client gets. */
async function ask(port: number): Promise<string> {
  using connection = await dial(port);
  await send(connection, "x\n");
  return (await within(receiveLine(connection), "an answer")).trim();
}

function start(
  runDir: TempDir,
  backend: Backend,
  options: readonly string[] = [],
): Promise<Instance> {
  return startInstance([backend.port], { engine: "native", runDir: runDir.path, options });
}

const TAKEOVERS = LONG ? 20 : 3;
const RATE = LONG ? 2000 : 500;
const HELD = LONG ? 200 : 50;

Deno.test({
  name:
    `${TAKEOVERS} takeovers in a row, with other destinations and numbers of workers, lose nobody`,
  ignore,
  fn: async () => {
    await using a = startBackend("A", answerLines);
    await using b = startBackend("B", answerLines);
    using dir = new TempDir();
    await using instances = new AsyncDisposableStack();
    let balance = instances.use(await start(dir, a));
    using held = new LongOnes();
    await held.add(balance.port, HELD);
    const load = new Load(balance.port, RATE);
    const old: Instance[] = [];
    for (let round = 1; round <= TAKEOVERS; round++) {
      const workers = round % 2 === 0 ? "1" : "2";
      const [backend, name] = round % 2 === 0 ? [a, "A"] as const : [b, "B"] as const;
      const next = instances.use(await take(balance, backend, ["--workers", workers]));
      assertEquals(await whoAnswers(next.socket), next.pid);
      assertEquals(await ask(next.port), name);
      await held.check();
      old.push(balance);
      balance = next;
      await held.add(balance.port, LONG ? 5 : 2);
    }
    const { clients, refused, reset, unanswered, answers, seconds } = await load.end();
    assertEquals({ refused, reset, unanswered }, { refused: 0, reset: 0, unanswered: 0 });
    assertEquals((answers.A ?? 0) + (answers.B ?? 0), clients);
    assert((answers.A ?? 0) > 0 && (answers.B ?? 0) > 0);
    assert(clients >= 0.95 * RATE * seconds, `${clients} clients in ${seconds} s`);
    await held.check();
    held[Symbol.dispose]();
    // Each old one has ended by itself when its last client had.
    for (const each of old) assertEquals((await within(each.status, "the end")).code, 0);
    assertEquals(dir.names, [balance.socket.slice(dir.path.length + 1)]);
  },
});

Deno.test({
  name: "from the background to the foreground and back, with -d too",
  ignore,
  fn: async () => {
    await using backend = startBackend("A", answerLines);
    using dir = new TempDir();
    const port = freePort();
    const args = ["-b", "127.0.0.1", "--engine=native", port, backend.operand];
    using held = new LongOnes();
    await using first = await startBalance(args, { runDir: dir.path });
    await held.add(port, 2);
    await using second = await startBalance(["-f", "--takeover", ...args], { runDir: dir.path });
    await held.add(port, 2);
    await using third = await startBalance(["-d", "--takeover", ...args], { runDir: dir.path });
    await held.add(port, 2);
    await using fourth = await startBalance(["-df", "--takeover", ...args], { runDir: dir.path });
    await held.check();
    assertEquals(await whoAnswers(fourth.socket), fourth.pid);
    assertEquals(await ask(port), "A");
    held[Symbol.dispose]();
    for (const old of [first, second, third]) await old.gone();
  },
});

Deno.test({
  name: "the service manager hears of the successor from the old one, and then from that one alone",
  ignore,
  fn: async () => {
    await using backend = startBackend("A", answerLines);
    using dir = new TempDir();
    await using manager = new Manager(dir.path);
    const runDir = `${dir.path}/run`;
    const args = ["-b", "127.0.0.1", "--engine=native", freePort(), backend.operand];
    const env = { ...manager.env, WATCHDOG_USEC: "200000" };
    await using old = await startBalance(["-f", ...args], { runDir, env });
    using held = new LongOnes();
    await held.add(old.port, 1);
    await manager.until(/^READY=1$/m);
    // As by ExecReload=: in the background, and without a word of the watchdog.
    await using next = await startBalance(["--takeover", ...args], { runDir, env: manager.env });
    await manager.until(new RegExp(`^MAINPID=${next.pid}$`, "m"));
    const at = manager.messages.findIndex((each) => each.startsWith("MAINPID="));
    const later = (): readonly string[] => manager.messages.slice(at + 1);
    const signs = (): number => later().filter((each) => each.startsWith("WATCHDOG=1")).length;
    await eventually(() => signs() >= 3, "signs of life");
    assertMatch(later()[0] ?? "", /^READY=1$/m);
    // The old one still has a client, and no words.
    assertEquals(later().filter((each) => /STOPPING|draining/.test(each)), []);
    await held.check();
    await next.ask("kill");
    await manager.until(/^STOPPING=1$/m);
    held[Symbol.dispose]();
    await old.gone();
    await next.gone();
  },
});

Deno.test({
  name: "HTTP goes over with the port, and control answers all the time",
  ignore,
  fn: async () => {
    await using backend = startBackend("A", answerLines);
    using dir = new TempDir();
    const http = ["--http", `127.0.0.1:${freePort()}`];
    const state = async (): Promise<number> => {
      const response = await fetch(`http://${http[1]}/api/state`);
      return (await response.json()).pid;
    };
    await using old = await start(dir, backend, http);
    assertEquals(await state(), old.pid);
    let over = false;
    const asking = (async () => {
      while (!over) assertMatch(await askSocket(old.socket, "version"), /balance/);
    })();
    asking.catch(() => {});
    await using balance = await take(old, backend, http);
    over = true;
    await asking;
    assertEquals(await state(), balance.pid);
    await old.gone();
  },
});

Deno.test({
  name:
    "clients are refused after a takeover as before while no server is up, and served when one is",
  ignore,
  fn: async () => {
    await using backend = startBackend("A", answerLines);
    using dir = new TempDir();
    const options = ["--eject", "3", "--when-down", "refuse"];
    await using old = await start(dir, backend, options);
    const refuses = async (): Promise<boolean> => {
      try {
        (await dial(old.port)).close();
        return false;
      } catch (error) {
        return error instanceof Deno.errors.ConnectionRefused;
      }
    };
    await old.ask("disable 0");
    await eventually(refuses, "it refuses");
    await using balance = await take(old, backend, options);
    await old.gone();
    assertEquals(await ask(balance.port), "A");
    await balance.ask("disable 0");
    await eventually(refuses, "the new one refuses");
    await balance.ask("enable 0");
    await eventually(async () => !await refuses(), "the new one serves");
    assertEquals(await ask(balance.port), "A");
  },
});

/** Words that run the program with a fault at one of its system calls. */
function killedAt(call: string, when: number): Command {
  const { words } = defaultCommand();
  const inject = ["-e", `trace=${call}`, "-e", `inject=${call}:signal=SIGKILL:when=${when}`];
  return {
    name: `killed at ${call} ${when}`,
    words: ["strace", "-f", "-qq", "-o", "/dev/null", ...inject, ...words],
  };
}

/** Has a takeover fail; the old instance must go on as if nothing had been. */
async function fails(old: Instance, end: (next: Deno.ChildProcess) => Promise<void>, options: {
  readonly command?: Command;
} = {}): Promise<void> {
  const args = ["-f", "-b", "127.0.0.1", "--takeover", "--workers", "2", old.port, "127.0.0.1:1"];
  const next = spawn(args, { engine: "native", runDir: old.runDir, ...options });
  const said = [new Output(next.stdout), new Output(next.stderr)];
  await next.stdin.close();
  await end(next);
  await within(next.status, "the end of the new one");
  for (const each of said) await each.ended;
  await eventually(async () => await whoAnswers(old.socket) === old.pid, "the old one answers");
  assertEquals(await ask(old.port), "A");
}

const MOMENTS = [["recvmsg", 1], ["rename", 1], ["listen", 3]] as const;

Deno.test({
  ...needing(tracing(), "one that is killed while it takes over leaves the old one serving"),
  fn: async () => {
    await using backend = startBackend("A", answerLines);
    using dir = new TempDir();
    await using old = await start(dir, backend);
    using held = new LongOnes();
    await held.add(old.port, 5);
    const load = new Load(old.port, 100);
    for (const [call, when] of MOMENTS) {
      await fails(old, () => Promise.resolve(), { command: killedAt(call, when) });
    }
    const { refused, reset, unanswered } = await load.end();
    assertEquals({ refused, reset, unanswered }, { refused: 0, reset: 0, unanswered: 0 });
    await held.check();
    const given = old.stderr.text.match(/has given up taking over/g) ?? [];
    assertEquals(given.length, MOMENTS.length);
    // The old one may still be taken over from.
    await using balance = await take(old, backend);
    await held.check();
    assertEquals(await ask(balance.port), "A");
  },
});

/** Why a takeover fails, by the command itself. */
async function refusal(
  args: readonly (string | number)[],
  options: Parameters<typeof run>[1],
): Promise<[number, string]> {
  const all = ["-f", "-b", "127.0.0.1", "--takeover", ...args, "127.0.0.1:1"];
  const { code, stdout, stderr } = await run(all, { engine: "native", ...options });
  assertEquals(stdout, "");
  return [code, stderr];
}

Deno.test({
  name: "without a running instance there is nothing to take, and nothing is left",
  ignore,
  fn: async () => {
    using dir = new TempDir();
    const port = freePort();
    assertEquals(await refusal([port], { runDir: dir.path }), [
      69,
      `balance: no takeover: no instance answers that runs on port ${port}\n`,
    ]);
    assertEquals(dir.names, []);
  },
});

Deno.test({
  name: "an instance with the portable engine cannot hand over, and serves on",
  ignore,
  fn: async () => {
    await using backend = startBackend("A", answerLines);
    await using old = await startInstance([backend.port], { engine: "deno" });
    assertEquals(await refusal([old.port], { runDir: old.runDir }), [
      71,
      "balance: no takeover: the running instance has the portable engine, " +
      "whose socket cannot be handed over\n",
    ]);
    assertEquals([await whoAnswers(old.socket), await ask(old.port)], [old.pid, "A"]);
  },
});

Deno.test({
  name: "the portable engine cannot take over, and says what can",
  ignore,
  fn: async () => {
    const [code, said] = await refusal([freePort()], { engine: "deno" });
    assertEquals(code, 64);
    assertMatch(said, /^balance: --takeover needs --engine native\n/);
  },
});

Deno.test({
  name: "a socket of the other family is not taken",
  ignore,
  fn: async () => {
    await using backend = startBackend("A", answerLines);
    using dir = new TempDir();
    const port = freePort();
    const old = ["-f", "--engine=native", port, backend.operand];
    await using instance = await startBalance(old, { runDir: dir.path });
    const args = ["-f", "-6", "--takeover", port, "127.0.0.1:1"];
    const { code, stderr } = await run(args, { engine: "native", runDir: dir.path });
    assertEquals([code, stderr], [
      71,
      "balance: no takeover: its socket will not do: it is of IPv4\n",
    ]);
    assertEquals([await whoAnswers(instance.socket), await ask(port)], [instance.pid, "A"]);
  },
});

Deno.test({
  ...needing([otherUser(), binary()], "another user's instance is not taken over, and serves on"),
  fn: async () => {
    await using backend = startBackend("A", answerLines);
    using dir = new TempDir();
    await Deno.chmod(dir.path, 0o1777);
    await using old = await start(dir, backend);
    assertEquals(await refusal([old.port], { runDir: dir.path, user: NOBODY, command: COMPILED }), [
      71,
      "balance: no takeover: the running instance may not be controlled by this user\n",
    ]);
    assertEquals([await whoAnswers(old.socket), await ask(old.port)], [old.pid, "A"]);
  },
});

Deno.test({
  name: "of two takeovers at once one succeeds, and the other says why not",
  ignore,
  fn: async () => {
    await using backend = startBackend("A", answerLines);
    using dir = new TempDir();
    await using old = await start(dir, backend);
    const args = ["--takeover", "-b", "127.0.0.1", old.port, backend.operand];
    const racers = [1, 2].map(() => run(args, { engine: "native", runDir: dir.path }));
    const results = await Promise.all(racers);
    await using balance = await Instance.at(old.port, dir.path, "127.0.0.1");
    const codes = results.map(({ code }) => code).toSorted((one, other) => one - other);
    // The second one may come when the first is through, and take its place.
    assert(codes[0] === 0 && [0, 69, 71].includes(codes[1] ?? NaN), `${codes}`);
    for (const { stderr } of results) assertMatch(stderr, /^(|balance: no takeover: [^\n]+\n)$/);
    assertEquals(await ask(balance.port), "A");
    await old.gone();
  },
});

Deno.test({
  ...needing(patience(), "killed at any moment of its start it leaves somebody who serves"),
  fn: async () => {
    await using backend = startBackend("A", answerLines);
    using dir = new TempDir();
    await using instances = new AsyncDisposableStack();
    let balance = instances.use(await start(dir, backend));
    for (let delay = 0; delay < 800; delay += 20) {
      const next = spawn(
        ["-f", "-b", "127.0.0.1", "--takeover", balance.port, backend.operand],
        { engine: "native", runDir: dir.path },
      );
      const said = [new Output(next.stdout), new Output(next.stderr)];
      await next.stdin.close();
      await sleep(delay);
      next.kill("SIGKILL");
      await next.status;
      for (const each of said) await each.ended;
      // Once the old one drains the start was over.
      const through = (): boolean => balance.stderr.text.includes("has taken over");
      await eventually(
        async () => through() || await whoAnswers(balance.socket) === balance.pid,
        "the old one answers or drains",
      );
      if (through()) {
        await balance.gone();
        balance = instances.use(await start(dir, backend));
        continue;
      }
      assertEquals(await ask(balance.port), "A");
    }
  },
});
