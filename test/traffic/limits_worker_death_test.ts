/** What a worker that dies has counted for its clients is the others' again. */
import { DeathSwitch } from "../kit/death_switch.ts";
import { HeldClient } from "../kit/clients.ts";
import { eventually, within } from "../kit/wait.ts";
import { freePort } from "../kit/ports.ts";
import { hold, startBackend } from "../kit/backends.ts";
import { createClientMemory } from "../../lib/core/edge/client_counts.ts";
import { type EdgeConfig, OPEN_EDGE } from "../../lib/core/edge/edge_config.ts";
import { apply } from "../../lib/core/table/change.ts";
import { clientCount } from "../../lib/core/table/clients.ts";
import { createTable, slotOf, type Table } from "../../lib/core/table/schema.ts";
import { viewChannel } from "../../lib/core/table/view.ts";
import { WorkerPool } from "../../lib/workers/pool.ts";
import { assertEquals } from "../kit/assert.ts";
import { PLAIN_ENGINE } from "../kit/engine_config.ts";
import { ipv4Place } from "../kit/make_table.ts";

const MOST = 6;

/** What holds when all places are taken. */
type Check = (table: Table, port: number) => Promise<void> | void;

const LIMITS: readonly [name: string, edge: EdgeConfig, check: Check][] = [
  [
    "--max-conns",
    { ...OPEN_EDGE, maxClients: MOST },
    (table) => assertEquals(clientCount(table), MOST),
  ],
  [
    "--max-conns-per-client",
    {
      ...OPEN_EDGE,
      limits: { connections: MOST, rate: undefined },
      clients: createClientMemory(2, 7),
    },
    async (_table, port) => {
      using extra = await HeldClient.open(port);
      assertEquals(extra.name, "");
    },
  ],
];

for (const [name, edge, check] of LIMITS) {
  Deno.test(`${name}: the places of a worker that dies are free, and no more than these`, async () => {
    await using death = new DeathSwitch();
    await using backend = startBackend("A", hold);
    const table = createTable(2);
    const place = ipv4Place(0x7f000001, backend.port);
    apply(table, [{ kind: "create", group: 0, place, maxc: 0, enabled: true }]);
    const port = freePort();
    const pool = new WorkerPool(
      { hostname: "127.0.0.1", port },
      { ...PLAIN_ENGINE, edge },
      table,
      { log: () => {}, outOfDescriptors: () => {}, trace: undefined },
      { module: death.module },
    );
    await pool.start();
    const connected = (): number => viewChannel(table, slotOf(0, 0)).c;
    const guests = await Promise.all(Array.from({ length: MOST }, () => HeldClient.open(port)));
    assertEquals(connected(), MOST);
    const victim = pool.views().findIndex(({ c }) => c > 0);
    const lost = pool.views()[victim]?.c ?? 0;
    await eventually(() => death.wires.length === 2, "both wires");
    await death.kill(victim);
    await eventually(() => pool.views()[victim]?.restarts === 1, "the death is noticed");
    await eventually(() => pool.views()[victim]?.state === "running", "it is restarted");
    assertEquals(connected(), MOST - lost);
    const next = await Promise.all(Array.from({ length: lost }, () => HeldClient.open(port)));
    assertEquals(next.map((guest) => guest.name).join(""), "A".repeat(lost));
    await check(table, port);
    void pool.stopListening();
    pool.endAll();
    for (const guest of [...guests, ...next]) guest[Symbol.dispose]();
    await within(pool.done, "the end");
  });
}
