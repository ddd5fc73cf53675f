/** Connects to a port of 127.0.0.1, waits until it is closed, and prints how long it was open, in ms. */
import { writeText } from "../../../lib/system/lines.ts";

using connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(Deno.args[0]) });
const began = performance.now();
while (await connection.read(new Uint8Array(1)) !== null);
await writeText(Deno.stdout, `${performance.now() - began}\n`);
