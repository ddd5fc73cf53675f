/**
 * Two mortal workers in a program that has given up what an instance gives up: `narrowed_crew.ts RUNDIR PORT WIREPORT`.
 *
 * Prints one line for each log message; ends when stdin does.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { PLAIN_ENGINE } from "../../kit/engine_config.ts";
import { createTable } from "../../../lib/core/table/schema.ts";
import { WorkerPool } from "../../../lib/workers/pool.ts";
import { dropPermissions } from "../../../lib/system/permissions.ts";

const [dir = "", port, wire] = Deno.args;

function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

const pool = new WorkerPool(
  { hostname: "127.0.0.1", port: Number(port) },
  PLAIN_ENGINE,
  createTable(2),
  {
    log: (_level, message, fields = {}) => say(`${message} ${JSON.stringify(fields)}`),
    trace: undefined,
    outOfDescriptors: () => {},
  },
  { module: new URL(`./mortal_worker.ts?port=${wire}`, import.meta.url) },
);
await pool.start();
// As an instance with workers does: their code stays readable.
const code = ["./", "../../../lib/"].map((each) => fileURLToPath(new URL(each, import.meta.url)));
dropPermissions([dir], [], code);
say("ready");
await Deno.stdin.read(new Uint8Array(1));
Deno.exit(0);
