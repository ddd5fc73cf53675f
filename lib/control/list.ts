/**
 * Finding the instances that run.
 *
 * @module
 */
import { ExitError } from "../core/errors.ts";
import type { RunningInstance } from "../core/report/list.ts";
import { readState } from "../core/top/read.ts";
import { ControlClient } from "./client.ts";
import { runDirs } from "./run_dir.ts";

/** Time without a byte after which an instance is passed over, in ms. */
const SILENCE_MS = 2000;

/**
 * All instances that a user may control, by port.
 *
 * @param option Text of `--run-dir`, if given.
 */
export async function findInstances(
  option: string | undefined,
  uid: number,
): Promise<RunningInstance[]> {
  const names = [...new Set(runDirs(option, uid))].flatMap((runDir) =>
    socketNames(runDir).map((name) => ({ runDir, ...name }))
  );
  const found = await Promise.all(names.map((name) => askInstance(name, uid)));
  return found.filter((each) => each !== undefined)
    .toSorted((a, b) => a.port - b.port || (a.bind < b.bind ? -1 : 1));
}

/** What the names of the sockets in a folder say; nothing of one that cannot be read. */
function socketNames(dir: string): { port: number; bind: string }[] {
  try {
    return [...Deno.readDirSync(dir)].flatMap(({ name }) => {
      const [, port, bind] = /^balance\.(\d{1,5})\.(.+)$/.exec(name) ?? [];
      return bind === undefined ? [] : [{ port: Number(port), bind }];
    });
  } catch {
    return [];
  }
}

/** Asks an instance for its state; nothing comes of one that is dead, somebody else's, or silent. */
async function askInstance(
  name: { readonly runDir: string; readonly port: number; readonly bind: string },
  uid: number,
): Promise<RunningInstance | undefined> {
  try {
    using client = await ControlClient.open({ ...name, uid }, SILENCE_MS);
    const { text } = await client.ask("show json");
    return { ...name, pid: client.pid, state: readState(text) };
  } catch (error) {
    if (error instanceof ExitError) return undefined;
    throw error;
  }
}
