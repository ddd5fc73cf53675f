/**
 * `deno task test`: runs `deno test`, and says in one last line which tests were left out and what brings them in.
 *
 * All arguments go to `deno test`, and its exit code is the task's. Without a file or folder among them all tests are meant.
 * When all are run, those of traffic are run on the native engine too, where it can be.
 *
 * @module
 */
import { writeText } from "../lib/system/lines.ts";
import { exists } from "./kit/needs.ts";
import { chosen, NOTES_FOLDER, readNotes, summarize } from "./kit/left_out.ts";

const FLAGS = ["--lock=deno.lock", "--frozen", "-A", "--parallel", "--trace-leaks"];

/** The tests that are run on both engines: what becomes of bytes, clients and servers. */
const ON_BOTH = [
  ...["cut", "destinations", "documents", "drain", "ending", "limits", "permissions"].map((name) =>
    `test/e2e/${name}_test.ts`
  ),
  ...["proxy_header", "refusal", "serving", "signals", "start_race"].map((name) =>
    `test/e2e/${name}_test.ts`
  ),
  ...["bytes", "ends", "ends_drain", "load", "ports", "resets", "source", "stalled"].map((name) =>
    `test/hard/${name}_test.ts`
  ),
];

if (import.meta.main) Deno.exit(await main(withPlace(Deno.args)));

/** The arguments, and where the tests are if none of them says that. */
function withPlace(args: readonly string[]): readonly string[] {
  return args.some(exists) ? args : ["test", ...args];
}

async function main(args: readonly string[]): Promise<number> {
  const folder = await Deno.makeTempDir({ prefix: "balance-test-" });
  try {
    // A terminal sends Ctrl-C to both: the tests end first. Other signals come to this process alone.
    Deno.addSignalListener("SIGINT", () => {});
    let code = await runTests(args, { [NOTES_FOLDER]: folder });
    if (code === 0 && wantsBoth(args)) {
      await writeText(Deno.stdout, "\nonce more, on the native engine:\n");
      code = await runTests(ON_BOTH, { BALANCE_ENGINE: "native" });
    }
    await writeText(Deno.stdout, `${summarize(chosen(readNotes(folder), args))}\n`);
    return code;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Whether all tests are run, on a system that has both engines, and nobody has chosen one. */
function wantsBoth(args: readonly string[]): boolean {
  return args.length === 1 && args[0] === "test" && Deno.build.os === "linux" &&
    Deno.env.get("BALANCE_ENGINE") === undefined;
}

async function runTests(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<number> {
  const tests = new Deno.Command(Deno.execPath(), { args: ["test", ...FLAGS, ...args], env })
    .spawn();
  const stop = (): void => tests.kill("SIGTERM");
  Deno.addSignalListener("SIGTERM", stop);
  const { code } = await tests.status;
  Deno.removeSignalListener("SIGTERM", stop);
  return code;
}
