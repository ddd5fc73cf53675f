/** Accepting with a limited number of clients over all threads. */
import { waitingClients } from "../kit/processes.ts";
import { eventually, within } from "../kit/wait.ts";
import { freePort } from "../kit/ports.ts";
import { dial } from "../kit/clients.ts";
import { enter, leave } from "../../lib/core/table/clients.ts";
import { createTable } from "../../lib/core/table/schema.ts";
import { Acceptor, bind } from "../../lib/traffic/deno/listener.ts";
import { Places } from "../../lib/traffic/places.ts";
import { assert, assertEquals } from "../kit/assert.ts";

const SILENT = { log: (): void => {}, outOfDescriptors: (): void => {}, trace: undefined };

/** A listener of worker 0 of two, with one place for both. */
function acceptor(): { port: number; accepting: Acceptor; table: ReturnType<typeof createTable> } {
  const port = freePort();
  const table = createTable(2);
  const listener = bind({ hostname: "127.0.0.1", port }, false);
  const places = new Places({ table, worker: 0 }, 1);
  return { port, table, accepting: new Acceptor(listener, SILENT, places) };
}

Deno.test("a client whose place another thread has taken is not served before that one is free", async () => {
  const { port, table, accepting } = acceptor();
  const served: Deno.TcpConn[] = [];
  const running = accepting.run((client) => served.push(client), () => served.length);
  // The accept is under way already when the place goes.
  assert(enter(table, 1, 1));
  using _client = await dial(port);
  await accepted(port);
  assertEquals(served.length, 0);
  leave(table, 1);
  await eventually(() => served.length === 1, "the client is served");
  accepting.close();
  await within(running, "the end");
  for (const each of served) each.close();
});

Deno.test("a client that waits for a place is closed when the listener is", async () => {
  const { port, table, accepting } = acceptor();
  const running = accepting.run(() => assert(false, "served"), () => 0);
  assert(enter(table, 1, 1));
  using client = await dial(port);
  await accepted(port);
  accepting.close();
  await within(running, "the end");
  assertEquals(await within(client.read(new Uint8Array(1)), "its end"), null);
});

Deno.test("nobody is accepted while no place is free", async () => {
  const { port, table, accepting } = acceptor();
  assert(enter(table, 1, 1));
  const served: Deno.TcpConn[] = [];
  const running = accepting.run((client) => served.push(client), () => served.length);
  using _client = await dial(port);
  await eventually(() => waitingClients(port) === 1, "the client waits in the system's queue");
  leave(table, 1);
  await eventually(() => served.length === 1, "the client is served");
  accepting.close();
  await within(running, "the end");
  for (const each of served) each.close();
});

/** Waits until the system has handed the client over, and whoever got it has had time to act. */
async function accepted(port: number): Promise<void> {
  await eventually(() => waitingClients(port) === 0, "the client is accepted");
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
}
