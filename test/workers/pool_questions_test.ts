/** Questions to a thread that dies before it has answered. */
import { assert, assertEquals } from "../kit/assert.ts";
import { DeathSwitch } from "../kit/death_switch.ts";
import { PLAIN_ENGINE } from "../kit/engine_config.ts";
import { freePort } from "../kit/ports.ts";
import { eventually, within } from "../kit/wait.ts";
import { createTable } from "../../lib/core/table/schema.ts";
import { WorkerPool } from "../../lib/workers/pool.ts";

Deno.test("the death of a thread settles what it was asked, at once", async () => {
  await using death = new DeathSwitch();
  const pool = new WorkerPool(
    { hostname: "127.0.0.1", port: freePort() },
    PLAIN_ENGINE,
    createTable(2),
    { log: () => {}, outOfDescriptors: () => {}, trace: undefined },
    { module: new URL(`${death.module}&deaf`) },
  );
  await pool.start();
  await eventually(() => death.wires.length === 2, "both wires");
  const began = performance.now();
  const asked = Promise.all([pool.questions.connections(), pool.questions.cut({ kind: "all" })]);
  await death.kill(0);
  await death.kill(1);
  assertEquals(await within(asked, "the answers"), [{ connections: [], omitted: 0 }, 0]);
  // Less than the patience with a thread that hangs.
  assert(performance.now() - began < 1500);
  const all = (state: string): boolean => pool.views().every((each) => each.state === state);
  await eventually(() => all("running"), "both are restarted");
  await pool.stopListening();
  await within(pool.done, "the end");
});
