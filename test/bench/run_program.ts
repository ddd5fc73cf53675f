/**
 * The frame of a benchmark program: ends everything that was started, whatever happens.
 *
 * @module
 */
import { MissingError } from "./machine.ts";
import { UsageError } from "./options.ts";
import { Processes } from "./processes.ts";
import { clearProgress, note } from "./terminal.ts";

/** Signals that end a run, and the exit status each gives (128 + its number). */
const INTERRUPTS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/**
 * Runs `main` with a registry of processes, and ends what is left of them: after its return, after
 * an error, and on SIGINT, SIGTERM and SIGHUP.
 *
 * @returns The exit status: 0, 1 for a failure, 64 for a wrong command line, 69 for something that
 * is missing, 128 + N after a signal.
 */
export async function runProgram(
  main: (processes: Processes) => Promise<void>,
): Promise<number> {
  await using processes = new Processes();
  const interrupted = Promise.withResolvers<number>();
  const handlers = Object.entries(INTERRUPTS).map(([name, status]) => {
    const handler = (): void => interrupted.resolve(status);
    Deno.addSignalListener(name as Deno.Signal, handler);
    return { name: name as Deno.Signal, handler };
  });
  try {
    // An interrupt closes the registry: whatever main() does next with it fails, and main() ends.
    const run = main(processes).then(() => 0, complain);
    const first = await Promise.race([run, interrupted.promise.then((status) => ({ status }))]);
    if (typeof first === "number") return first;
    note("interrupted: stopping");
    await processes[Symbol.asyncDispose]();
    await run;
    return first.status;
  } finally {
    clearProgress();
    for (const { name, handler } of handlers) Deno.removeSignalListener(name, handler);
  }

  function complain(error: unknown): number {
    if (processes.closed) return 1; // only the consequence of the interrupt
    if (error instanceof UsageError) note(`bench: ${error.message} (--help says more)`);
    else if (error instanceof MissingError) note(`bench: ${error.message}`);
    else note(`bench: ${describe(error)}`);
    return error instanceof UsageError ? 64 : error instanceof MissingError ? 69 : 1;
  }
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${describe(error.cause)}`;
}
