/**
 * A worker that dies: noticed, replaced, its places given back, the others unharmed.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { PLAIN_ENGINE } from "../kit/engine_config.ts";
import { ipv4Place } from "../kit/make_table.ts";
import { assertEquals, assertStringIncludes } from "../kit/assert.ts";
import { apply } from "../../lib/core/table/change.ts";
import { createTable, type Table } from "../../lib/core/table/schema.ts";
import { viewTable } from "../../lib/core/table/view.ts";
import { EXIT, ExitError } from "../../lib/core/errors.ts";
import { WorkerPool } from "../../lib/workers/pool.ts";
import type { Reporter } from "../../lib/core/events.ts";
import { GRANTS } from "../../lib/system/permissions.ts";
import { eventually, freePort, within } from "./kit.ts";
import { Backend, close, echo, readExactly, writeAll } from "./peers.ts";

const HELLO = new TextEncoder().encode("hello");
const LOOPBACK = 0x7f000001;

/** The wires that mortal workers hang on, in the order of their calls. */
class Wires implements AsyncDisposable {
  readonly wires: Deno.TcpConn[] = [];
  readonly #backend = new Backend((connection, gone) => {
    this.wires.push(connection);
    return gone;
  });

  get port(): number {
    return this.#backend.port;
  }

  async cut(): Promise<void> {
    await this.wires.shift()?.write(HELLO);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#backend[Symbol.asyncDispose]();
  }
}

async function talks(connection: Deno.TcpConn): Promise<boolean> {
  try {
    await writeAll(connection, HELLO);
    await readExactly(connection, HELLO.length);
    return true;
  } catch {
    return false;
  }
}

/** A table of one channel without a limit. */
function tableTo(port: number, workers: number): Table {
  const table = createTable(workers);
  apply(table, [
    { kind: "create", group: 0, place: ipv4Place(LOOPBACK, port), maxc: 0, enabled: true },
  ]);
  return table;
}

/** Where a pool's words go, without their values. */
function collector(said: string[]): Reporter {
  return {
    log: (_level, message) => said.push(message),
    trace: undefined,
    outOfDescriptors: () => {},
  };
}

function connections(table: Table): number {
  return viewTable(table).reduce((sum, { c }) => sum + c, 0);
}

Deno.test("a worker that dies loses only its own connections, and another takes its place", async () => {
  await using backend = new Backend(echo);
  await using wires = new Wires();
  const said: string[] = [];
  const port = freePort();
  const table = tableTo(backend.port, 2);
  const pool = new WorkerPool(
    { hostname: "127.0.0.1", port },
    PLAIN_ENGINE,
    table,
    collector(said),
    { module: new URL(`./inside/mortal_worker.ts?port=${wires.port}`, import.meta.url) },
  );
  await pool.start();
  await eventually("both wires", () => wires.wires.length === 2);
  const clients = await Promise.all(
    Array.from({ length: 40 }, () => Deno.connect({ hostname: "127.0.0.1", port })),
  );
  for (const client of clients) assertEquals(await talks(client), true);
  const loads = pool.views().map(({ c }) => c);
  assertEquals(connections(table), 40);
  await wires.cut();
  await eventually("a new worker", () => pool.views().some(({ restarts }) => restarts === 1));
  const dead = pool.views().findIndex(({ restarts }) => restarts === 1);
  const alive = await Promise.all(clients.map((client) => within("an answer", talks(client))));
  assertEquals(alive.filter((each) => each).length, loads[1 - dead]);
  assertEquals(connections(table), loads[1 - dead]);
  await eventually("it runs", () => pool.views().every(({ state }) => state === "running"));
  const more = await Promise.all(
    Array.from({ length: 20 }, () => Deno.connect({ hostname: "127.0.0.1", port })),
  );
  for (const client of more) assertEquals(await talks(client), true);
  for (const client of [...clients, ...more]) close(client);
  await eventually("every c at 0", () => connections(table) === 0);
  pool.stopListening();
  await within("the end", pool.done);
  assertStringIncludes(said.join("\n"), "worker {worker} died");
});

