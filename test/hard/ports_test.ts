/**
 * Out of local ports: nobody is blamed, and clients wait as long as a connect may take.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { assert } from "../kit/assert.ts";

const PROGRAM = fileURLToPath(new URL("./fixtures/few_ports.ts", import.meta.url));
/** Words that run a program in a network of its own. */
const ALONE = ["unshare", "-n", "sh", "-e", "-c", `ip link set lo up; exec "$@"`, "sh"];

function run(words: readonly string[]): Deno.CommandOutput {
  const [program = "", ...args] = [...ALONE, ...words];
  return new Deno.Command(program, { args, stdin: "null" }).outputSync();
}

const possible = (() => {
  try {
    return run(["true"]).success;
  } catch {
    return false;
  }
})();

for (
  const happening of [
    "the client waits for a port",
    "the client is closed after the connect timeout",
    "failover goes on, and blames nobody",
    "a source address that has none is not passed over",
  ]
) {
  Deno.test({
    name: `out of ports: ${happening}${possible ? "" : " (ignored: needs unshare -n)"}`,
    ignore: !possible,
    fn: () => {
      const { success, stderr } = run([
        Deno.execPath(),
        "run",
        "-A",
        "--quiet",
        PROGRAM,
        happening,
      ]);
      assert(success, new TextDecoder().decode(stderr));
    },
  });
}
