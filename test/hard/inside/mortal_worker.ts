/**
 * The real worker, with a wire to die by: it connects to `?port=` and dies of an uncaught error at the first byte.
 *
 * @module
 */
import "../../../lib/workers/worker.ts";

async function waitForDeath(): Promise<void> {
  const port = Number(new URL(import.meta.url).searchParams.get("port"));
  const wire = await Deno.connect({ hostname: "127.0.0.1", port });
  if (await wire.read(new Uint8Array(1)) !== null) throw new Error("told to die");
}

void waitForDeath();
