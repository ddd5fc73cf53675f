/**
 * Gives up what an instance gives up, then tries everything: `narrowed.ts RUNDIR`. Prints what came of it as JSON.
 *
 * @module
 */
import { dropPermissions } from "../../../lib/system/permissions.ts";
import { attempts } from "./attempts.ts";

const [dir = ""] = Deno.args;
dropPermissions([Deno.realPathSync(dir), dir], []);
Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify(attempts(dir))));
