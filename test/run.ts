/**
 * `deno task test`: runs `deno test`, and says in one last line which tests were left out and what brings them in.
 *
 * All arguments go to `deno test`, and its exit code is the task's.
 *
 * @module
 */
import { writeText } from "../lib/system/lines.ts";
import { chosen, NOTES_FOLDER, readNotes, summarize } from "./kit/left_out.ts";

const FLAGS = ["--lock=deno.lock", "--frozen", "-A", "--parallel", "--trace-leaks"];

if (import.meta.main) Deno.exit(await main(Deno.args));

async function main(args: readonly string[]): Promise<number> {
  const folder = await Deno.makeTempDir({ prefix: "balance-test-" });
  try {
    const tests = new Deno.Command(Deno.execPath(), {
      args: ["test", ...FLAGS, ...args],
      env: { [NOTES_FOLDER]: folder },
    }).spawn();
    // A terminal sends Ctrl-C to both: the tests end first. Other signals come to this process alone.
    Deno.addSignalListener("SIGINT", () => {});
    Deno.addSignalListener("SIGTERM", () => tests.kill("SIGTERM"));
    const { code } = await tests.status;
    await writeText(Deno.stdout, `${summarize(chosen(readNotes(folder), args))}\n`);
    return code;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
