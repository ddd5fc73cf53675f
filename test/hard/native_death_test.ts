/** Threads of the native engine that die of a planted fault: who serves their clients, and what when none is left. */
import { fileURLToPath } from "node:url";
import { clientCount } from "../../lib/core/table/clients.ts";
import type { Table } from "../../lib/core/table/schema.ts";
import { viewTable } from "../../lib/core/table/view.ts";
import { OPEN_EDGE } from "../../lib/core/edge/edge_config.ts";
import type { EngineConfig } from "../../lib/traffic/engine_config.ts";
import { type Libc, loadLibc } from "../../lib/traffic/native/libc.ts";
import { ListeningSocket } from "../../lib/traffic/native/listening_socket.ts";
import { NativeThreads } from "../../lib/workers/native_threads.ts";
import { type PoolOptions, WorkerPool } from "../../lib/workers/pool.ts";
import type { Thread, ThreadListener, Threads } from "../../lib/workers/threads.ts";
import { assert, assertEquals, assertMatch } from "../kit/assert.ts";
import { Backend, echo } from "../kit/backends.ts";
import { checkEcho, dial, echoes } from "../kit/clients.ts";
import { PLAIN_ENGINE } from "../kit/engine_config.ts";
import { makeTable } from "../kit/make_table.ts";
import { freePort } from "../kit/ports.ts";
import { type Command, SOURCE } from "../kit/programs.ts";
import { type Recorder, recorder } from "../kit/reporter.ts";
import { startInstance } from "../kit/start.ts";
import { eventually, within } from "../kit/wait.ts";

const ignore = Deno.build.os !== "linux";
const MORTAL = new URL("./fixtures/mortal_native.ts", import.meta.url);
const PRELOAD = fileURLToPath(new URL("./fixtures/mortal_threads.ts", import.meta.url));

/** The program, whose native threads die when somebody asks for the connections. */
const MORTAL_PROGRAM: Command = {
  name: "source",
  words: SOURCE.words.flatMap((word) => word === "run" ? [word, `--preload=${PRELOAD}`] : [word]),
};

// Once for all tests: it stays loaded.
const loaded = ignore ? undefined : loadLibc();

function library(): Libc {
  if (loaded?.kind !== "loaded") throw new Error("No C library");
  return loaded.libc;
}

/** Mortal threads, each of which can be told to die. */
class Mortals implements Threads {
  readonly threads: Thread[] = [];
  readonly #native: NativeThreads;

  constructor(libc: Libc, count: number) {
    this.#native = new NativeThreads(libc, count, [], MORTAL);
  }

  open(worker: number, listener: ThreadListener): Thread | undefined {
    const thread = this.#native.open(worker, listener);
    if (thread !== undefined) this.threads[worker] = thread;
    return thread;
  }

  kill(worker: number): void {
    this.threads[worker]?.tell({ kind: "hold" });
  }
}

/** A pool of two such threads. */
interface MortalPool {
  readonly pool: WorkerPool;
  readonly port: number;
  readonly threads: Mortals;
  readonly log: Recorder;
  readonly table: Table;
}

async function startPool(
  backend: Backend,
  config: Partial<EngineConfig> = {},
  options: PoolOptions = {},
): Promise<MortalPool> {
  const libc = library();
  const threads = new Mortals(libc, 2);
  const port = freePort();
  const address = { hostname: "127.0.0.1", port };
  const bound = ListeningSocket.bind(libc, address);
  assert("socket" in bound);
  const log = recorder();
  const table = makeTable(backend.operand, 2);
  const whole = { ...options, threads, socket: bound.socket };
  const pool = new WorkerPool(address, { ...PLAIN_ENGINE, ...config }, table, log, whole);
  await pool.start();
  return { pool, port, threads, log, table };
}

Deno.test({
  name: "when a native thread dies its clients hear the end, and the others serve every new one",
  ignore,
  fn: async () => {
    await using backend = new Backend(echo);
    const edge = { ...OPEN_EDGE, maxClients: 100 };
    const pace = { firstMs: 10, longestMs: 10, goodLifeMs: 60_000 };
    const { pool, port, threads, log, table } = await startPool(backend, { edge }, { pace });
    const clients = await Promise.all(Array.from({ length: 40 }, () => dial(port)));
    for (const client of clients) await checkEcho(client);
    const loads = pool.views().map(({ c }) => c);
    assert(loads.every((c) => c > 0), "both carry some");

    threads.kill(0);
    await eventually(() => pool.views()[0]?.state === "stopped", "it is not replaced");
    assertEquals(log.messages(), [
      "worker {worker} died, its connections are lost",
      "worker {worker} cannot be replaced, {left} are left",
    ]);
    assertMatch(String(log.lines[0]?.fields["reason"]), /told to die/);
    const left = await Promise.all(clients.map((client) => echoes(client, 2000)));
    assertEquals(left.filter(Boolean).length, loads[1]);
    assertEquals([clientCount(table), viewTable(table)[0]?.c], [loads[1], loads[1]]);
    for (let count = 0; count < 40; count++) {
      using client = await dial(port);
      await checkEcho(client);
    }
    // A switch of all threads is not held up by the one that is no more.
    pool.listen(false);
    await eventually(async () => !await listens(port), "clients are refused");
    pool.listen(true);
    await eventually(() => listens(port), "clients are served again");
    for (const client of clients) client.close();
    await within(pool.stopListening(), "the stop");
    await within(pool.done, "the end");
  },
});

async function listens(port: number): Promise<boolean> {
  try {
    using client = await dial(port);
    await checkEcho(client);
    return true;
  } catch {
    return false;
  }
}

Deno.test({
  name: "clients that wait while a native thread dies are served by the others",
  ignore,
  fn: async () => {
    await using backend = new Backend(echo);
    const { pool, port, threads } = await startPool(backend);
    // Many at the moment of the death: whichever of the two the system has told of them.
    const clients: Deno.TcpConn[] = [];
    for (let count = 0; count < 20; count++) {
      if (count === 10) threads.kill(0);
      clients.push(await dial(port));
    }
    await eventually(() => pool.views()[0]?.state !== "running", "the death");
    const late = await dial(port);
    await checkEcho(late);
    // Whoever was accepted by the dead one has heard its end; everybody else is served.
    await Promise.all(clients.map((client) => within(echoes(client), "an answer or the end")));
    for (const client of [...clients, late]) client.close();
    await within(pool.stopListening(), "the stop");
    await within(pool.done, "the end");
  },
});

for (const workers of [1, 2]) {
  Deno.test({
    name: `when all of ${workers} native threads have died the instance ends, with 70 and one line`,
    ignore,
    fn: async () => {
      await using backend = new Backend(echo);
      await using balance = await startInstance([backend.port], {
        command: MORTAL_PROGRAM,
        options: ["--engine=native", "--workers", String(workers)],
      });
      using client = await balance.connect();
      await checkEcho(client);
      await balance.ask("conns").catch(() => "it has ended");
      assertEquals((await within(balance.status, "the end")).code, 70);
      await balance.stderr.ended;
      assertMatch(balance.stderr.text, /^worker 0 cannot be replaced, \d are left$/m);
      assertMatch(balance.stderr.text, /\nbalance: no worker is left\n$/);
      assert(!await echoes(client));
      assertEquals(await listens(balance.port), false);
    },
  });
}
