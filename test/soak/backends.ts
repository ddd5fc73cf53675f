/**
 * Backends of the soak: the first byte of a client says what it wants, the first byte of the answer who serves.
 *
 * | verb | does |
 * | --- | --- |
 * | `E` | echoes until the end of file |
 * | `G` | sends without an end |
 * | `C` | closes at once |
 * | `H` | sends its end of file, then listens to the client's |
 *
 * @module
 */
import type { Random } from "../kit/random.ts";
import { Backend, echo, sendForever, sink } from "../kit/backends.ts";
import { readExactly, send } from "../kit/streams.ts";

/** Who serves: one that is always there, or one that comes and goes. */
export const STEADY = 0x53;
/** See {@link STEADY}. */
export const FLAKY = 0x46;

/** A verb as the byte that is sent. */
export function verb(letter: "E" | "G" | "C" | "H"): number {
  return letter.charCodeAt(0);
}

/** A backend of the soak. */
export function soakBackend(who: number, port = 0, hostname = "127.0.0.1"): Backend {
  return new Backend(
    async (connection, backend) => {
      const [wanted] = await readExactly(connection, 1);
      await send(connection, new Uint8Array([who]));
      if (wanted === verb("E")) await echo(connection, backend);
      if (wanted === verb("G")) await sendForever(connection, backend);
      if (wanted === verb("H")) {
        await connection.closeWrite();
        await sink(connection, backend);
      }
    },
    { hostname, port },
  );
}

/** The address of the backend that comes and goes: nobody takes its port there while it is away. */
export const FLAKY_ADDRESS = "127.0.0.78";

/**
 * Runs a backend that comes and goes until told to stop.
 *
 * @param going Called each time it goes.
 */
export async function comeAndGo(
  port: number,
  random: Random,
  ended: AbortSignal,
  going: () => void,
): Promise<void> {
  while (!ended.aborted) {
    {
      await using _backend = soakBackend(FLAKY, port, FLAKY_ADDRESS);
      await pause(random.between(500, 3000), ended);
      going();
    }
    await pause(random.between(100, 1000), ended);
  }
}

/** Waits, but not beyond the end. */
export function pause(ms: number, ended: AbortSignal): Promise<void> {
  if (ended.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    ended.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    }, { once: true });
  });
}