Deno.test("a dead worker is replaced after permissions were given up, too", async () => {
  await using wires = new Wires();
  const dir = await Deno.makeTempDir({ prefix: "balance-hard-" });
  const program = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "--no-prompt", "--unstable-worker-options", "--unstable-net"],
      ...GRANTS.map(({ flag }) => flag),
      fileURLToPath(new URL("./inside/narrowed_crew.ts", import.meta.url)),
      ...[dir, String(freePort()), String(wires.port)],
    ],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const errors = new Response(program.stderr).text();
  let said = "";
  const reading = (async () => {
    for await (const chunk of program.stdout) said += new TextDecoder().decode(chunk);
  })();
  try {
    await eventually("the start", () => said.includes("ready") && wires.wires.length === 2);
    await wires.cut();
    await eventually("the restart", () => said.includes("restarted"), 5000);
  } catch (error) {
    throw new Error(said, { cause: error });
  } finally {
    await program.stdin.close();
    await program.status;
    await reading;
    await errors;
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("workers that cannot listen end the start with one error, and no death is told", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const said: string[] = [];
  const pool = new WorkerPool(
    { hostname: "127.0.0.1", port: (taken.addr as Deno.NetAddr).port },
    PLAIN_ENGINE,
    createTable(2),
    collector(said),
  );
  const error = await pool.start().catch((error: unknown) => error);
  const { code, message } = error instanceof ExitError ? error : new ExitError(0, "");
  assertEquals([code, message], [
    EXIT.os,
    "balance: no worker: bind(): Address already in use",
  ]);
  assertEquals(said, []);
});

Deno.test("a worker that dies again and again is replaced later and later, and told twice", async () => {
  await using backend = new Backend(echo);
  await using wires = new Wires();
  const said: string[] = [];
  const pace = { firstMs: 40, longestMs: 160, goodLifeMs: 60_000 };
  const pool = new WorkerPool(
    { hostname: "127.0.0.1", port: freePort() },
    PLAIN_ENGINE,
    tableTo(backend.port, 1),
    collector(said),
    {
      module: new URL(`./inside/mortal_worker.ts?port=${wires.port}`, import.meta.url),
      pace,
    },
  );
  await pool.start();
  const pauses: number[] = [];
  for (let death = 1; death <= 5; death++) {
    await eventually("its wire", () => wires.wires.length === 1);
    await eventually("it runs", () => pool.views()[0]?.state === "running");
    await wires.cut();
    await eventually("its death", () => pool.views()[0]?.restarts === death);
    const died = performance.now();
    await eventually("another one", () => pool.views()[0]?.state === "running");
    pauses.push(performance.now() - died);
  }
  // It was seen dead up to 10 ms late.
  assertEquals([40, 80, 160, 160, 160].map((ms, at) => (pauses[at] ?? 0) > ms - 15), [
    true,
    true,
    true,
    true,
    true,
  ], pauses.join());
  assertEquals(said, [
    "worker {worker} died, its connections are lost",
    "worker {worker} restarted",
    "worker {worker} dies again and again, restarts are delayed",
  ]);
  pool.stopListening();
  await within("the end", pool.done);
});

Deno.test("a client that a dying worker still accepts takes no place for ever", async () => {
  await using backend = new Backend(echo);
  const table = tableTo(backend.port, 1);
  const pool = new WorkerPool(
    { hostname: "127.0.0.1", port: freePort() },
    PLAIN_ENGINE,
    table,
    collector([]),
    {
      module: new URL(`./inside/late_claimer.ts?port=${backend.port}`, import.meta.url),
      pace: { firstMs: 60_000, longestMs: 60_000, goodLifeMs: 60_000 },
    },
  );
  await pool.start();
  await eventually("its death", () => pool.views()[0]?.restarts === 1);
  // The thread ends its last client, whom it gives no server.
  await eventually("all its clients have gone", () => backend.live === 0);
  await eventually("its places are free", () => connections(table) === 0);
  pool.stopListening();
  await within("the end", pool.done);
});
