/**
 * A worker that dies: noticed, replaced, its places given back, the others unharmed.
 *
 * @module
 */
import { DeathSwitch } from "../kit/death_switch.ts";
import { fileURLToPath } from "node:url";
import { PLAIN_ENGINE } from "../kit/engine_config.ts";
import { makeTable } from "../kit/make_table.ts";
import { assert, assertEquals, assertStringIncludes } from "../kit/assert.ts";
import { createTable, type Table } from "../../lib/core/table/schema.ts";
import { viewTable } from "../../lib/core/table/view.ts";
import { EXIT, ExitError } from "../../lib/core/errors.ts";
import { WorkerPool } from "../../lib/workers/pool.ts";
import { GRANTS } from "../../lib/system/permissions.ts";
import { eventually, Output, within } from "../kit/wait.ts";
import { freePort } from "../kit/ports.ts";
import { Backend, echo } from "../kit/backends.ts";
import { close } from "../../lib/system/close.ts";
import { checkEcho, dial, echoes } from "../kit/clients.ts";
import { recorder } from "../kit/reporter.ts";
import { TempDir } from "../kit/temp_dir.ts";

/** Some clients who hear an echo. */
async function connectAll(port: number, count: number): Promise<Deno.TcpConn[]> {
  const connecting = Array.from({ length: count }, () => dial(port));
  const clients = await Promise.all(connecting);
  for (const client of clients) await within(checkEcho(client), "an echo");
  return clients;
}

function connections(table: Table): number {
  return viewTable(table).reduce((sum, { c }) => sum + c, 0);
}

Deno.test("a worker that dies is logged and replaced, and loses only its own connections", async () => {
  await using backend = new Backend(echo);
  await using death = new DeathSwitch();
  const log = recorder();
  const port = freePort();
  const table = makeTable(backend.operand, 2);
  const { module } = death;
  const pool = new WorkerPool({ hostname: "127.0.0.1", port }, PLAIN_ENGINE, table, log, {
    module,
  });
  await pool.start();
  await eventually(() => death.wires.length === 2, "both wires");
  const clients = await connectAll(port, 40);
  const loads = pool.views().map(({ c }) => c);
  assertEquals(connections(table), 40);
  assert(loads.every((c) => c > 0), "both carry some");

  await death.kill();
  await eventually(() => pool.views().some(({ restarts }) => restarts === 1), "the death");
  const dead = pool.views().findIndex(({ restarts }) => restarts === 1);
  const left = loads[1 - dead];
  assertEquals(connections(table), left);
  assertEquals(log.messages(), ["worker {worker} died, its connections are lost"]);
  assertStringIncludes(String(log.lines[0]?.fields["reason"]), "told to die");
  // The survivor's clients hear nothing of it; the dead worker's are told the end, and so are their servers.
  const alive = await Promise.all(clients.map((client) => echoes(client)));
  assertEquals(alive.filter((each) => each).length, left);
  await eventually(() => backend.open === left, "the dead worker's connections end");

  await eventually(() => pool.views().every(({ state }) => state === "running"), "it runs");
  assertEquals(log.messages().at(-1), "worker {worker} restarted");
  assertEquals(viewTable(table)[0]?.totalc, 40);
  const more = await connectAll(port, 20);
  assert((pool.views()[dead]?.c ?? 0) > 0, "the new worker serves");
  for (const client of [...clients, ...more]) close(client);
  await eventually(() => connections(table) === 0, "every c at 0");
  pool.stopListening();
  await within(pool.done, "the end");
});

Deno.test("a dead worker is replaced after permissions were given up, too", async () => {
  await using death = new DeathSwitch();
  using dir = new TempDir();
  const program = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "--no-prompt", "--unstable-worker-options", "--unstable-net"],
      ...GRANTS.map(({ flag }) => flag),
      fileURLToPath(new URL("./fixtures/narrowed_pool.ts", import.meta.url)),
      ...[dir.path, String(freePort()), String(death.port)],
    ],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const stdout = new Output(program.stdout);
  const stderr = new Output(program.stderr);
  try {
    await stdout.until("ready");
    await eventually(() => death.wires.length === 2, "both wires");
    await death.kill();
    await eventually(() => stdout.text.includes("restarted"), "the restart", 5000);
  } catch (error) {
    throw new Error(`${stdout.text}${stderr.text}`, { cause: error });
  } finally {
    await program.stdin.close();
    await program.status;
    await Promise.all([stdout.ended, stderr.ended]);
  }
});

Deno.test("workers that cannot listen end the start with one error, and no death is told", async () => {
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const log = recorder();
  const pool = new WorkerPool(
    { hostname: "127.0.0.1", port: (taken.addr as Deno.NetAddr).port },
    PLAIN_ENGINE,
    createTable(2),
    log,
  );
  const error = await pool.start().catch((error: unknown) => error);
  const { code, message } = error instanceof ExitError ? error : new ExitError(0, "");
  assertEquals([code, message], [
    EXIT.os,
    "balance: no worker: bind(): Address already in use",
  ]);
  assertEquals(log.lines, []);
});

Deno.test("a worker that dies again and again is replaced later and later, and told twice", async () => {
  await using backend = new Backend(echo);
  await using death = new DeathSwitch();
  const log = recorder();
  const pace = { firstMs: 40, longestMs: 160, goodLifeMs: 60_000 };
  const pool = new WorkerPool(
    { hostname: "127.0.0.1", port: freePort() },
    PLAIN_ENGINE,
    makeTable(backend.operand),
    log,
    {
      module: death.module,
      pace,
    },
  );
  await pool.start();
  const pauses: number[] = [];
  for (let deaths = 1; deaths <= 5; deaths++) {
    await eventually(() => death.wires.length === 1, "its wire");
    await eventually(() => pool.views()[0]?.state === "running", "it runs");
    await death.kill();
    await eventually(() => pool.views()[0]?.restarts === deaths, "its death");
    const died = performance.now();
    await eventually(() => pool.views()[0]?.state === "running", "another one");
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
  assertEquals(log.messages(), [
    "worker {worker} died, its connections are lost",
    "worker {worker} restarted",
    "worker {worker} dies again and again, restarts are delayed",
  ]);
  pool.stopListening();
  await within(pool.done, "the end");
});

Deno.test("a client that a dying worker still accepts takes no place for ever", async () => {
  await using backend = new Backend(echo);
  await using death = new DeathSwitch();
  const query = `port=${backend.port}&death=${death.port}`;
  const table = makeTable(backend.operand);
  const pool = new WorkerPool(
    { hostname: "127.0.0.1", port: freePort() },
    PLAIN_ENGINE,
    table,
    recorder(),
    {
      module: new URL(`./fixtures/late_claimer.ts?${query}`, import.meta.url),
      pace: { firstMs: 60_000, longestMs: 60_000, goodLifeMs: 60_000 },
    },
  );
  await pool.start();
  await eventually(() => death.wires.length === 1, "its wire");
  // A death before the end of the start would be a start that fails.
  await death.kill();
  await eventually(() => pool.views()[0]?.restarts === 1, "its death");
  // The thread ends its last client, whom it gives no server.
  await eventually(() => backend.open === 0, "all its clients have gone");
  await eventually(() => connections(table) === 0, "its places are free");
  pool.stopListening();
  await within(pool.done, "the end");
});
