/**
 * Plays the one case that it reads from standard input and writes what differs
 * to standard output. `namespace.ts` starts it in a world of its own.
 *
 * @module
 */
import { playCase } from "./case.ts";
import type { Exception } from "./exceptions.ts";
import { readTranscript } from "./format.ts";

/** What the child reads. */
export interface Job {
  transcript: unknown;
  exceptions: Exception[];
}

if (import.meta.main) {
  const job = await new Response(Deno.stdin.readable).json() as Job;
  const problems = await playCase(readTranscript(job.transcript, "transcript"), job.exceptions);
  await Deno.stdout.write(new TextEncoder().encode(JSON.stringify(problems)));
  // Backends, clients and programs end with the namespace.
  Deno.exit(0);
}
