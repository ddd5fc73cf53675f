/**
 * The real worker, to which one client more comes while it dies; clients are connections to `?port=`.
 *
 * Its listener is a fake: the last client comes when the worker's death has been told and its places were given back.
 *
 * @module
 */
import "../../../lib/workers/worker.ts";
import { openTable, shareWord } from "../../../lib/core/table/schema.ts";
import type { StartCommand } from "../../../lib/workers/messages.ts";

const scope = globalThis as unknown as { onmessage: (event: MessageEvent) => void };
const real = scope.onmessage;
const port = Number(new URL(import.meta.url).searchParams.get("port"));
const client = Deno.connect({ hostname: "127.0.0.1", port });
const accepts: ((client: Deno.TcpConn) => void)[] = [];

const listen = Deno.listen;
const listener = {
  accept: () => new Promise((resolve) => accepts.push(resolve)),
  close: () => {},
};

scope.onmessage = async (event) => {
  const order: StartCommand = event.data;
  if (order.kind !== "start") return real(event);
  const last = await client;
  Object.assign(Deno, { listen: () => listener });
  real(event);
  Object.assign(Deno, { listen });
  const table = openTable(order.memory, order.workers);
  globalThis.addEventListener("error", () => {
    // A place that is given back at the burial tells when that was.
    while (Atomics.load(table.words, shareWord(order.worker, 0)) !== 0);
    accepts.shift()?.(last);
  });
  // A place is taken before death.
  await until(() => accepts.length === 1);
  accepts.shift()?.(await Deno.connect({ hostname: "127.0.0.1", port }));
  await until(() => Atomics.load(table.words, shareWord(order.worker, 0)) === 1);
  setTimeout(() => {
    throw new Error("dies with a client at the door");
  });
};

async function until(check: () => boolean): Promise<void> {
  while (!check()) await new Promise((resolve) => setTimeout(resolve, 1));
}
